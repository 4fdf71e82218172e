"""Every rule of the tills' audit finds the forgery that it is there for."""

import pytest
from forging import named
from ledger.build import earn

from app.kit import clock
from app.kit.db import work
from app.ledger.models import Fund
from app.till.audit import CHECKS

FORGERIES = {
    "a till's hold holds, posted or voided its points": (
        "UPDATE till_holds SET points = points + 1",
        "UPDATE till_holds SET state = 'cancelled' WHERE state = 'fulfilled'",
        "UPDATE till_holds SET state = 'expired', resolved_at = created_at WHERE state = 'held'",
        "UPDATE till_holds SET state = 'held', resolved_at = NULL WHERE state = 'fulfilled'",
        "DELETE FROM transfers WHERE state = 'void'",
        "DELETE FROM journals WHERE kind = 'redeem'",
    ),
    "a fulfilled hold owes its store what it asked for": (
        "UPDATE till_holds SET cost_fen = cost_fen + 1 WHERE state = 'fulfilled'",
        "UPDATE till_holds SET client_id = 'shop-2' WHERE state = 'fulfilled'",
        "UPDATE till_holds SET state = 'cancelled' WHERE state = 'fulfilled'",
        "UPDATE transfers SET amount = amount - 1 WHERE asset = 'CNY'",
    ),
    "a till's hold takes points from the purse of its person": (
        "UPDATE till_holds SET person_id = (SELECT id FROM people ORDER BY id LIMIT 1)",
        "UPDATE accounts SET owner = owner || 'x' WHERE kind = 'member'",
    ),
    "a till's hold was paid with a code of its own": (
        "DELETE FROM member_codes WHERE hold_id = (SELECT hold_id FROM member_codes LIMIT 1)",
    ),
}


@pytest.fixture(scope="module")
def lived(db, shops, cast, newcomer, app):
    """A hold of each kind."""
    for verb in ("fulfil", "cancel", None):
        person = newcomer()
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, cast.fund.id), person, 5)
        shown = app.state.member_codes.shown(person.id, person.member_no, clock.now())
        held = shops[0].held(shown, cost_fen=400)
        if verb:
            assert shops[0].move(held, verb).status_code == 200
    return db


def test_every_rule_has_its_forgeries():
    assert set(FORGERIES) == set(CHECKS)


@pytest.mark.parametrize("rule", FORGERIES)
def test_named(lived, rule):
    for forgery in FORGERIES[rule]:
        assert rule in named(lived, CHECKS, forgery), forgery

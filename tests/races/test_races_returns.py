"""Money that goes home while points are earned with it: real commits, on both databases."""

from collections import Counter

import pytest
from cast import actor, contribute
from ledger.build import earn, make_fund, make_rider
from races import units
from races.together import at_once

from app.identity.models import Role
from app.kit.db import work
from app.ledger import returns, views
from app.ledger.errors import ReturnDecided, ReturnExceedsRest
from app.ledger.models import Fund
from app.ledger.schemas import ReturnDraft


@pytest.fixture(autouse=True)
def _refusals(monkeypatch):
    monkeypatch.setattr(units, "REFUSED", (*units.REFUSED, ReturnDecided, ReturnExceedsRest))


def asked(tx, town, fund, given, fen):
    """What is proposed, as a call that a unit makes."""
    ma, wu = actor(town.ma, Role.FUND_MANAGER), actor(town.wu, Role.FUND_APPROVER)
    one = returns.propose(tx, ma, fund.id, given, ReturnDraft(fen=fen, reason="余款")).id

    def approve(tx):
        returns.approve(tx, wu, fund.id, given, one)
        return "went"

    return approve


def draw(tx, fund, rider):
    earn(tx, tx.get_one(Fund, fund.id), rider, 10, settled=False)
    return "drawn"


@pytest.mark.parametrize("shards", [1, 3])
def test_the_rest_goes_home_while_awards_draw_from_it(db, town, shards):
    """Either all that is left goes and nothing was drawn, or the draws were first and it stays."""
    won = Counter()
    for _ in range(6):
        with work(db, write=True) as tx:
            fund = make_fund(tx, town.ma, town.wu, fen=0, shards=shards)
            given = contribute(tx, fund.id, town.ma, town.wu, 6_000)
            approve = asked(tx, town, fund, given, 6_000)
            riders = [make_rider(tx) for _ in range(4)]
        calls = [lambda rider=rider, fund=fund: units.unit(db, draw, fund, rider)
                 for rider in riders]  # fmt: skip
        answers = Counter(at_once([lambda approve=approve: units.unit(db, approve), *calls]))
        assert answers in (
            {"went": 1, "PoolExhausted": 4}, {"ReturnExceedsRest": 1, "drawn": 4},
        )  # fmt: skip
        won |= answers
        with work(db, write=False) as tx:
            shown = views.fund_out(tx, tx.get_one(Fund, fund.id))
            gone = 6_000 if "went" in answers else 0
            kept = 0 if gone else 2_000
            found = (shown.available_fen, shown.reserved_fen, shown.returned_fen)
            assert found == (kept, 6_000 - gone - kept, gone)


def test_both_fit(db, town):
    with work(db, write=True) as tx:
        fund = make_fund(tx, town.ma, town.wu, fen=0, shards=4)
        given = contribute(tx, fund.id, town.ma, town.wu, 9_000)
        approvals = [asked(tx, town, fund, given, 1_000) for _ in range(5)]
        riders = [make_rider(tx) for _ in range(4)]
    calls = [lambda one=one: units.unit(db, one) for one in approvals]
    calls += [lambda rider=rider: units.unit(db, draw, fund, rider) for rider in riders]
    assert Counter(at_once(calls)) == {"went": 5, "drawn": 4}
    with work(db, write=False) as tx:
        shown = views.fund_out(tx, tx.get_one(Fund, fund.id))
        assert (shown.available_fen, shown.reserved_fen, shown.returned_fen) == (0, 4_000, 5_000)


def test_one_return_by_many_hands_goes_once(db, town):
    with work(db, write=True) as tx:
        fund = make_fund(tx, town.ma, town.wu, fen=0, shards=2)
        given = contribute(tx, fund.id, town.ma, town.wu, 900)
        approve = asked(tx, town, fund, given, 400)
    answers = Counter(at_once([lambda: units.unit(db, approve)] * 6))
    assert answers == {"went": 1, "ReturnDecided": 5}
    with work(db, write=False) as tx:
        assert views.fund_out(tx, tx.get_one(Fund, fund.id)).returned_fen == 400


def test_several_returns_share_what_is_left(db, town):
    with work(db, write=True) as tx:
        fund = make_fund(tx, town.ma, town.wu, fen=0, shards=3)
        given = contribute(tx, fund.id, town.ma, town.wu, 1_000)
        approvals = [asked(tx, town, fund, given, 300) for _ in range(6)]
    answers = Counter(at_once([lambda one=one: units.unit(db, one) for one in approvals]))
    assert answers == {"went": 3, "ReturnExceedsRest": 3}
    with work(db, write=False) as tx:
        assert views.fund_out(tx, tx.get_one(Fund, fund.id)).available_fen == 100

"""Every rule of every audit finds the forgery that it is there for.

The forger holds the database: triggers, foreign keys and checks are switched off for one statement.
"""

# ruff: noqa: E501, S608 - one forgery a line reads as a table; all of it is written here

from datetime import timedelta

import pytest
from cast import STATION
from ledger.build import CHECKS, actor, broken, earn, own_database
from sqlalchemy import text
from store.build import CODES, make_shop

from app.kit import clock
from app.kit.db import work
from app.rewards import service as rewards
from app.store import service as store
from app.store.schemas import LineDraft, RedemptionDraft

NEW = "'01a20000-0000-7000-8000-000000000001'"
MEMBER = "(SELECT id FROM accounts WHERE kind = 'member' LIMIT 1)"
RESERVED = "(SELECT id FROM accounts WHERE kind = 'reserved' LIMIT 1)"
HELD = "(SELECT id FROM redemptions WHERE state = 'held')"
STATE = "UPDATE redemptions SET state = 'fulfilled', resolved_at = created_at, keeper_id = person_id WHERE state = 'held'"

OWN_CHECKS = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0 AND connamespace = 'public'::regnamespace"

# Each rule with the forgeries that it must name.
FORGERIES = {
    "a balance is the sum of its transfers": (
        f"UPDATE balances SET credits = credits + 1 WHERE account_id = {MEMBER}",
        f"UPDATE balances SET held = held + 1 WHERE account_id = {MEMBER}",
        "UPDATE transfers SET amount = amount + 1 WHERE state = 'pending'",
        "DELETE FROM transfers WHERE state = 'post'",
    ),
    "a lot's remainder is its amount less its uses": (
        "UPDATE lots SET remaining = remaining - 1 WHERE remaining > 0",
        "DELETE FROM lot_uses WHERE kind = 'return'",
    ),
    "a lot is the transfer that made it": (
        "UPDATE lots SET amount = amount + 1, remaining = remaining + 1",
        f"UPDATE lots SET account_id = {RESERVED}",
    ),
    "a member's points are the remainders of their lots": (
        "UPDATE lots SET settled_at = created_at WHERE settled_at IS NULL",
        "DELETE FROM lots",
        f"UPDATE balances SET unsettled = unsettled + 1 WHERE account_id = {MEMBER}",
    ),
    "a transfer that takes points is the sum of its uses": (
        "UPDATE lot_uses SET amount = amount + 1 WHERE kind = 'take'",
        "DELETE FROM lot_uses WHERE kind = 'take'",
    ),
    "points are backed fen for fen": (
        "UPDATE backing SET fen = fen - 1 WHERE kind = 'draw'",
        "DELETE FROM backing WHERE kind = 'pay'",
        "UPDATE lots SET rate_fen = rate_fen + 1",
    ),
    "a contribution is available, reserved or paid": (
        "UPDATE contributions SET fen = fen + 1",
        "UPDATE pool_parts SET available = available - 1",
        "UPDATE contributions SET state = 'proposed', approved_by = NULL, approved_at = NULL",
    ),
    "a pool's balance is the sum of its parts": (
        "UPDATE pool_parts SET available = available + 1",
        "UPDATE balances SET debits = debits + 1 WHERE account_id IN (SELECT id FROM accounts WHERE kind = 'pool')",
    ),
    "reserved money is what stands behind points": (
        f"UPDATE transfers SET amount = amount + 1 WHERE credit_account_id = {RESERVED}",
        "UPDATE backing SET fen = fen + 1 WHERE kind = 'pay'",
    ),
    "money moves by hand only with two persons": (
        "UPDATE journals SET approver_id = NULL WHERE kind = 'contribute'",
        "UPDATE journals SET approver_id = actor_id WHERE kind = 'contribute'",
    ),
    "a journal has transfers": (
        f"INSERT INTO journals SELECT {NEW}, 'void', 'x', 'x', NULL, NULL, NULL, created_at FROM journals LIMIT 1",
        "DELETE FROM transfers WHERE state = 'void'",
    ),
    "a pending transfer is resolved by one journal of its kind": (
        "UPDATE transfers SET state = 'post' WHERE state = 'void'",
        "UPDATE journals SET kind = 'expire' WHERE kind = 'fulfil'",
    ),
    "an award says what the ledger did": (
        "UPDATE awards SET state = 'settled' WHERE state = 'granted'",
        "UPDATE awards SET state = 'waiting' WHERE state = 'granted'",
        "UPDATE awards SET state = 'granted' WHERE state = 'settled'",
        "DELETE FROM journals WHERE kind = 'accrue'",
    ),
    "nobody has two awards of one source, whatever their rounds": (
        "INSERT INTO awards (id, person_id, event, source, rule_id, asked, points, state, reason,"
        " day, inputs, created_at, updated_at)"
        " SELECT '00000000-0000-0000-0000-000000000001', person_id, event, source || '/2', rule_id,"
        " asked, 0, 'capped', reason, day, inputs, created_at, updated_at"
        " FROM awards WHERE state = 'settled' LIMIT 1",
    ),
    "a cap counter is the sum of its awards": (
        "UPDATE cap_counters SET used = used - 1 WHERE period LIKE 'day:%'",
        "UPDATE awards SET points = points - 1 WHERE state = 'granted'",
    ),
    "stock reserved is what held redemptions wait for": (
        "UPDATE stock SET reserved = reserved + 1",
        f"UPDATE redemption_lines SET quantity = 3 WHERE redemption_id = {HELD}",
    ),
    "stock is the sum of its moves": (
        "UPDATE stock SET on_hand = on_hand + 1",
        "DELETE FROM stock_moves WHERE kind = 'fulfil'",
    ),
    "a month's cap counter is the sum of its days": (
        "UPDATE cap_counters SET used = used - 1 WHERE period LIKE 'month:%'",
        "UPDATE cap_counters SET used = used - 1 WHERE period LIKE 'day:%'",
    ),
    "a redemption holds, posted or voided its points": (
        STATE,
        "UPDATE redemptions SET points = points + 1",
        "UPDATE redemptions SET state = 'expired' WHERE state = 'fulfilled'",
        "DELETE FROM journals WHERE kind = 'redeem'",
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(request, tmp_path_factory):
    """A database with something for every rule to look at; forgeries on it are rolled back."""
    with own_database(request.param, request, tmp_path_factory.mktemp("audit")) as db:
        with work(db, write=True) as tx:
            live_a_little(tx)
        assert broken(db) == []
        yield db


def live_a_little(tx):
    shop = make_shop(tx, points=20)
    earn(tx, shop.fund, shop.liu_bo, 7, settled=False)
    for number, settled in (("0001", True), ("0002", False)):
        rewards.grant(
            tx, event="report.filed", source=number, person_id=shop.liu_bo.id,
            reported_at=clock.now(),
        )  # fmt: skip
        if settled:
            rewards.close(tx, event="report.filed", source=number, after=timedelta())
    soap = RedemptionDraft(station_id=STATION, lines=[LineDraft(item_id=shop.soap.id, quantity=1)])
    liu = actor(shop.liu_bo)
    _, cancelled, done = (store.redeem(tx, liu, soap, CODES) for _ in range(3))
    store.cancel(tx, liu, cancelled.id)
    store.fulfil(tx, actor(shop.li), done.code, CODES)


def named(db, forgery):
    """The rules that the audit names after a forgery, which is then undone."""
    with db.writer.connect() as connection:
        if db.is_sqlite:
            # Both pragmas are refused inside a transaction; the engine's own BEGIN comes later.
            raw = connection.connection.driver_connection
            raw.execute("PRAGMA foreign_keys=OFF")
            raw.execute("PRAGMA ignore_check_constraints=ON")
            for name in connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table, check in connection.execute(text(OWN_CHECKS)).all():
                connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {check}"))
        changed = connection.execute(text(forgery)).rowcount
        found = {rule for rule, query in CHECKS.items() if connection.execute(text(query)).first()}
        connection.rollback()
        connection.invalidate()
    assert changed != 0, "a forgery that changes nothing proves nothing"
    return found


def test_every_rule_has_its_forgeries():
    assert set(FORGERIES) == set(CHECKS)


@pytest.mark.parametrize("rule", FORGERIES)
def test_named(books, rule):
    for forgery in FORGERIES[rule]:
        assert rule in named(books, forgery), forgery
    assert broken(books) == []

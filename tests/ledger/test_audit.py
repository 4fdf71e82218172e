"""Every rule of every audit finds the forgery that it is there for."""

# ruff: noqa: E501, S608 - one forgery a line reads as a table; all of it is written here

from datetime import timedelta

import pytest
from cast import DISTRICT, OTHER_STATION, STATION
from forging import named
from funds.test_returns import FORGERIES as RETURNED
from ledger import scene
from ledger.build import BOOKS, BY_HAND, actor, broken, earn, own_database
from store.build import CODES, make_shop

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.rewards import service as rewards
from app.rewards.rules import Spot
from app.store import counter, shelves
from app.store import service as store
from app.store.schemas import (
    AcceptanceDraft,
    LineDraft,
    RedemptionDraft,
    StockTakeDraft,
    TransferDraft,
)  # fmt: skip

NEW = "'01a20000-0000-7000-8000-000000000001'"
MEMBER = "(SELECT id FROM accounts WHERE kind = 'member' LIMIT 1)"
RESERVED = "(SELECT id FROM accounts WHERE kind = 'reserved' LIMIT 1)"
PAYABLE = "(SELECT id FROM accounts WHERE kind = 'payable' LIMIT 1)"
MA = "(SELECT id FROM people WHERE name = '马' LIMIT 1)"
SHARERS_OWN = (
    "(SELECT a.id FROM accounts a JOIN purses p ON CAST(p.person_id AS TEXT) = a.owner LIMIT 1)"
)
SHARED = "(SELECT id FROM accounts WHERE kind = 'household' LIMIT 1)"
HELD = "(SELECT id FROM redemptions WHERE state = 'held')"
STATE = "UPDATE redemptions SET state = 'fulfilled', resolved_at = created_at, keeper_id = person_id WHERE state = 'held'"

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
    "receipts are numbered without a gap": (
        "UPDATE contributions SET receipt_no = 'FUND-2026-000099' WHERE id = (SELECT id FROM contributions WHERE receipt_no IS NOT NULL LIMIT 1)",
        "UPDATE contributions SET state = 'proposed', approved_by = NULL, approved_at = NULL WHERE receipt_no IS NOT NULL",
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
        "UPDATE journals SET actor_id = NULL WHERE kind = 'refund'",
        "UPDATE journals SET approver_id = actor_id WHERE kind = 'pay_out'",
        "UPDATE journals SET approver_id = NULL WHERE kind = 'reverse'",
    ),
    "a journal has transfers": (
        f"INSERT INTO journals SELECT {NEW}, 'void', 'x', 'x', NULL, NULL, NULL, created_at FROM journals LIMIT 1",
        "DELETE FROM transfers WHERE state = 'void'",
        "DELETE FROM transfers WHERE journal_id IN (SELECT id FROM journals WHERE kind = 'rebalance')",
    ),
    "an event moves what its kind may": (
        "UPDATE journals SET kind = 'carry' WHERE kind = 'accrue'",
        "UPDATE journals SET kind = 'refund' WHERE kind = 'pay_out'",
        f"UPDATE transfers SET credit_account_id = {RESERVED} WHERE journal_id IN (SELECT id FROM journals WHERE kind = 'contribute')",
    ),
    "a rebalance stays in its fund": (
        "UPDATE accounts SET owner = 'x' WHERE kind = 'pool' AND shard = 1",
    ),
    "a reversal names what it reverses": (
        "UPDATE journals SET reverses_id = NULL WHERE kind = 'reverse'",
        "UPDATE journals SET source = 'x' WHERE kind = 'reverse'",
        "UPDATE journals SET reverses_id = (SELECT id FROM journals WHERE kind = 'redeem' LIMIT 1) WHERE kind = 'refund'",
    ),
    "a reversal takes all that was not spent, and the rest is owed": (
        "UPDATE debts SET points = points + 1",
        "DELETE FROM debts",
        "DELETE FROM transfers WHERE asset = 'PTS' AND journal_id IN (SELECT id FROM journals WHERE kind = 'reverse')",
    ),
    "a debt is what a reversal could not take": (
        "UPDATE debts SET person_id = (SELECT id FROM people WHERE name = '马')",
        "UPDATE debts SET journal_id = (SELECT id FROM journals WHERE kind = 'contribute' LIMIT 1)",
    ),
    "a debt is its points less its payments": (
        "UPDATE debts SET remaining = remaining + 1",
        "DELETE FROM debt_payments",
        "UPDATE debt_payments SET points = points + 1",
    ),
    "what pays debts left the purse": (
        "UPDATE debt_payments SET points = points - 1",
        "UPDATE journals SET kind = 'void' WHERE kind = 'repay'",
    ),
    "points that change their purse keep earner, worth and age": (
        f"UPDATE lots SET earner_id = {MA} WHERE origin_id IS NOT NULL",
        "UPDATE lots SET rate_fen = 1 WHERE origin_id IS NOT NULL",
        "UPDATE lots SET settled_at = created_at WHERE origin_id IS NOT NULL",
    ),
    "a lot is earned or carried": (
        "UPDATE lots SET origin_id = NULL",
        "UPDATE lots SET origin_id = id WHERE origin_id IS NULL",
    ),
    "who shares a purse spends from it alone": (
        f"INSERT INTO purses SELECT earner_id, {RESERVED}, created_at FROM lots WHERE earner_id NOT IN (SELECT person_id FROM purses) LIMIT 1",
        f"UPDATE lots SET account_id = {SHARERS_OWN} WHERE remaining > 0 AND settled_at IS NOT NULL",
    ),
    "lots in a carried journal are what other lots gave": (
        "UPDATE lots SET amount = amount + 1 WHERE origin_id IS NOT NULL",
        "DELETE FROM lot_uses WHERE transfer_id IN (SELECT transfer_id FROM lots WHERE origin_id IS NOT NULL)",
        "DELETE FROM lots WHERE origin_id IS NOT NULL",
    ),
    "what a refund gives back was taken": (
        "DELETE FROM lot_uses WHERE kind = 'return'",
        "UPDATE transfers SET amount = amount + 1 WHERE journal_id IN (SELECT id FROM journals WHERE kind = 'refund')",
    ),
    "a merchant is owed what was handed out, less what came back": (
        f"UPDATE transfers SET credit_account_id = {PAYABLE} WHERE journal_id IN (SELECT id FROM journals WHERE kind = 'contribute')",
        f"UPDATE transfers SET debit_account_id = {PAYABLE} WHERE journal_id IN (SELECT id FROM journals WHERE kind = 'rebalance')",
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
    "a place pays a person once a day": (
        "INSERT INTO cap_counters (person_id, rule_code, period, used, cap)"
        " SELECT person_id, 'x', 'place:50:1:1:2026-11-22', 1, 1 FROM awards LIMIT 1",
    ),
    "a campaign has used what it added": (
        "INSERT INTO campaigns (id, code, name, name_en, event, fund_id, percent, budget, used,"
        f" begins_at, ends_at, created_at) SELECT {NEW}, 'x', 'x', 'x', 'x', id, 150, 9, 1,"
        " created_at, created_at, created_at FROM funds LIMIT 1",
    ),
    "doubted points are not spendable, undeserved ones are taken back": tuple(
        "INSERT INTO objections (id, award_id, raised_by, reason, state, raised_at)"
        f" SELECT {NEW}, id, person_id, 'x', '{doubt}', created_at FROM awards"
        f" WHERE state = '{state}' LIMIT 1"
        for doubt, state in (("open", "settled"), ("upheld", "settled"), ("upheld", "granted"))
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
    "an award gives its person the points that the ledger issued": (
        "UPDATE awards SET points = points - 1 WHERE state = 'settled'",
        f"UPDATE awards SET person_id = {MA} WHERE state = 'granted'",
        f"UPDATE lots SET earner_id = {MA}",
        "DELETE FROM transfers WHERE journal_id IN (SELECT id FROM journals WHERE kind = 'accrue')",
    ),
    "a redemption is the sum of its lines": (
        "UPDATE redemptions SET cost_fen = cost_fen - 1 WHERE state = 'cancelled'",
        "UPDATE redemption_lines SET points_each = points_each + 1",
        "UPDATE redemption_lines SET cost_fen_each = cost_fen_each - 1",
        f"UPDATE redemption_lines SET quantity = 3 WHERE redemption_id = {HELD}",
        "DELETE FROM redemption_lines",
    ),
    "goods that were handed out owe their station what they cost": (
        "UPDATE redemptions SET cost_fen = cost_fen + 1 WHERE state = 'fulfilled'",
        "UPDATE redemptions SET station_id = 'TN002' WHERE state = 'fulfilled'",
        f"UPDATE transfers SET amount = amount - 1 WHERE credit_account_id = {PAYABLE}",
        STATE,
    ),
    "a redemption takes points from the purse of its person": (
        f"UPDATE redemptions SET person_id = {MA}",
        "UPDATE accounts SET owner = owner || 'x' WHERE kind = 'member'",
        f"UPDATE transfers SET debit_account_id = {SHARED} WHERE state = 'pending'",
    ),
    "a stock-take is its difference": (
        "UPDATE stock_takes SET counted = counted + 1",
        "DELETE FROM stock_takes",
        "DELETE FROM stock_moves WHERE kind = 'adjust'",
        "UPDATE stock_moves SET source = 'x' WHERE kind = 'adjust'",
    ),
    "a transfer takes from one shelf what it puts on another": (
        "UPDATE stock_moves SET on_hand_change = on_hand_change + 1 WHERE kind = 'transfer' AND on_hand_change > 0",
        "DELETE FROM stock_moves WHERE kind = 'transfer' AND on_hand_change < 0",
    ),
    "an acceptance is one post or one exception": (
        "UPDATE redemptions SET acceptance = 'A-2' WHERE state = 'fulfilled' AND acceptance IS NULL",
        "UPDATE redemptions SET acceptance = 'A-9' WHERE state = 'held'",
        "UPDATE counter_exceptions SET why = 'cancelled'",
        "UPDATE counter_exceptions SET station_id = 'TN002'",
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(request, tmp_path_factory):
    """A database with something for every rule to look at; forgeries on it are rolled back."""
    with own_database(request.param, request, tmp_path_factory.mktemp("audit")) as db:
        with work(db, write=True) as tx:
            live_a_little(tx)
        assert broken(db, but=BY_HAND) == []
        yield db


def live_a_little(tx):
    shop = make_shop(tx, points=20)
    earn(tx, shop.fund, shop.liu_bo, 7, settled=False)
    for number, settled in (("0001", True), ("0002", False)):
        rewards.grant(
            tx, event="report.filed", source=number, person_id=shop.liu_bo.id,
            reported_at=clock.now(), spot=Spot(f"/{DISTRICT}/"),
        )  # fmt: skip
        if settled:
            rewards.close(tx, event="report.filed", source=number, after=timedelta())
    scene.live_together(tx, shop)
    soap = RedemptionDraft(station_id=STATION, lines=[LineDraft(item_id=shop.soap.id, quantity=1)])
    liu = actor(shop.liu_bo)
    _, cancelled, done = (store.redeem(tx, liu, soap, CODES) for _ in range(3))
    store.cancel(tx, liu, cancelled.id)
    store.fulfil(tx, actor(shop.li, Role.KEEPER), done.code, CODES)
    work_at_the_counter(tx, shop, done.code)


def work_at_the_counter(tx, shop, used):
    """A count, a transfer, and two acceptances of a code that was used already."""
    li = actor(shop.li, Role.KEEPER)
    counted = StockTakeDraft(item_id=shop.soap.id, counted=8, reason="盘点")
    shelves.count(tx, li, STATION, counted)
    moved = TransferDraft(to=OTHER_STATION, item_id=shop.soap.id, quantity=2, number="DB-1")
    shelves.transfer(tx, li, STATION, moved)
    for number in ("A-1", "A-2"):
        taken = AcceptanceDraft(acceptance=number, code=used, accepted_at=clock.now())
        assert counter.accept(tx, li, STATION, taken, CODES) == "used"


# Whose forgeries stand with the money that goes back (tests/funds/test_returns.py).
ELSEWHERE = {"what was paid is the sum of its payments", "money went back as two persons said"}


def test_every_rule_has_its_forgeries():
    assert set(FORGERIES) == set(BOOKS) - ELSEWHERE
    assert {rule for rule, _ in RETURNED.values()} == ELSEWHERE


@pytest.mark.parametrize("rule", FORGERIES)
def test_named(books, rule):
    for forgery in FORGERIES[rule]:
        assert rule in named(books, BOOKS, forgery), forgery
    assert broken(books, but=BY_HAND) == []

"""Every rule of settling's audit finds the forgery that it is there for."""

# ruff: noqa: S608 - one forgery a line reads as a table; all of it is written here

import pytest
from forging import named
from settlements.build import Office, Shop, tomorrow
from sqlalchemy import text

from app.settlements.audit import CHECKS

PAID = "(SELECT id FROM merchant_statements WHERE state = 'paid' LIMIT 1)"
OF_PAID = f"statement_id = {PAID}"
PAYMENT = "kind = 'pay_out'"
LINE = "(SELECT transfer_id FROM merchant_lines LIMIT 1)"
DROPPED = "(SELECT id FROM merchant_statements WHERE state = 'dropped' LIMIT 1)"
FORGERIES = {
    "a merchant's statement is the sum of its lines": (
        "UPDATE merchant_statements SET fen = fen + 1 WHERE state = 'drawn'",
        f"DELETE FROM merchant_lines WHERE transfer_id = {LINE}",
        f"DELETE FROM merchant_lines WHERE {OF_PAID}",
        f"UPDATE merchant_lines SET statement_id = {DROPPED} WHERE {OF_PAID}",
        "UPDATE merchant_statements SET state = 'dropped' WHERE state = 'drawn'",
    ),
    "a line of a statement is what its transfer moved on the merchant's account": (
        f"UPDATE merchant_lines SET fen = -fen WHERE transfer_id = {LINE}",
        f"UPDATE transfers SET amount = amount + 1 WHERE id = {LINE}",
        f"DELETE FROM transfers WHERE id = {LINE}",
        f"UPDATE merchant_statements SET merchant = 'TN002' WHERE id = {PAID}",
    ),
    "no transfer is settled twice": (),
    "a paid statement is one payment of its amount by its two persons": (
        f"UPDATE merchant_statements SET drawn_by = paid_by WHERE id = {PAID}",
        f"UPDATE merchant_statements SET fen = fen - 1 WHERE id = {PAID}",
        f"UPDATE merchant_statements SET state = 'approved' WHERE id = {PAID}",
        f"UPDATE merchant_statements SET approved_by = drawn_by WHERE id = {PAID}",
        f"UPDATE journals SET approver_id = NULL WHERE {PAYMENT}",
        f"UPDATE journals SET source = 'x' WHERE {PAYMENT}",
        f"UPDATE journals SET kind = 'rebalance' WHERE {PAYMENT}",
        f"DELETE FROM journals WHERE {PAYMENT}",
        f"UPDATE transfers SET amount = amount + 1 WHERE journal_id IN (SELECT id FROM journals"
        f" WHERE {PAYMENT})",
        "UPDATE merchant_statements SET state = 'paid' WHERE state = 'drawn'",
    ),
    "statements are numbered without a gap": (
        f"DELETE FROM merchant_statements WHERE id = {DROPPED}",
        "UPDATE merchant_statements SET number = SUBSTR(number, 1, 15) || '000077'"
        " WHERE state = 'drawn'",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def lived(client, db, cast, as_, newcomer, _money):
    """A paid statement with a refund, a dropped and a drawn one."""
    shop, office = Shop(client, db, cast, as_, newcomer), Office(client, as_, cast)
    shop.taken_back(shop.sold())
    shop.sold(quantity=2)
    tomorrow()
    office.paid(shop.id)
    shop.sold()
    tomorrow()
    office.done("drop", office.drawn(shop.id))
    office.drawn(shop.id)
    return db


def test_every_rule_has_its_forgeries():
    assert set(FORGERIES) == set(CHECKS)


@pytest.mark.parametrize("rule", [rule for rule, forgeries in FORGERIES.items() if forgeries])
def test_named(lived, rule):
    for forgery in FORGERIES[rule]:
        assert rule in named(lived, CHECKS, forgery), forgery


def test_what_is_settled_twice(lived):
    """The database refuses it, so the rule looks at a table without its keys."""
    [query] = [q for rule, q in CHECKS.items() if rule == "no transfer is settled twice"]
    twice = query.replace(
        "merchant_lines",
        "(SELECT * FROM merchant_lines UNION ALL SELECT * FROM merchant_lines) forged",
    )
    with lived.reader.connect() as connection:
        assert connection.execute(text(query)).first() is None
        assert connection.execute(text(twice)).first() is not None

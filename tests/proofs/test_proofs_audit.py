"""The audit of the proof names every forgery: edited, deleted, inserted, re-ordered rows."""

# ruff: noqa: E501, S608 - one forgery a line reads as a table; all of it is written here

import json
from uuid import UUID

import pytest
from forging import forged
from ledger.build import earn, own_database
from proofs.build import live_a_little, next_month, older_id, publish, seal_all
from sqlalchemy import text

from app.kit import clock
from app.kit.db import work
from app.proofs import audit, canonical, checker, queue, service, views

NEW = "'01a20000-0000-7000-8000-000000000001'"
SEALED = "(SELECT journal_id FROM seals WHERE position = 5)"
MIDDLE = "(SELECT journal_id FROM seals WHERE position = 2)"
FIRST_OF = "(SELECT id FROM transfers ORDER BY id LIMIT 1)"
OTHER = "'0199c000-0000-7000-8000-00000000beef'"
LOT = "(SELECT id FROM lots ORDER BY id LIMIT 1)"
TABLES = {
    "journal": "journals", "accounts": "accounts", "transfers": "transfers", "lots": "lots",
    "lot_uses": "lot_uses", "backing": "backing", "debts": "debts", "debt_payments": "debt_payments",
}  # fmt: skip
NUMBERS = {"amount", "shard", "rate_fen", "validity_days", "fen", "points"}


def value_for(column, sqlite):
    """Another value of the column's type."""
    if column.endswith("_id") or column == "id":
        return OTHER
    if column in NUMBERS:
        return f"COALESCE({column}, 0) + 1"
    if column == "created_at":
        return (
            "'2026-01-01T00:00:00.000000Z'" if sqlite else "created_at - interval '1 microsecond'"
        )
    return f"COALESCE({column}, '') || 'x'"


def edits():
    """Every column of every section: one row of a sealed journal is edited."""
    for section, columns in canonical.SECTIONS.items():
        key = columns[0]
        for column in columns:
            yield section, key, column


# Each with the words that must be in a finding.
FORGERIES = {
    "a journal deleted": (f"DELETE FROM journals WHERE id = {SEALED}", "is gone"),
    "a transfer deleted": (f"DELETE FROM transfers WHERE id = {FIRST_OF}", "is not what seal"),
    "a lot deleted": (f"DELETE FROM lots WHERE id = {LOT}", "is not what seal"),
    "a lot's use deleted": ("DELETE FROM lot_uses WHERE kind = 'return'", "is not what seal"),
    "backing deleted": ("DELETE FROM backing WHERE kind = 'pay'", "is not what seal"),
    "a debt deleted": ("DELETE FROM debts", "is not what seal"),
    "a debt's payment deleted": ("DELETE FROM debt_payments", "is not what seal"),
    "a transfer inserted": (
        f"INSERT INTO transfers SELECT {NEW}, journal_id, asset, debit_account_id, credit_account_id, 1, 'posted', NULL, NULL, created_at FROM transfers WHERE id = {FIRST_OF}",
        "is not what seal"),
    "a lot inserted": (
        f"INSERT INTO lots (id, account_id, earner_id, fund_id, rate_fen, transfer_id, amount, remaining, created_at) SELECT {NEW}, account_id, earner_id, fund_id, rate_fen, {FIRST_OF}, 1, 1, created_at FROM lots WHERE id = {LOT}",
        "is not what seal"),
    "a lot's use inserted": (
        f"INSERT INTO lot_uses SELECT {NEW}, lot_id, {FIRST_OF}, kind, 1, NULL, NULL, created_at FROM lot_uses WHERE kind = 'take' LIMIT 1",
        "is not what seal"),
    "backing inserted": (
        f"INSERT INTO backing SELECT {NEW}, journal_id, lot_id, contribution_id, shard, kind, 1, created_at FROM backing LIMIT 1",
        "is not what seal"),
    "a debt inserted": (
        f"INSERT INTO debts SELECT {NEW}, person_id, {SEALED}, 1, 1, created_at FROM debts", "is not what seal"),
    "a debt's payment inserted": (
        f"INSERT INTO debt_payments SELECT debt_id, {SEALED}, 1, created_at FROM debt_payments", "is not what seal"),
    "a transfer moved to another journal": (
        f"UPDATE transfers SET journal_id = {SEALED} WHERE id = {FIRST_OF}", "is not what seal"),
    "two journals change places": (
        f"UPDATE seals SET journal_id = CASE position WHEN 2 THEN {SEALED} ELSE {MIDDLE} END WHERE position IN (2, 5)",
        "is not what seal"),
    "a seal deleted": ("DELETE FROM seals WHERE position = 4", "seals 4 to 4 are gone"),
    "the first seal deleted": ("DELETE FROM seals WHERE position = 1", "seals 1 to 1 are gone"),
    "the chain's end cut off": ("DELETE FROM seals WHERE position > 6", "has another root"),
    "a leaf edited": (
        "UPDATE seals SET leaf = chain WHERE position = 3", "seal 3 does not follow"),
    "a link edited": ("UPDATE seals SET chain = leaf WHERE position = 3", "seal 3 does not follow"),
    "two seals change places": (
        "UPDATE seals SET position = CASE position WHEN 3 THEN 4 ELSE 3 END WHERE position IN (3, 4)",
        "does not follow"),
    "a seal inserted": (
        f"INSERT INTO seals SELECT 99, {NEW}, leaf, chain, sealed_at FROM seals WHERE position = 3",
        "to 98 are gone"),
    "a root edited": ("UPDATE notices SET root = chain", "has another root than its seals"),
    "a notice's chain edited": ("UPDATE notices SET chain = root", "has another root"),
    "a notice's period edited": ("UPDATE notices SET period = '2001-01' WHERE first_position = 1", "has another root"),
    "a notice's blocks edited": ("UPDATE notices SET blocks = '[]'", "has another root"),
    "a notice's end moved": (
        "UPDATE notices SET last_position = last_position - 1", "has another root"),
    "a notice's beginning moved": (
        "UPDATE notices SET first_position = 2 WHERE first_position = 1", "does not begin where"),
    "a notice deleted": (
        "DELETE FROM notices WHERE first_position = 1", "does not begin where"),
    "a notice's sum edited": ("UPDATE notices SET earned = earned + 1", "does not list what"),
    "a notice's goods edited": ("UPDATE notices SET redeemed = redeemed + 1", "does not list what"),
    "a notice's members edited": ("UPDATE notices SET members = members + 1", "does not list what"),
    "an entry edited": ("UPDATE notice_entries SET earned = earned + 1", "does not list what"),
    "an entry deleted": ("DELETE FROM notice_entries WHERE redeemed > 0", "does not list what"),
    "an entry given to another": (
        "UPDATE notice_entries SET account_id = (SELECT id FROM accounts WHERE kind = 'issuer') WHERE redeemed > 0",
        "does not list what"),
    "a journal inserted with an old id": (
        "INSERT INTO journals SELECT '{old}', 'settle', 'forged', 'x', NULL, NULL, NULL, created_at FROM journals LIMIT 1",
        "has no seal although later ones have"),
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(request, tmp_path_factory):
    """Two published months; forgeries on them are rolled back."""
    with own_database(request.param, request, tmp_path_factory.mktemp("proofs")) as db:
        with work(db, write=True) as tx:
            town = live_a_little(tx)
        seal_all(db)
        publish(db, town.ma, next_month())
        with work(db, write=True) as tx:
            earn(tx, town.fund, town.liu_bo, 2)
        seal_all(db)
        publish(db, town.ma, next_month())
        clock.unshift()
        yield db, town


def named(db, *forgeries, then=lambda tx: list(audit.broken_proofs(tx))):
    """What the audit says after forgeries, which are then undone."""
    with forged(db, *forgeries) as tx:
        return then(tx)


def test_clean(books):
    db, _ = books
    with work(db, write=False) as tx:
        assert list(audit.broken_proofs(tx)) == []


@pytest.mark.parametrize("what", FORGERIES)
def test_named(books, what):
    db, _ = books
    forgery, words = FORGERIES[what]
    forgery = forgery.replace("{old}", str(older_id(60)))
    # Both engines look at unique keys row by row, so two rows pass each other in three steps.
    forgeries = swapped(what) if "CASE position" in forgery else (forgery,)
    found = named(db, *forgeries)
    assert any(words in finding for finding in found), (what, found)


def swapped(what):
    if what == "two seals change places":
        return tuple(
            f"UPDATE seals SET position = {to} WHERE position = {of}"
            for of, to in ((3, 900), (4, 3), (900, 4))
        )
    return (
        "CREATE TEMPORARY TABLE swap AS SELECT position, journal_id FROM seals WHERE position IN (2, 5)",
        f"UPDATE seals SET journal_id = {OTHER} WHERE position = 2",
        "UPDATE seals SET journal_id = (SELECT journal_id FROM swap WHERE position = 2) WHERE position = 5",
        "UPDATE seals SET journal_id = (SELECT journal_id FROM swap WHERE position = 5) WHERE position = 2",
        "DROP TABLE swap",
    )


@pytest.mark.parametrize(("section", "key", "column"), list(edits()))
def test_an_edit_of_any_column_is_named(books, section, key, column):
    db, _ = books
    table = TABLES[section]
    of = {
        "journal": f"{key} = {SEALED}",
        "accounts": f"{key} = (SELECT credit_account_id FROM transfers WHERE id = {FIRST_OF})",
    }.get(section, f"{key} = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1)")
    forgery = f"UPDATE {table} SET {column} = {value_for(column, db.is_sqlite)} WHERE {of}"
    found = named(db, forgery)
    assert any("is not what seal" in f or "is gone" in f for f in found), found


def test_a_backdated_journal_is_named_even_when_it_was_sealed(books):
    """A forger's journal of a published month gets a seal like any other, but too late."""
    db, _ = books

    def then(tx):
        service.seal(tx, queue.FIRST)
        tx.flush()
        return list(audit.broken_proofs(tx))

    late = f"INSERT INTO journals SELECT {NEW}, 'settle', 'forged', 'x', NULL, NULL, NULL, created_at FROM journals WHERE id = {MIDDLE}"
    found = named(db, late, then=then)
    assert any("published without it" in finding for finding in found), found


def test_a_member_sees_a_forgery_of_their_own_entry(books):
    """The proof is made from the rows: a changed one leads to no root."""
    db, town = books

    def then(tx):
        mine = text(
            "SELECT t.id FROM transfers t JOIN accounts a ON a.id = t.credit_account_id WHERE a.kind = 'member' ORDER BY t.id LIMIT 1"
        )
        entry = UUID(str(tx.scalar(mine)))
        return views.proof(tx, town.liu_bo.id, entry).model_dump_json()

    good = named(db, "UPDATE seals SET sealed_at = sealed_at", then=then)
    assert checker.check(good)[-1].startswith("INCLUDED")
    bad = named(db, "UPDATE transfers SET amount = amount + 1 WHERE asset = 'PTS'", then=then)
    with pytest.raises(ValueError, match="NOT INCLUDED"):
        checker.check(bad)
    assert json.loads(bad)["root"] == json.loads(good)["root"]

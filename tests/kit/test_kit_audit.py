"""How an audit tells what it finds: the first rows of each rule, in the memory of a few."""

# ruff: noqa: S608 - all of it is written here

import tracemalloc

import pytest
from forging import forged
from ledger.build import own_database
from proofs.build import live_a_little, next_month, publish, seal_all

from app.kit import clock
from app.kit.audit import broken
from app.kit.db import work
from app.proofs import audit as proofs

MANY = 20_000
# What a thousandth of the rows need, with what the driver and the statements need.
LITTLE = 1_500_000
COUNT = f"WITH RECURSIVE n (i) AS (SELECT {MANY} UNION ALL SELECT i - 1 FROM n WHERE i > 1)"


@pytest.fixture
def peak():
    """Bytes that Python holds at most while something is done."""

    def measured(do):
        tracemalloc.start()
        try:
            found = do()
            return found, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return measured


def test_names_the_first_rows_and_holds_no_others(db, peak):
    checks = {
        "numbers are no numbers": f"{COUNT} SELECT i, 'a word', 'a word' FROM n",
        "nothing is": "SELECT 1 WHERE 1 = 0",
    }
    with work(db, write=False) as tx:
        broken(tx, checks)
        found, held = peak(lambda: broken(tx, checks))
    assert found == ["broken: numbers are no numbers: 1, 2, 3"]
    assert held < LITTLE


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_of_a_notice_holds_no_member(engine, request, tmp_path, peak):
    with own_database(engine, request, tmp_path) as db:
        with work(db, write=True) as tx:
            town = live_a_little(tx)
        seal_all(db)
        publish(db, town.ma, next_month())
        clock.unshift()
        with work(db, write=False) as tx:
            assert list(proofs.broken_proofs(tx)) == []
        with forged(db, _entries(sqlite=db.is_sqlite)) as tx:
            found, held = peak(lambda: list(proofs.broken_proofs(tx)))
    assert any("does not list what its journals say" in words for words in found)
    assert held < LITTLE


def _entries(*, sqlite):
    """Some thousands more on a notice's list than its journals know."""
    made = "printf('%012x', i)" if sqlite else "lpad(to_hex(i), 12, '0')"
    made = f"'01a20000-0000-7000-8000-' || {made}"
    made = made if sqlite else f"CAST({made} AS uuid)"
    return (
        f"INSERT INTO notice_entries (id, notice_id, account_id, earned, redeemed, created_at)"
        f" {COUNT} SELECT {made}, notices.id, {made}, 1, 0, published_at FROM n, notices"
    )

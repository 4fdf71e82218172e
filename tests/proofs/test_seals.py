"""Sealing: every journal once, in one chain without gaps, whatever comes late or at once."""

import threading
import time
from datetime import timedelta

import pytest
from ledger.build import earn, own_database
from proofs.build import live_a_little, older_id, seal_all, write_journal
from races.together import at_once
from sqlalchemy import select, text

from app.kit import clock, outbox
from app.kit.db import insert_rows, work
from app.kit.ids import new_id
from app.ledger.models import Journal
from app.proofs import audit, hashes, jobs, merkle, queries, queue, service
from app.proofs.models import Seal


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request, tmp_path):
    with own_database(request.param, request, tmp_path) as db:
        yield db


def seals(db):
    with work(db, write=False) as tx:
        return list(tx.scalars(select(Seal).order_by(Seal.position)))


def whole(db):
    """The number of seals, after a look at every one of them."""
    found, chain = seals(db), merkle.START
    assert [seal.position for seal in found] == list(range(1, len(found) + 1))
    for seal in found:
        chain = merkle.link(chain, bytes.fromhex(seal.leaf))
        assert seal.chain == chain.hex()
    with work(db, write=False) as tx:
        assert list(audit.broken_proofs(tx)) == []
    return len(found)


def many(tx, number):
    row = {"kind": "settle", "reason": "test", "actor_id": None, "approver_id": None}
    now = clock.now()
    insert_rows(
        tx, Journal,
        [
            {**row, "id": new_id(), "source": str(n), "reverses_id": None, "created_at": now}
            for n in range(number)
        ],
    )  # fmt: skip


class TestSealing:
    def test_every_journal_once_in_the_order_of_ids(self, books):
        with work(books, write=True) as tx:
            live_a_little(tx)
        seal_all(books)
        with work(books, write=False) as tx:
            journals = list(tx.scalars(select(Journal.id).order_by(Journal.id)))
            texts = hashes.canonical_bytes(tx, journals)
        assert [seal.journal_id for seal in seals(books)] == journals
        assert [seal.leaf for seal in seals(books)] == [
            merkle.leaf(texts[journal_id]).hex() for journal_id in journals
        ]
        assert whole(books) == len(journals) == seal_all(books)

    def test_nothing_to_seal_is_no_seal(self, books):
        assert seal_all(books) == 0
        assert whole(books) == 0

    def test_what_is_committed_late_with_a_smaller_id_is_sealed(self, books):
        early = older_id(5)
        with work(books, write=True) as tx:
            write_journal(tx)
        seal_all(books)
        with work(books, write=True) as tx:
            write_journal(tx, early)
        seal_all(books)
        assert whole(books) == 2
        assert seals(books)[1].journal_id == early

    def test_what_comes_in_from_long_ago_is_named_and_swept(self, books):
        ancient = older_id(queue.LATE_MS // 60_000 + 5)
        with work(books, write=True) as tx:
            write_journal(tx)
        seal_all(books)
        with work(books, write=True) as tx:
            write_journal(tx, ancient)
        assert seal_all(books) == 1
        with work(books, write=False) as tx:
            found = list(audit.broken_proofs(tx))
        assert found == [f"broken: journal {ancient} has no seal although later ones have"]
        handlers = {"seals.swept": jobs.sweep, "ledger.sealed": jobs.seal}
        with work(books, write=True) as tx:
            jobs.sweep(tx, {})
        while outbox.run_one(books, handlers):
            pass
        assert whole(books) == 2

    def test_an_id_from_the_future_holds_nothing_up(self, books):
        with work(books, write=True) as tx:
            write_journal(tx, older_id(-60 * 24))
        seal_all(books)
        with work(books, write=True) as tx:
            write_journal(tx)
        assert seal_all(books) == whole(books) == 2

    def test_a_long_queue_is_sealed_in_short_jobs(self, books, monkeypatch):
        monkeypatch.setattr(queue, "STRIDE", 40)
        monkeypatch.setattr(
            queue, "_END",
            select(Journal.id).where(Journal.id > queue._AFTER).order_by(Journal.id).offset(39)
            .limit(1),
        )  # fmt: skip
        with work(books, write=True) as tx:
            many(tx, 130)
            jobs.seal(tx, {})
        assert len(seals(books)) == 40
        ran = 0
        while outbox.run_one(books, {"ledger.sealed": jobs.seal}):
            ran += 1
        assert ran == 3
        assert whole(books) == 130

    def test_a_part_of_what_it_looked_at(self, books):
        with work(books, write=True) as tx:
            many(tx, 10)
        with work(books, write=False) as tx:
            first, rest = queue.unsealed(tx, queue.FIRST, 4)
            assert (len(first), rest) == (4, first[-1])
            then, rest = queue.unsealed(tx, rest, 6)
            last, end = queue.unsealed(tx, rest, 6)
        assert (len(then), last, end) == (6, [], None)

    def test_the_chain_goes_on_after_a_pause(self, books):
        for _ in range(3):
            with work(books, write=True) as tx:
                many_named(tx, 3)
            seal_all(books)
        assert whole(books) == 9


def many_named(tx, number):
    for _ in range(number):
        write_journal(tx)


class TestAtOnce:
    def test_many_sealers_leave_one_chain(self, books):
        with work(books, write=True) as tx:
            many(tx, 300)
        stop = threading.Event()

        def sealer():
            while not stop.is_set():
                with work(books, write=True) as tx:
                    service.seal(tx)

        def writer():
            for _ in range(20):
                with work(books, write=True) as tx:
                    write_journal(tx)
            return True

        threads = [threading.Thread(target=sealer) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            assert all(at_once([writer] * 3))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        seal_all(books)
        assert whole(books) == 360

    def test_a_unit_that_commits_after_later_ones_were_sealed(self, books):
        if books.is_sqlite:
            pytest.skip("one writer at a time: nothing can be committed late")
        with work(books, write=True) as slow:
            write_journal(slow)
            slow.flush()
            with work(books, write=True) as tx:
                write_journal(tx)
            assert seal_all(books) == 1
        assert seal_all(books) == whole(books) == 2

    def test_a_position_is_taken_once(self, books):
        with work(books, write=True) as tx:
            many(tx, 2)
        seal_all(books)
        with work(books, write=True) as tx:
            write_journal(tx)
            last = queries.last_seal(tx)
        with pytest.raises(Exception, match=r"(?i)unique|append-only|duplicate"):
            forge(books, last)
        assert seal_all(books) == whole(books) == 3

    def test_seals_and_notices_cannot_be_changed(self, books):
        with work(books, write=True) as tx:
            many(tx, 2)
        seal_all(books)
        for statement in ("UPDATE seals SET leaf = chain", "DELETE FROM seals"):
            with pytest.raises(Exception, match="append-only"), work(books, write=True) as tx:
                tx.execute(text(statement))
        assert whole(books) == 2


def forge(db, last):
    """A rival who took the same last seal for the last."""
    with work(db, write=True) as tx:
        journal_id = tx.scalars(select(Journal.id).order_by(Journal.id.desc()).limit(1)).one()
        row = {"position": last.position, "journal_id": journal_id, "sealed_at": last.sealed_at}
        insert_rows(tx, Seal, [{**row, "leaf": "0" * 64, "chain": "0" * 64}])


def test_five_thousand_journals(books, capsys):
    """How long it takes; the bound is ten times what a quiet machine needs."""
    with work(books, write=True) as tx:
        town = live_a_little(tx)
    with work(books, write=True) as tx:
        for _ in range(50):
            earn(tx, town.fund, town.liu_bo, 1)
        many(tx, 4_900)
    begin = time.perf_counter()
    sealed = seal_all(books)
    took = time.perf_counter() - begin
    with capsys.disabled():
        print(f"\n{sealed} journals sealed in {took:.2f} s ({books.url.get_backend_name()})")
    assert sealed >= 5_000
    assert took < timedelta(seconds=30).total_seconds()

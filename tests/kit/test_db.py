"""Units of work, column types and locks, on both databases."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from kit.little import effects
from sqlalchemy import Column, MetaData, Table, event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.kit import attempts, columns, outbox
from app.kit import db as databases
from app.kit.attempts import Attempt
from app.kit.db import FairLock, make_database, work
from app.kit.errors import Conflict, Unavailable
from app.kit.faults import constraints, violated
from app.kit.outbox import Job

# Before the tests' own haste: files are collected first.
AS_SERVED = databases._sqlite_pragmas


class Taken(Conflict):
    code = "taken"


SAMPLES = Table(
    "samples",
    MetaData(),
    Column("id", columns.Whole, primary_key=True),
    Column("at", columns.InstantType()),
    Column("uuid", columns.IdType()),
    Column("json", columns.JsonType()),
    Column("flag", columns.FlagType()),
    Column("number", columns.Number),
    Column("code", columns.CodeText),
    Column("words", columns.FreeText),
    Column("bytes", columns.Blob),
)
NOON = datetime(2026, 2, 28, 12, 0, 0, 1, UTC)


@pytest.fixture
def samples(db):
    with db.writer.begin() as connection:
        SAMPLES.create(connection)
    yield SAMPLES
    with db.writer.begin() as connection:
        SAMPLES.drop(connection)


class TestWork:
    def test_commits_once(self, db):
        commits = []
        event.listen(db.writer, "commit", lambda _connection: commits.append(1))
        with work(db, write=True) as tx:
            attempts.add(tx, "soap")
            attempts.add(tx, "soap")
        assert (len(commits), effects(db)) == (1, 2)

    @pytest.mark.parametrize("error", [ValueError, Conflict, KeyboardInterrupt])
    def test_leaves_nothing_half_written(self, db, error):
        def half() -> None:
            with work(db, write=True) as tx:
                attempts.add(tx, "soap")
                raise error

        with pytest.raises(error):
            half()
        assert effects(db) == 0

    def test_goes_on_after_a_failed_commit(self, db):
        unmet = (
            "CREATE TABLE unmet (id INTEGER PRIMARY KEY, other INTEGER"
            " REFERENCES unmet (id) DEFERRABLE INITIALLY DEFERRED)"
        )

        def fail() -> None:
            with work(db, write=True) as tx:
                tx.execute(text(unmet))
                tx.execute(text("INSERT INTO unmet VALUES (1, 2)"))

        for _ in range(db.pool_size + 1):
            with pytest.raises(IntegrityError):
                fail()
        with work(db, write=True) as tx:
            attempts.add(tx, "soap")
        assert effects(db) == 1

    def test_that_reads_cannot_write(self, db):
        with pytest.raises((DBAPIError, Unavailable)), work(db, write=False) as tx:
            attempts.add(tx, "soap")
        assert effects(db) == 0

    def test_loses_no_increment_of_sixteen_threads(self, db, url, request):
        """Two processes' pools, eight threads each: upserts, and read-modify-write under a lock."""
        other = make_database(url)
        request.addfinalizer(other.close)
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "counted")
            job_id = tx.scalars(select(Job.id)).one()

        def count(thread: int) -> None:
            for _ in range(10):
                with work((db, other)[thread % 2], write=True) as tx:
                    tx.get_one(Job, job_id, with_for_update=True).attempts += 1
                    attempts.add(tx, "soap")

        with ThreadPoolExecutor(16) as threads:
            list(threads.map(count, range(16)))
        with work(db, write=False) as tx:
            assert tx.get_one(Job, job_id).attempts == 160
        assert effects(db) == 160


class TestUnavailable:
    def test_when_the_server_drops_the_connection(self, db):
        if db.is_sqlite:
            pytest.skip("a file drops nobody")

        def be_dropped() -> None:
            with work(db, write=True) as tx, db.reader.connect() as other:
                pid = tx.scalar(text("SELECT pg_backend_pid()"))
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
                attempts.add(tx, "soap")

        with pytest.raises(Unavailable):
            be_dropped()
        with work(db, write=True) as tx:
            attempts.add(tx, "soap")
        assert effects(db) == 1

    def test_when_nobody_listens(self):
        db = make_database("postgresql+psycopg://nobody@127.0.0.1:1/none")
        with pytest.raises(Unavailable), work(db, write=True) as tx:
            attempts.add(tx, "soap")
        db.close()

    def test_when_another_process_holds_the_lock(self, db, url):
        impatient = make_database(url, lock_timeout_s=1)
        with work(db, write=True) as tx:
            attempts.add(tx, "soap")
        with db.writer.begin() as holder:
            holder.execute(Attempt.__table__.update().values(count=7))
            with pytest.raises(Unavailable), work(impatient, write=True) as tx:
                attempts.add(tx, "soap")
        impatient.close()
        assert effects(db) == 7

    def test_when_a_statement_takes_too_long(self, url, db):
        if db.is_sqlite:
            pytest.skip("SQLite has no statement time-out")
        impatient = make_database(url, statement_timeout_s=1)
        with pytest.raises(Unavailable), work(impatient, write=False) as tx:
            tx.execute(text("SELECT pg_sleep(5)"))
        impatient.close()


class TestErrors:
    def test_do_not_repeat_the_values_of_the_row(self, db):
        with pytest.raises(DBAPIError) as caught, work(db, write=True) as tx:
            tx.execute(
                text("SELECT nothing FROM jobs WHERE kind = :phone"), {"phone": "13812348000"}
            )
        assert "13812348000" not in str(caught.value)


class TestConstraints:
    def test_name_the_features_error(self, db):
        named = {"jobs.unique_key": Taken} if db.is_sqlite else {"uq_jobs_unique_key": Taken}
        with pytest.raises(Taken), work(db, write=True) as tx, constraints(named):
            self.add_twice(tx)

    def test_by_a_word_that_both_databases_use(self, db):
        named = {"unique_key": Taken}
        with pytest.raises(Taken), work(db, write=True) as tx, constraints(named):
            self.add_twice(tx)

    def test_that_nobody_named_pass(self, db):
        named = {"something_else": Taken}
        with pytest.raises(IntegrityError), work(db, write=True) as tx, constraints(named):
            self.add_twice(tx)

    def test_of_a_check_are_named_on_both_databases(self, db):
        wrong = Attempt.__table__.insert().values(subject="soap", window_start=NOON, count=0)
        with pytest.raises(IntegrityError) as caught, work(db, write=True) as tx:
            tx.execute(wrong)
        assert "ck_attempts_count" in violated(caught.value)

    @staticmethod
    def add_twice(tx) -> None:
        for _ in range(2):
            tx.add(
                Job(
                    id=outbox.new_id(), kind="k", payload={}, state="ready", run_at=NOON,
                    attempts=0, unique_key="once", created_at=NOON,
                )
            )  # fmt: skip
            tx.flush()


class TestColumns:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("at", NOON),
            ("at", NOON.replace(microsecond=0)),
            ("at", datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC)),
            ("uuid", UUID("0192f0c1-2b3c-7def-8abc-0123456789ab")),
            ("json", {"名": ["é", 1, 1.5, None, True, {"deep": []}]}),
            ("json", []),
            ("flag", True),
            ("flag", False),
            ("number", 105.840512345),
            ("id", 2**62),
            ("code", "C0101"),
            ("words", "井盖 🛵 'quoted' \"twice\" \\ --"),
            ("bytes", b"\x00\xff\x01"),
            *((name, None) for name in ("at", "uuid", "flag", "number", "code", "bytes")),
        ],
    )
    def test_give_back_what_they_were_given(self, db, samples, column, value):
        row = {"id": 1, column: value}
        with db.writer.begin() as connection:
            connection.execute(insert(samples), row)
        with db.reader.connect() as connection:
            got = connection.scalar(select(samples.c[column]))
        assert (got, type(got)) == (value, type(value))

    def test_keep_instants_in_utc_and_in_order(self, db, samples):
        shanghai = timezone(timedelta(hours=8))
        given = [
            NOON.replace(microsecond=0),
            NOON,
            (NOON + timedelta(microseconds=9)).astimezone(shanghai),
            NOON + timedelta(seconds=1),
        ]
        with db.writer.begin() as connection:
            rows = [{"id": number, "at": at} for number, at in enumerate(reversed(given))]
            connection.execute(insert(samples), rows)
        with db.reader.connect() as connection:
            got = list(connection.scalars(select(samples.c.at).order_by(samples.c.at)))
        assert got == given
        assert {at.tzinfo for at in got} == {UTC}

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO samples (id) VALUES ('one')",
            "INSERT INTO samples (id, flag) VALUES (1, 'perhaps')",
            "INSERT INTO samples (id, number) VALUES (1, 'far')",
        ],
    )
    def test_refuse_what_is_not_theirs(self, db, samples, statement):
        with pytest.raises(DBAPIError), db.writer.begin() as connection:
            connection.execute(text(statement))

    def test_of_every_table_are_strict(self, db):
        if not db.is_sqlite:
            pytest.skip("PostgreSQL is strict by nature")
        with db.reader.connect() as connection:
            tables = connection.execute(text("PRAGMA table_list")).all()
        loose = {t.name for t in tables if t.type == "table" and not t.strict}
        assert loose <= {"sqlite_schema", "sqlite_temp_schema", "alembic_version"}


class TestSqlite:
    def test_connections_are_safe_and_fast(self, tmp_path, monkeypatch):
        monkeypatch.setattr(databases, "_sqlite_pragmas", AS_SERVED)
        db = make_database(f"sqlite:///{tmp_path}/safe.db")
        expected = {
            "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1,
        }  # fmt: skip
        for engine in (db.writer, db.reader):
            with engine.connect() as connection:
                found = {p: connection.scalar(text(f"PRAGMA {p}")) for p in expected}
            assert found == expected
        db.close()

    def test_a_reader_does_not_wait_for_a_writer(self, db):
        with work(db, write=True) as tx:
            attempts.add(tx, "soap")
            assert effects(db) == 0
        assert effects(db) == 1

    def test_a_stranger_cannot_write_meanwhile(self, db):
        if not db.is_sqlite:
            pytest.skip("about SQLite")
        with work(db, write=True) as tx:
            attempts.add(tx, "soap")
            stranger = sqlite3.connect(db.url.database, timeout=0)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                stranger.execute("DELETE FROM attempts")
            stranger.close()


class TestFairLock:
    def test_serves_in_order_of_arrival(self):
        lock, served = FairLock(), []

        def stand_in_line(number: int) -> None:
            with lock:
                served.append(number)

        threads = []
        with lock:
            for number in range(12):
                thread = threading.Thread(target=stand_in_line, args=(number,))
                thread.start()
                threads.append(thread)
                wait_until(lambda number=number: len(lock._queue) == number + 1)
        for thread in threads:
            thread.join(5)
        assert served == list(range(12))

    def test_lets_one_in_at_a_time(self):
        lock, inside, most = FairLock(), [], []

        def enter(_number: int) -> None:
            for _ in range(50):
                with lock:
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(enter, range(8)))
        assert max(most) == 1

    def test_is_given_back_after_an_error(self):
        lock = FairLock()
        with pytest.raises(ValueError, match="oops"), lock:
            raise ValueError("oops")
        assert not lock._held


def wait_until(true) -> None:
    for _ in range(5000):
        if true():
            return
        time.sleep(0.001)
    pytest.fail("it never came true")

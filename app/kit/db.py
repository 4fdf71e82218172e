"""Engines, sessions and `work()`: the only place in the house where anything is committed."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Insert,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.orm import DeclarativeBase, Session

from app.kit.faults import translated

# A transaction may rest so many times as long as a statement may work.
IDLE = 3
NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """The base of every table; constraints get their names by one convention."""

    metadata = MetaData(naming_convention=NAMING)


@event.listens_for(Table, "after_parent_attach")
def _strict(table: Table, _parent: Any) -> None:
    # STRICT makes SQLite refuse text in an integer column, as PostgreSQL does.
    # Alembic's own table is the one that is not ours; its column type is not a STRICT one.
    table.dialect_options["sqlite"]["strict"] = table.name != "alembic_version"


class FairLock:
    """A lock that serves in order of arrival; threading.Lock and SQLite's busy handler do not."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._queue.append(turn)
        turn.acquire()

    def __exit__(self, *_exc: object) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False


@dataclass(frozen=True)
class Database:
    """One database as two engines: `writer` begins by writing, `reader` never can."""

    url: URL
    writer: Engine
    reader: Engine
    pool_size: int
    writers: FairLock | nullcontext[None] = field(default_factory=nullcontext)
    # Settings of this process that code deep inside a unit asks for; its session carries them.
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def make_database(
    url: str, *, pool_size: int = 8, statement_timeout_s: int = 10, lock_timeout_s: int = 5
) -> Database:
    """The database behind `url` (`sqlite:///file.db` or `postgresql+psycopg://..`).

    With a `statement_timeout_s` of 0 nothing is cut off, however long it works or rests.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, pool_size, lock_timeout_s)
    options = (
        f"-c statement_timeout={statement_timeout_s * 1000} -c lock_timeout={lock_timeout_s * 1000}"
        f" -c idle_in_transaction_session_timeout={statement_timeout_s * IDLE * 1000}"
        " -c timezone=UTC"
    )
    connect = {"connect_timeout": 3, "application_name": "xinxin"}
    # A failing statement's values may be personal: its error, and so the log, names none.
    shared: dict[str, Any] = {
        "pool_size": pool_size, "max_overflow": 0, "pool_timeout": 5, "hide_parameters": True,
    }  # fmt: skip
    writer = create_engine(
        parsed, connect_args={**connect, "options": options}, pool_pre_ping=False, **shared
    )
    # READ COMMITTED gives every statement its own snapshot anyway, so a reader needs no BEGIN;
    # and the server itself refuses a write that slips into a read.
    reader = create_engine(
        parsed,
        connect_args={**connect, "options": options + " -c default_transaction_read_only=on"},
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        skip_autocommit_rollback=True,
        **shared,
    )
    return Database(parsed, writer, reader, pool_size)


def _sqlite(url: URL, pool_size: int, lock_timeout_s: int) -> Database:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # Autocommit in the driver: it never begins on its own, our event does, and says how.
    connect = {
        "timeout": lock_timeout_s, "isolation_level": None,
        "check_same_thread": False, "cached_statements": 512,
    }  # fmt: skip
    shared: dict[str, Any] = {
        "pool_size": pool_size, "max_overflow": 0, "pool_timeout": 30, "hide_parameters": True,
    }  # fmt: skip
    writer = create_engine(url, connect_args=connect, **shared)
    reader = create_engine(url, connect_args=connect, pool_reset_on_return=None, **shared)
    event.listen(writer, "connect", _sqlite_pragmas)
    event.listen(reader, "connect", _sqlite_read_only)
    event.listen(writer, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    # A COMMIT that fails leaves SQLite's transaction open, and SQLAlchemy takes it for ended: the
    # connection would go back to the pool with the write lock and stop every later writer.
    event.listen(writer, "reset", lambda connection, _record, _state: connection.rollback())
    return Database(url, writer, reader, pool_size, FairLock())


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
        "recursive_triggers=ON", "temp_store=MEMORY", "cache_size=-16000",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_read_only(connection: Any, record: Any) -> None:
    _sqlite_pragmas(connection, record)
    connection.execute("PRAGMA query_only=ON")


@contextmanager
def work(db: Database, *, write: bool) -> Iterator[Session]:
    """One unit of work: everything in it is committed together, or nothing is.

    Called by the endpoint decorator and by the worker, and by nobody else in a request. A lost or
    exhausted database becomes `Unavailable` (503) so that clients retry with the same key.
    """
    if not write:
        with (
            translated(),
            Session(db.reader, autoflush=False, expire_on_commit=False, info=db.info) as tx,
        ):
            yield tx
        return
    # Writers of one process queue here, in order, instead of starving in SQLite's busy handler.
    with (
        db.writers,
        translated(),
        Session(db.writer, expire_on_commit=False, info=db.info) as tx,
    ):
        yield tx
        tx.commit()


_ALONE = select(
    func.pg_advisory_xact_lock(func.hashtextextended(bindparam("subject", type_=String), 0))
)


def alone(tx: Session, subject: str) -> None:
    """One writer at a time about a subject, to the end of its unit; SQLite has but one anyway."""
    if tx.get_bind().dialect.name == "postgresql":
        core(tx).execute(_ALONE, {"subject": subject})


def insert_for(tx: Session, model: type[Base]) -> Any:
    """An INSERT of this engine's dialect, which knows ON CONFLICT."""
    dialect: Any = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(model)


def core(tx: Session) -> Connection:
    """The session's connection, for Core statements on hot paths, after pending changes went out.

    A statement through the session costs two to three times as much as the same one here.
    """
    if tx.new or tx.dirty or tx.deleted:
        tx.flush()
    return tx.connection()


@cache
def _insert(model: type[Base]) -> Insert:
    return insert(model.__table__)  # type: ignore[arg-type]


def insert_row(tx: Session, model: type[Base], **values: Any) -> None:
    """One row by a Core statement: no unit-of-work bookkeeping on the hot paths."""
    core(tx).execute(_insert(model), values)


def insert_rows(tx: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Several rows of the same columns, as `insert_row`."""
    core(tx).execute(_insert(model), rows)

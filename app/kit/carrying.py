"""Carrying all data from one database to another, whatever their engines: all of it, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text
from sqlalchemy.schema import AddConstraint, DropConstraint

from app.kit.db import Database

BATCH = 1_000
# The info of a table whose rows speak of one database only: they are neither copied nor counted.
STAYS = {"stays": True}


class TargetNotEmpty(RuntimeError):
    """The target holds rows already; nothing was copied."""


class CountsDiffer(RuntimeError):
    """A table of the target does not hold what the source's snapshot held; nothing was copied."""


def carry(source: Database, target: Database, metadata: MetaData) -> dict[str, int]:
    """Copies every row of one snapshot of `source` in one transaction; says how many by table.

    The target has the schema and no rows. Foreign keys are checked when everything is there, since
    rows of one table name each other in both directions. Raises TargetNotEmpty, CountsDiffer.
    """
    tables = [table for table in metadata.sorted_tables if table.info != STAYS]
    with _snapshot(source) as reading, _filling(target, tables) as writing:
        for table in tables:
            if writing.execute(select(table).limit(1)).first() is not None:
                raise TargetNotEmpty(table.name)
        copied = {table.name: _copy(reading, writing, table) for table in tables}
        for table in tables:
            _renumber(writing, table)
            if writing.scalar(select(func.count()).select_from(table)) != copied[table.name]:
                raise CountsDiffer(table.name)
    return copied


@contextmanager
def _snapshot(db: Database) -> Iterator[Connection]:
    """A connection that sees one moment, whatever is written meanwhile."""
    with db.reader.connect() as connection:
        if db.is_sqlite:
            # The reader's driver commits on its own: this BEGIN holds the snapshot.
            connection.exec_driver_sql("BEGIN")
        else:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        try:
            yield connection
        finally:
            if db.is_sqlite:
                connection.exec_driver_sql("ROLLBACK")


@contextmanager
def _filling(db: Database, tables: list[Table]) -> Iterator[Connection]:
    """One transaction whose foreign keys are checked at its end."""
    with db.writer.connect() as connection:
        filled = _filling_sqlite(connection) if db.is_sqlite else _filling_pg(connection, tables)
        with filled:
            yield connection


@contextmanager
def _filling_sqlite(connection: Connection) -> Iterator[None]:
    # Straight to the driver: the pragma is ignored inside a transaction.
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            yield
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise CountsDiffer(broken[0])
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _filling_pg(connection: Connection, tables: list[Table]) -> Iterator[None]:
    keys = [key for table in tables for key in table.foreign_key_constraints]
    with connection.begin():
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for key in keys:
            connection.execute(DropConstraint(key))
        yield
        for key in keys:
            connection.execute(AddConstraint(key))


def _copy(reading: Connection, writing: Connection, table: Table) -> int:
    rows = reading.execution_options(yield_per=BATCH).execute(
        select(table).order_by(*table.primary_key.columns)
    )
    copied = 0
    for batch in rows.mappings().partitions():
        writing.execute(insert(table), [dict(row) for row in batch])
        copied += len(batch)
    return copied


def _renumber(writing: Connection, table: Table) -> None:
    """PostgreSQL's counters go on behind the numbers that came along."""
    column = table.autoincrement_column
    if column is None or writing.dialect.name == "sqlite":
        return
    counter = writing.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
    last = writing.scalar(select(func.max(column)))
    if counter and last:
        writing.execute(select(func.setval(counter, last)))

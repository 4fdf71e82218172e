"""Fills a ledger with lives: what the services wrote for one member, copied by the database itself.

Each row of the template becomes one INSERT..SELECT over all lives. The events of all members are
interleaved over the last 300 days, so that ids sort and rows lie as they do where thousands of
members earn side by side: a member's rows are far apart. Sums that stand elsewhere (the pool, its
parts, what was paid) are brought to what the copies made of them: `audit` is clean afterwards.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    cast,
    create_engine,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.pool import NullPool

from app import tables
from app.kit import clock
from app.kit.columns import CodeText, IdType, Whole
from app.kit.db import Database

SPAN_MS = 300 * 86_400_000
# What of the template is copied, and in what order it may be inserted.
COPIED = {
    "people": "id = :member", "accounts": "kind = 'member'",
    "balances": "account_id IN (SELECT id FROM accounts WHERE kind = 'member')",
    "journals": "kind <> 'contribute'",
    "transfers": "journal_id IN (SELECT id FROM journals WHERE kind <> 'contribute')",
    "lots": "1 = 1", "lot_uses": "1 = 1", "backing": "1 = 1",
}  # fmt: skip
_lives = Table("lives", MetaData(), Column("life", Whole), prefixes=["TEMPORARY"])
LIFE = _lives.c.life
Rows = dict[str, list[dict[str, Any]]]


class Lives:
    """The template, and where and when each of its rows stands in each copy."""

    def __init__(self, connection: Connection, member: UUID, wanted: int) -> None:
        self.rows: Rows = {}
        for name, condition in COPIED.items():
            query = tables.metadata.tables[name].select().where(text(condition))
            given = {"member": member if connection.dialect.name != "sqlite" else str(member)}
            values = given if ":member" in condition else {}
            self.rows[name] = [dict(row) for row in connection.execute(query, values).mappings()]
        self.member = member
        self.count = max(0, wanted // len(self.rows["transfers"]) - 1)
        self.moments = sorted(row["created_at"] for row in self.rows["journals"])
        self.step_ms = SPAN_MS // (len(self.moments) * (self.count + 1))
        self.start_ms = int(clock.now().timestamp() * 1000) - SPAN_MS
        self.places: dict[UUID, tuple[int, int]] = {}
        for rows in self.rows.values():
            for row in rows:
                for key in (row.get("id"), _as_id(row.get("source"))):
                    if key is not None:
                        place = self.turn(row["created_at"]), len(self.places)
                        self.places.setdefault(key, place)

    def turn(self, moment: datetime) -> int:
        """Which event of a life something belongs to."""
        return max(0, bisect_right(self.moments, moment) - 1)

    def first_ms(self, turn: int) -> int:
        return self.start_ms + turn * (self.count + 1) * self.step_ms

    def person(self, life: int) -> UUID:
        """The member of a life; the twin of what `_id` has the database say."""
        turn, number = self.places[self.member]
        ms = self.first_ms(turn) + life * self.step_ms
        return UUID(int=ms << 80 | 7 << 76 | number << 64 | 8 << 60 | life)


def _as_id(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) and len(value) == 36 else None


def fill(db: Database, lives: Lives) -> None:
    """Multiplies the template by `lives.count`."""
    # A connection of its own: what is set for the filling ends with it.
    made = create_engine(db.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with made.connect() as alone:
        engine = made.dialect.name
        for setting in SETTINGS[engine]:
            alone.exec_driver_sql(setting)
        _lives.create(alone)
        alone.execute(insert(_lives), [{"life": n} for n in range(1, lives.count + 1)])
        with without_indexes(alone, engine):
            for name, rows in lives.rows.items():
                for row in sorted(rows, key=lambda r: r.get("created_at", lives.moments[0])):
                    _copy(alone, engine, lives, tables.metadata.tables[name], row)
        _sum_up(alone, lives)
        alone.execute(text("VACUUM ANALYZE" if engine == "postgresql" else "ANALYZE"))


SETTINGS = {
    "postgresql": (
        "SET statement_timeout = 0", "SET synchronous_commit = off",
        "SET maintenance_work_mem = '1GB'", "SET work_mem = '256MB'",
    ),
    "sqlite": (
        "PRAGMA foreign_keys=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-1000000",
    ),
}  # fmt: skip


def _copy(
    connection: Connection, engine: str, lives: Lives, table: Table, row: dict[str, Any]
) -> None:
    made = {name: _copied(engine, lives, table.c[name], value) for name, value in row.items()}
    if table.name == "people":
        made["member_no"] = literal("B", CodeText) + cast(LIFE, CodeText)
    connection.execute(insert(table).from_select(list(made), select(*made.values())))


def _copied(engine: str, lives: Lives, column: Any, value: Any) -> ColumnElement[Any]:
    """A value of the template in each life: ids and instants are its own, the rest is the same."""
    if isinstance(value, datetime):
        later = timedelta(days=365) if value > clock.now() else timedelta()
        first = lives.first_ms(lives.turn(value - later)) + int(later.total_seconds() * 1000)
        return _instant(engine, LIFE * lives.step_ms + first)
    key = value if isinstance(value, UUID) else _as_id(value)
    if key not in lives.places:
        return literal(value, column.type)
    turn, number = lives.places[key]
    made = _id(engine, LIFE * lives.step_ms + lives.first_ms(turn), number)
    return made if isinstance(value, UUID) else cast(made, CodeText)


def _id(engine: str, ms: ColumnElement[int], number: int) -> ColumnElement[Any]:
    """A UUIDv7 of that moment; number and life make it the only one."""
    if engine == "sqlite":
        shape = f"%08x-%04x-7{number:03x}-8%03x-%012x"
        low = LIFE.op("&")((1 << 48) - 1)
        parts = ms.op(">>")(16), ms.op("&")(0xFFFF), LIFE.op(">>")(48), low
        return func.printf(shape, *parts, type_=IdType())
    at, tail = (func.lpad(func.to_hex(n), size, "0") for n, size in ((ms, 12), (LIFE, 15)))
    return cast(at.concat(f"7{number:03x}8").concat(tail), IdType())


def _instant(engine: str, ms: ColumnElement[int]) -> ColumnElement[Any]:
    if engine == "sqlite":
        seconds = func.strftime("%Y-%m-%dT%H:%M:%S", ms / 1000, "unixepoch")
        return seconds.concat(func.printf(".%03d000Z", ms % 1000))
    return func.to_timestamp(ms * 0.001)


def _sum_up(connection: Connection, lives: Lives) -> None:
    """What the copies did to the fund, whose rows are not copied."""
    pool = connection.execute(text("SELECT id FROM accounts WHERE kind = 'pool'")).scalar_one()
    pool = UUID(str(pool))
    moved = lives.rows["transfers"]
    out = sum(row["amount"] for row in moved if row["debit_account_id"] == pool)
    back = sum(row["amount"] for row in moved if row["credit_account_id"] == pool)
    paid = sum(row["fen"] for row in lives.rows["backing"] if row["kind"] == "pay")
    changes = (
        ("balances", f"debits = debits + {out * lives.count}", f"account_id = '{pool}'"),
        ("balances", f"credits = credits + {back * lives.count}", f"account_id = '{pool}'"),
        ("pool_parts", f"available = available - {(out - back) * lives.count}", "1 = 1"),
        ("paid_parts", f"fen = fen + {paid * lives.count}", "1 = 1"),
    )
    for table, change, which in changes:
        connection.execute(text(f"UPDATE {table} SET {change} WHERE {which}"))  # noqa: S608


@contextmanager
def without_indexes(connection: Connection, engine: str) -> Iterator[None]:
    """Drops the indexes (on PostgreSQL also keys) of the copied tables, and makes them again.

    A database that only a measurement knows may be without them for a while. Made again, foreign
    keys are checked: rows that do not belong together end the run.
    """
    found = connection.execute(text(_INDEXES[engine]), {"names": _names(engine)}).all()
    for drop, _ in found:
        connection.exec_driver_sql(drop)
    yield
    for _, create in reversed(found):
        connection.exec_driver_sql(create)


def _names(engine: str) -> Any:
    return list(COPIED) if engine == "postgresql" else ",".join(COPIED)


# Each with the statement that drops it and the one that makes it; made in the opposite order.
_INDEXES = {
    "postgresql": """
        SELECT gone, made FROM (
          SELECT CASE contype WHEN 'f' THEN 0 WHEN 'u' THEN 1 ELSE 2 END AS turn,
            format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS gone,
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
              pg_get_constraintdef(oid)) AS made
          FROM pg_constraint
          WHERE contype IN ('f', 'u', 'p') AND (conrelid::regclass::text = ANY(:names)
            OR confrelid::regclass::text = ANY(:names))
          UNION ALL
          SELECT 3, format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
          FROM pg_index i WHERE indrelid::regclass::text = ANY(:names)
            AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
        ) x ORDER BY turn""",
    "sqlite": """
        SELECT 'DROP INDEX ' || name, sql FROM sqlite_master
        WHERE type = 'index' AND sql IS NOT NULL AND instr(',' || :names || ',',
          ',' || tbl_name || ',')""",
}  # fmt: skip

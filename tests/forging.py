"""The forger, who holds the database: what an audit says after statements that nothing refused.

Triggers, foreign keys and checks are switched off meanwhile, and all of it is undone afterwards.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.kit.db import Database

TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
OWN_CHECKS = (
    "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c'"
    " AND conrelid <> 0 AND connamespace = 'public'::regnamespace"
)


@contextmanager
def forged(db: Database, *forgeries: str) -> Iterator[Session]:
    """A session that sees what these statements did."""
    with db.writer.connect() as connection:
        try:
            _open_everything(connection, sqlite=db.is_sqlite)
            for forgery in forgeries:
                changed = connection.execute(text(forgery)).rowcount
                assert changed != 0, "a forgery that changes nothing proves nothing"
            with Session(connection, autoflush=False) as tx:
                yield tx
        finally:
            connection.rollback()
            connection.invalidate()


def named(db: Database, checks: Mapping[str, str], forgery: str) -> set[str]:
    """Those of the rules that the audit names after a forgery."""
    with forged(db, forgery) as tx:
        return {rule for rule, query in checks.items() if tx.execute(text(query)).first()}


def _open_everything(connection: Connection, *, sqlite: bool) -> None:
    if sqlite:
        # Both pragmas are refused inside a transaction; the engine's own BEGIN comes later.
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("PRAGMA ignore_check_constraints=ON")
        for name in connection.scalars(text(TRIGGERS)).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        return
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for table, check in connection.execute(text(OWN_CHECKS)).all():
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {check}"))

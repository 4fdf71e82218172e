"""Bringing a database to the newest schema, and refusing to serve on any other."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.kit.db import Database

FOLDER = Path(__file__).parents[2] / "migrations"


class SchemaWrong(RuntimeError):
    """The database is not at this version's schema; `xinxin migrate` mends it."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(db: Database, revision: str = "head") -> None:
    """Migrates forward in one transaction: killed in the middle, nothing has changed."""
    config = _config()
    with _altering(db) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(db: Database, revision: str) -> None:
    config = _config()
    with _altering(db) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


@contextmanager
def _altering(db: Database) -> Iterator[Connection]:
    """One transaction in which tables may be rebuilt.

    SQLite alters most things by building a table anew, which breaks its foreign keys until the new
    one has the old name: they are off meanwhile, and all of them are checked before the commit.
    """
    with db.writer.connect() as connection:
        if not db.is_sqlite:
            with connection.begin():
                yield connection
            return
        # Straight to the driver: the pragma is ignored inside a transaction.
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone():
                    raise SchemaWrong(f"a migration broke a foreign key of {broken[0]}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


# What a full-text index of SQLite keeps beside the tables that are ours.
FULL_TEXT = "case_words"


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether Alembic should compare this thing of the database with the models."""
    return not (kind in {"table", "index"} and name is not None and name.startswith(FULL_TEXT))


@cache
def _head() -> str | None:
    """The newest revision of this version; reading all of them takes a while."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def check(db: Database, guarded: Mapping[str, Collection[str]]) -> None:
    """Raises SchemaWrong unless the schema is ours and every guarding trigger is in force.

    `guarded` gives the names of the triggers for each engine.
    """
    head = _head()
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if db.is_sqlite
        else "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relnamespace = current_schema()::regnamespace"
        " AND NOT tgisinternal AND tgenabled IN ('O', 'A')"
    )
    with db.reader.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found != head:
            raise SchemaWrong(f"database at {found}, this version needs {head}: run xinxin migrate")
        in_force = set(connection.execute(text(query)).scalars())
    missing = sorted(set(guarded[db.url.get_backend_name()]) - in_force)
    if missing:
        raise SchemaWrong(f"triggers are missing: {', '.join(missing)}")

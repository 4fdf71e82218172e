"""Bringing a database to the newest schema, and refusing to serve on any other."""

from collections.abc import Collection, Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

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
    with db.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(db: Database, revision: str) -> None:
    config = _config()
    with db.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def check(db: Database, guarded: Mapping[str, Collection[str]]) -> None:
    """Raises SchemaWrong unless the schema is ours and every guarding trigger is in force.

    `guarded` gives the names of the triggers for each engine.
    """
    head = ScriptDirectory.from_config(_config()).get_current_head()
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
        raise SchemaWrong(f"append-only triggers are missing: {', '.join(missing)}")

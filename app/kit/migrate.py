"""Bringing a database to the newest schema, and refusing to serve on any other."""

from pathlib import Path
from typing import Any

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


def check(db: Database, guarded: tuple[str, ...]) -> None:
    """Raises SchemaWrong unless the schema is ours and every guarded table has its triggers."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with db.reader.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found != head:
            raise SchemaWrong(f"database at {found}, this version needs {head}: run xinxin migrate")
        query = (
            "SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' GROUP BY 1"
            if db.is_sqlite
            else "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgenabled <> 'D' GROUP BY 1"
        )
        counts: dict[str, Any] = dict(connection.execute(text(query)).all())
    expected = 3 if db.is_sqlite else 2
    bare = sorted(table for table in guarded if counts.get(table, 0) < expected)
    if bare:
        raise SchemaWrong(f"append-only triggers are missing on: {', '.join(bare)}")

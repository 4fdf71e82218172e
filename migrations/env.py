"""Runs migrations on the connection it is handed, or on the database that the settings name."""

from alembic import context
from sqlalchemy import Connection, text

from app import tables
from app.kit.db import make_database
from app.kit.migrate import ours
from app.settings import Settings

# A migration that cannot get its lock gives way to the running service instead of stopping it.
LOCK_TIMEOUT = "5s"
ONE_AT_A_TIME = 7_203_517_041


def migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        compare_type=True,
        transactional_ddl=True,
        include_name=ours,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def render_item(kind: str, thing: object, autogen_context: object) -> str | bool:
    """Columns are written with the names of app.kit.columns, which mean the same on both engines."""
    from app.kit import columns

    if kind != "type":
        return False
    for name in ("Whole", "Number", "CodeText", "FreeText", "Blob"):
        if thing is getattr(columns, name) or repr(thing) == repr(getattr(columns, name)):
            return f"columns.{name}"
    own = type(thing).__name__
    return f"columns.{own}()" if hasattr(columns, own) else False


handed = context.config.attributes.get("connection")
if handed is not None:
    migrate(handed)
else:
    database = make_database(Settings().database_url)
    with database.writer.begin() as connection:
        migrate(connection)
    database.close()

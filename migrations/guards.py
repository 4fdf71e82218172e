"""Triggers that keep facts as they were written, on both engines.

Alembic's batch mode drops SQLite triggers without a word, so a migration that rebuilds a table must
call these again; the service refuses to start when one is missing.
"""

from collections.abc import Iterable

from alembic import op

REFUSAL = "this table is append-only"
FUNCTION = f"""
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{REFUSAL}: %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def append_only(table: str, key: str = "id") -> None:
    """Refuses UPDATE, DELETE, TRUNCATE and SQLite's INSERT OR REPLACE on `table`."""
    if not on_sqlite():
        op.execute(FUNCTION)
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    _refuse(f"{table}_no_update", f"BEFORE UPDATE ON {table}")
    _refuse(f"{table}_no_delete", f"BEFORE DELETE ON {table}")
    # REPLACE deletes without firing delete triggers unless a pragma is set, so it is met at the door.
    same = " AND ".join(f"{column} = NEW.{column}" for column in key.split(","))
    _refuse(
        f"{table}_no_replace",
        f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})",
    )


def frozen_columns(table: str, names: Iterable[str]) -> None:
    """Refuses DELETE and any change of the named columns; the others are state."""
    changed = " OR ".join(f"NEW.{n} IS NOT OLD.{n}" for n in names)
    if on_sqlite():
        _refuse(f"{table}_frozen", f"BEFORE UPDATE ON {table} WHEN {changed}")
        _refuse(f"{table}_no_delete", f"BEFORE DELETE ON {table}")
        return
    op.execute(FUNCTION)
    changed = changed.replace("IS NOT", "IS DISTINCT FROM")
    op.execute(
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table}"
        f" FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _refuse(name: str, when: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END")


def lift(table: str) -> None:
    """Takes a table's guards away, so that it may be rebuilt and guarded anew."""
    kinds = (
        ("no_update", "no_delete", "no_replace", "frozen")
        if on_sqlite()
        else ("append_only", "no_truncate", "frozen", "no_delete")
    )
    for kind in kinds:
        op.execute(
            f"DROP TRIGGER IF EXISTS {table}_{kind}" + ("" if on_sqlite() else f" ON {table}")
        )


def empty(table: str, key: str = "id") -> None:
    """Takes all rows of an append-only table away, as a downgrade must, and guards it again."""
    lift(table)
    op.execute(f"DELETE FROM {table}")
    append_only(table, key)

"""Changing a table that exists, on both engines: SQLite builds it anew, PostgreSQL alters it.

A rebuilt SQLite table loses its triggers: the migration that calls must make them again (`guards`).
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import op

from migrations.guards import on_sqlite


@contextmanager
def table(name: str, without: Collection[str] = ()) -> Iterator[Any]:
    """`with table("cases", without={"ck_cases_dispatched"}) as batch: batch.add_column(..)`.

    The CHECKs named in `without` are dropped first.
    """
    strict = {"sqlite_strict": True}
    how = "always" if on_sqlite() else "never"
    if without:
        # In a pass of its own: one pass would find the old and the new CHECK of one name.
        with op.batch_alter_table(name, recreate=how, table_kwargs=strict) as batch:
            for check in without:
                batch.drop_constraint(op.f(check), type_="check")
    with op.batch_alter_table(name, recreate=how, table_kwargs=strict) as batch:
        yield batch

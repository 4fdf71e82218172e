"""Every row of a database as Python sees it: ids, instants and flags, whatever the engine."""

from typing import Any

from sqlalchemy import select

from app import tables
from app.kit.carrying import STAYS
from app.kit.db import Database


def dump(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each table in the order of its key, but for those of this database alone."""
    with db.reader.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in tables.metadata.sorted_tables
            if table.info != STAYS
        }

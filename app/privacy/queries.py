"""Reads by the inventory: which rows are a person's, and what must be settled before they go."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select
from sqlalchemy.orm import Session

from app.kit.columns import IdType
from app.kit.db import Base
from app.privacy.inventory import TABLES


def theirs(name: str, person_id: UUID) -> ColumnElement[bool]:
    """The condition on a table under which its rows are the person's."""
    return _condition(name, TABLES[name].whose, person_id)


def about(name: str, person_id: UUID) -> ColumnElement[bool]:
    """The condition under which rows that are not the person's may name them."""
    return _condition(name, TABLES[name].about, person_id)


def _condition(name: str, path: str, person_id: UUID) -> ColumnElement[bool]:
    ways = [[_step(name, step, person_id) for step in way.split("&")] for way in path.split("|")]
    return or_(*(and_(*steps) for steps in ways))


def _step(name: str, step: str, person_id: UUID) -> ColumnElement[bool]:
    column, _, of = step.partition("=")
    here = table(name).c[column]
    if not of:
        return here == (person_id if isinstance(here.type, IdType) else str(person_id))
    other, _, key = of.partition(".")
    rows = select(table(other).c[key]).where(theirs(other, person_id)).correlate(None)
    return here.in_(rows)


def table(name: str) -> Table:
    return Base.metadata.tables[name]


def copy_of(connection: Connection, name: str, person_id: UUID) -> Iterator[dict[str, Any]]:
    """A person's rows of one table as their copy shows them."""
    shown = [table(name).c[c] for c in TABLES[name].of("shown", "words", "blank")]
    if not shown:
        return
    query = select(*shown).where(theirs(name, person_id))
    for row in connection.execute(query):
        yield dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def is_any(tx: Session, name: str, person_id: UUID, **state: Any) -> bool:
    """Whether the person has a row of this table in this state."""
    columns = table(name).c
    such = [columns[key].is_(None) if value is None else columns[key] == value
            for key, value in state.items()]  # fmt: skip
    query = select(*table(name).primary_key).where(theirs(name, person_id), *such).limit(1)
    return tx.execute(query).first() is not None

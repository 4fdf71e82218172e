"""Reads of one's own saved filters."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.desk.errors import FilterNotFound
from app.desk.models import SavedFilter
from app.identity.access import Actor


def saved(tx: Session, actor: Actor) -> Sequence[SavedFilter]:
    """The actor's own saved filters, in their order."""
    query = select(SavedFilter).where(SavedFilter.person_id == actor.person_id)
    return tx.scalars(query.order_by(SavedFilter.position, SavedFilter.name)).all()


def find_saved(tx: Session, actor: Actor, name: str) -> SavedFilter | None:
    own = select(SavedFilter).where(SavedFilter.person_id == actor.person_id)
    return tx.scalar(own.where(SavedFilter.name == name))


def get_saved(tx: Session, actor: Actor, name: str) -> SavedFilter:
    """Raises FilterNotFound."""
    found = find_saved(tx, actor, name)
    if found is None:
        raise FilterNotFound
    return found

"""Real names (真实姓名): told by whoever wishes to, sealed at rest, shown masked."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.identity import phones
from app.identity.models import Person, RealName
from app.kit import clock
from app.kit.db import insert_row
from app.kit.seal import Seal


def tell(tx: Session, seal: Seal, person_id: UUID, name: str) -> None:
    """Keeps the name in the place of the one before."""
    forget(tx, person_id)
    insert_row(
        tx, RealName, person_id=person_id, sealed=seal.seal(name), masked=mask(name),
        bound_at=clock.now(),
    )  # fmt: skip


def forget(tx: Session, person_id: UUID) -> None:
    """Forgets a person's real name; again is no error."""
    tx.execute(delete(RealName).where(RealName.person_id == person_id))


def mask(name: str) -> str:
    """`刘*`: the first character, which in Chinese is the family's."""
    return name[0] + "*" * (len(name) - 1)


def unnamed(tx: Session, seal: Seal, text: str, person: Person) -> str:
    """A text for a record that outlives the person: without their names, numbers masked."""
    told = tx.get(RealName, person.id)
    # First, or what they are called takes a part of it.
    if told is not None:
        text = text.replace(seal.open(told.sealed), "***")
    return phones.unnamed(text, person)

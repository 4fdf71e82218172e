"""Writing to people's inboxes."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_for
from app.kit.ids import new_id
from app.notify import queries, texts
from app.notify.models import Message
from app.notify.schemas import MessageOut


def tell(tx: Session, person_id: UUID, kind: str, subject: str, **data: Any) -> None:
    """Puts a message into an inbox, once for each (person, kind, subject)."""
    # A template that cannot be filled must fail here, in the worker, not when the person reads it.
    texts.render(kind, data, "zh")
    row = insert_for(tx, Message).values(
        id=new_id(), person_id=person_id, kind=kind, subject=subject, data=data,
        created_at=clock.now(),
    )  # fmt: skip
    tx.execute(row.on_conflict_do_nothing(index_elements=["person_id", "kind", "subject"]))


def read(tx: Session, person_id: UUID, message_id: UUID, language: str) -> MessageOut:
    """Marks a message as read; again is no error. Raises MessageNotFound."""
    message = queries.get_message(tx, person_id, message_id)
    message.read_at = message.read_at or clock.now()
    tx.flush()
    return queries.message_out(message, language)

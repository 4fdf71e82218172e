"""Reads of the inbox."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit.page import Page, page
from app.notify import texts
from app.notify.errors import MessageNotFound
from app.notify.models import Message
from app.notify.schemas import MessageOut


def inbox(
    tx: Session, person_id: UUID, language: str, limit: int, cursor: str | None
) -> Page[MessageOut]:
    """A person's messages, newest first."""
    return page(
        tx,
        select(Message).where(Message.person_id == person_id),
        (Message.created_at, Message.id),
        limit=limit,
        cursor=cursor,
        filters=(person_id,),
        build=lambda row: message_out(row.Message, language),
    )


def unread(tx: Session, person_id: UUID) -> int:
    query = select(func.count()).where(Message.person_id == person_id, Message.read_at.is_(None))
    return tx.scalar(query) or 0


def get_message(tx: Session, person_id: UUID, message_id: UUID) -> Message:
    """Raises MessageNotFound, also for somebody else's."""
    query = select(Message).where(Message.id == message_id, Message.person_id == person_id)
    message = tx.scalar(query)
    if message is None:
        raise MessageNotFound
    return message


def message_out(message: Any, language: str) -> MessageOut:
    title, text = texts.render(message.kind, message.data, language)
    return MessageOut(
        id=message.id, kind=message.kind, subject=message.subject, title=title, text=text,
        created_at=message.created_at, read_at=message.read_at,
    )  # fmt: skip

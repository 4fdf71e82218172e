"""The staff action log: who did what to which object, written in the same transaction."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kit import clock
from app.kit.columns import At, CodeStr, Id, Json, Str
from app.kit.db import Base, insert_row
from app.kit.ids import new_id


class StaffAction(Base):
    """One write by staff, or one look at personal data; rows are never changed."""

    __tablename__ = "staff_actions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    at: Mapped[At]
    actor_id: Mapped[Id | None]
    action: Mapped[CodeStr]
    object_kind: Mapped[CodeStr]
    object_id: Mapped[CodeStr]
    reason: Mapped[Str | None]
    detail: Mapped[Json]

    __table_args__ = (
        Index("ix_staff_actions_object", "object_kind", "object_id", "at"),
        Index("ix_staff_actions_actor", "actor_id", "at"),
    )


def record(
    tx: Session,
    actor_id: UUID | None,
    action: str,
    object_kind: str,
    object_id: UUID | str,
    *,
    reason: str | None = None,
    **detail: Any,
) -> None:
    """Adds a row; `actor_id` None is the command line or the worker. No personal data in detail."""
    insert_row(
        tx, StaffAction, id=new_id(), at=clock.now(), actor_id=actor_id, action=action,
        object_kind=object_kind, object_id=str(object_id), reason=reason, detail=detail,
    )  # fmt: skip

"""The inbox table."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Json
from app.kit.db import Base


class Message(Base):
    """One thing that a person is told; its text is a template of `kind`, filled with `data`."""

    __tablename__ = "messages"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[CodeStr]
    subject: Mapped[CodeStr]
    data: Mapped[Json]
    created_at: Mapped[At]
    read_at: Mapped[At | None]

    __table_args__ = (
        # Telling is at least once; this makes it once.
        UniqueConstraint("person_id", "kind", "subject"),
        Index("ix_messages_inbox", "person_id", "created_at", "id"),
    )

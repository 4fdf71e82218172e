"""The table of direct uploads."""

from datetime import timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, Id
from app.kit.db import Base

FORGOTTEN = timedelta(hours=24)


class Upload(Base):
    """A leave to put one photo into the object store; forgotten after a day, used or not."""

    __tablename__ = "uploads"

    id: Mapped[Id] = mapped_column(primary_key=True)
    owner_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]
    # Until then the store takes the photo; it may be completed for as long as the row stands.
    expires_at: Mapped[At]
    completed_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="times"),
        Index("ix_uploads_owner", "owner_id", "created_at"),
    )

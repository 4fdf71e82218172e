"""The table of a person's saved filters."""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json
from app.kit.db import Base


class SavedFilter(Base):
    """A named way of narrowing the staff queue, one's own."""

    __tablename__ = "saved_filters"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    name: Mapped[CodeStr]
    filters: Mapped[Json]
    position: Mapped[Int]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("person_id", "name"),
        CheckConstraint("position >= 1", name="position"),
    )

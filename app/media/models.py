"""The photo table."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Real
from app.kit.db import Base


class Photo(Base):
    """An uploaded photo: its sealed original and the two derivatives that people see."""

    __tablename__ = "photos"

    id: Mapped[Id] = mapped_column(primary_key=True)
    owner_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    # `report:<id>` or `move:<id>`; a photo is evidence once: one conditional write takes it.
    used_for: Mapped[CodeStr | None]
    content_type: Mapped[CodeStr]
    bytes: Mapped[Int]
    width: Mapped[Int]
    height: Mapped[Int]
    sha256: Mapped[CodeStr] = mapped_column(index=True)
    dhash: Mapped[CodeStr]
    taken_at: Mapped[At | None]
    lat: Mapped[Real | None]
    lng: Mapped[Real | None]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("length(sha256) = 64 AND length(dhash) = 16", name="hashes"),
        CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name="size"),
        CheckConstraint("(lat IS NULL) = (lng IS NULL)", name="place"),
        Index("ix_photos_owner", "owner_id", "created_at"),
    )

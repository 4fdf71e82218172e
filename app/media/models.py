"""The photo table."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Real
from app.kit.db import Base


class Verdict(StrEnum):
    """Whether what a reporter sent may be shown (内容安全); the history is a matter of `safety`."""

    PASSED = "passed"
    WAITING = "waiting"  # for a machine: only its reporter and the handling staff see it
    HELD = "held"  # for a person; seen by the same
    HIDDEN = "hidden"  # seen by nobody; kept as evidence


VERDICTS = f"verdict IN ({', '.join(repr(v.value) for v in Verdict)})"


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
    # The name of the files that others may see, covered by staff (遮挡); another each time.
    copy_id: Mapped[Id | None] = mapped_column(index=True)
    verdict: Mapped[CodeStr] = mapped_column(server_default=Verdict.PASSED.value)
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(VERDICTS, name="verdict"),
        CheckConstraint("length(sha256) = 64 AND length(dhash) = 16", name="hashes"),
        CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name="size"),
        CheckConstraint("(lat IS NULL) = (lng IS NULL)", name="place"),
        Index("ix_photos_owner", "owner_id", "created_at"),
    )

"""Tables of links and suspicions."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base

SUSPICIONS = ("same_bytes", "look_alike", "after_equals_before")


class CaseLink(Base):
    """Two cases that have to do with each other (关联); each pair once, the smaller id first."""

    __tablename__ = "case_links"

    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    other_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    note: Mapped[Str | None]
    created_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("case_id < other_id", name="ordered"),
        Index("ix_case_links_other", "other_id"),
    )


class Suspicion(Base):
    """A photo that was seen before: a flag for staff with its evidence, never a rejection."""

    __tablename__ = "suspicions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[CodeStr]
    photo_id: Mapped[Id] = mapped_column(ForeignKey("photos.id"))
    other_photo_id: Mapped[Id] = mapped_column(ForeignKey("photos.id"))
    # Of 64 bits of the perceptual hash, how many differ.
    distance: Mapped[Int]
    evidence: Mapped[Json]
    state: Mapped[CodeStr]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[At | None]
    note: Mapped[Str | None]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, SUSPICIONS))})", name="kind"),
        CheckConstraint("state IN ('open', 'confirmed', 'dismissed')", name="state"),
        CheckConstraint("distance BETWEEN 0 AND 64", name="distance"),
        CheckConstraint(
            "(state = 'open') = (decided_by IS NULL) AND (state = 'open') = (decided_at IS NULL)",
            name="decided",
        ),
        UniqueConstraint("photo_id", "other_photo_id"),
        Index("ix_suspicions_state", "state", "created_at", "id"),
    )


class Redaction(Base):
    """What staff covered in a photo (遮挡); with this row a copy of it may be shown to others."""

    __tablename__ = "redactions"

    photo_id: Mapped[Id] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    # [{"x": .., "y": .., "w": .., "h": ..}] in pixels of the display derivative; perhaps none.
    # With "found": true where the machine found a face, not staff.
    boxes: Mapped[Json]
    made_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[At]

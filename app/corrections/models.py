"""The table of corrections; nothing moves before a second person approves."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Str
from app.kit.db import Base
from app.rewards.rules import MOST_BY_HAND


class Correction(Base):
    """Points given by hand (`award`), taken back after settling (`reverse`), goods taken back.

    `source` is the award's id of a reversal, the redemption's of a `refund`, the till hold's of a
    `refund_hold`; an award by hand has its points and a case, an activity or another cause in
    `cause`.
    """

    __tablename__ = "corrections"

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[CodeStr]
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), index=True)
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    source: Mapped[CodeStr | None]
    points: Mapped[Int | None]
    # Award: what it is for, and the hours of an activity.
    event: Mapped[CodeStr | None]
    hours: Mapped[Int | None]
    # Refund: whether the goods go back on the shelf.
    restock: Mapped[Flag | None]
    cause: Mapped[Str]
    state: Mapped[CodeStr]
    proposed_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[At]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[At | None]
    decision: Mapped[Str | None]

    __table_args__ = (
        CheckConstraint("kind IN ('award', 'reverse', 'refund', 'refund_hold')", name="kind"),
        CheckConstraint(
            "(kind = 'award') = (points IS NOT NULL) AND (kind = 'award') = (source IS NULL)"
            " AND (kind = 'refund') = (restock IS NOT NULL)",
            name="what",
        ),
        CheckConstraint(f"points BETWEEN 1 AND {MOST_BY_HAND}", name="points"),
        CheckConstraint(
            "(kind = 'award') = (event IS NOT NULL) AND event IN"
            " ('manual.awarded', 'activity.attended', 'suggestion.adopted')",
            name="event",
        ),
        CheckConstraint(
            "(COALESCE(event, '') = 'activity.attended') = (hours IS NOT NULL)"
            " AND hours BETWEEN 1 AND 24",
            name="hours",
        ),
        CheckConstraint("state IN ('proposed', 'approved', 'declined')", name="state"),
        CheckConstraint(
            "decided_by <> proposed_by AND decided_by <> person_id AND proposed_by <> person_id",
            name="two_persons",
        ),
        CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL AND decided_at IS NULL)", name="decided"
        ),
        Index("ix_corrections_state", "state", "proposed_at"),
        Index("ix_corrections_source", "kind", "source"),
    )

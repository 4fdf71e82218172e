"""Tables of patrol plans, patrols, their tracks and findings."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Real, Str
from app.kit.db import Base


class PatrolPlan(Base):
    """Who walks which region on which weekdays (1 Monday .. 7 Sunday) between which hours."""

    __tablename__ = "patrol_plans"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Str]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    weekdays: Mapped[Json]
    starts: Mapped[CodeStr]
    ends: Mapped[CodeStr]
    # Spots to check in at: [{"name": .., "lat": .., "lng": ..}], WGS-84.
    stops: Mapped[Json]
    active: Mapped[Flag]
    created_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("length(starts) = 5 AND length(ends) = 5 AND starts < ends", name="hours"),
    )


class Patrol(Base):
    """One round: planned for a day, or begun unplanned."""

    __tablename__ = "patrols"

    id: Mapped[Id] = mapped_column(primary_key=True)
    plan_id: Mapped[Id | None] = mapped_column(ForeignKey("patrol_plans.id"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    day: Mapped[CodeStr]
    state: Mapped[CodeStr]
    due_at: Mapped[At]
    started_at: Mapped[At | None]
    ended_at: Mapped[At | None]
    distance_m: Mapped[Int]
    summary: Mapped[Str | None]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("plan_id", "day"),
        CheckConstraint("state IN ('planned', 'started', 'done', 'missed')", name="state"),
        CheckConstraint(
            "(state IN ('started', 'done')) = (started_at IS NOT NULL)"
            " AND (state = 'done') = (ended_at IS NOT NULL)",
            name="times",
        ),
        CheckConstraint("distance_m >= 0", name="distance"),
        Index("ix_patrols_state", "state", "due_at"),
        Index("ix_patrols_person", "person_id", "created_at", "id"),
    )


class PatrolPoint(Base):
    """A place on a patrol's way: a check-in, or a point of its track; WGS-84."""

    __tablename__ = "patrol_points"

    patrol_id: Mapped[Id] = mapped_column(ForeignKey("patrols.id"), primary_key=True)
    position: Mapped[Int] = mapped_column(primary_key=True)
    kind: Mapped[CodeStr]
    lat: Mapped[Real]
    lng: Mapped[Real]
    accuracy_m: Mapped[Real | None]
    stop: Mapped[Int | None]
    at: Mapped[At]

    __table_args__ = (CheckConstraint("kind IN ('check_in', 'track')", name="kind"),)


class PatrolFinding(Base):
    """A case that a patrol found."""

    __tablename__ = "patrol_findings"

    patrol_id: Mapped[Id] = mapped_column(ForeignKey("patrols.id"), primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    created_at: Mapped[At]

    __table_args__ = (UniqueConstraint("case_id"),)

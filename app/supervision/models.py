"""Tables of supervision orders and escalations."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base


class SupervisionOrder(Base):
    """A numbered order (督办单) to see to a case, which is answered in writing."""

    __tablename__ = "supervision_orders"

    id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[CodeStr] = mapped_column(unique=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    text: Mapped[Str]
    due_at: Mapped[At]
    state: Mapped[CodeStr]
    ordered_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    ordered_at: Mapped[At]
    answered_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    answered_at: Mapped[At | None]
    answer: Mapped[Str | None]

    __table_args__ = (
        CheckConstraint("state IN ('open', 'answered')", name="state"),
        CheckConstraint(
            "(state = 'answered') = (answered_by IS NOT NULL AND answered_at IS NOT NULL"
            " AND answer IS NOT NULL)",
            name="answered",
        ),
        CheckConstraint("answered_by <> ordered_by", name="two_persons"),
        Index("ix_supervision_orders_state", "state", "ordered_at", "id"),
    )


class SupervisionNumber(Base):
    """The last number of a district's supervision orders in a year."""

    __tablename__ = "supervision_numbers"

    district: Mapped[CodeStr] = mapped_column(primary_key=True)
    year: Mapped[Int] = mapped_column(primary_key=True)
    last: Mapped[Int]


class Escalation(Base):
    """A step up (升级) of an overdue clock: who was told at which level."""

    __tablename__ = "escalations"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    clock_id: Mapped[Id] = mapped_column(ForeignKey("case_clocks.id"))
    level: Mapped[Int]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    told: Mapped[Json]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("clock_id", "level"),
        CheckConstraint("level >= 1", name="level"),
    )

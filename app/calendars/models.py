"""Tables of a district's own days and working hours."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Int, Json, Str
from app.kit.db import Base


class CalendarDay(Base):
    """A day that a district declares working or free, on top of the national calendar."""

    __tablename__ = "calendar_days"

    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    day: Mapped[CodeStr] = mapped_column(primary_key=True)
    working: Mapped[Flag]
    name: Mapped[Str]

    __table_args__ = (CheckConstraint("length(day) = 10", name="day"),)


class WorkingHours(Base):
    """A district's working hours; `version` grows with every change of hours or days."""

    __tablename__ = "working_hours"

    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    # Pairs of texts, such as 08:00 and 12:00.
    spans: Mapped[Json]
    version: Mapped[Int]
    updated_at: Mapped[At]

    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

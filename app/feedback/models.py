"""Tables of ratings, follow-up calls and answer templates."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Str
from app.kit.db import Base


class Rating(Base):
    """What a reporter thinks of how their report ended (评价); once, and for good."""

    __tablename__ = "ratings"

    report_id: Mapped[Id] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    stars: Mapped[Int]
    reasons: Mapped[Json]
    text: Mapped[Str | None]
    created_at: Mapped[At]

    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),)


class FollowUp(Base):
    """A call to a reporter after the end (回访)."""

    __tablename__ = "follow_ups"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    actor_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    reached: Mapped[Flag]
    verdict: Mapped[CodeStr | None]
    text: Mapped[Str | None]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("verdict IN ('satisfied', 'partly', 'dissatisfied')", name="verdict"),
        CheckConstraint("reached = (verdict IS NOT NULL)", name="reached"),
    )


class AnswerTemplate(Base):
    """An official answer; the most specific one that fits is offered first."""

    __tablename__ = "answer_templates"

    id: Mapped[Id] = mapped_column(primary_key=True)
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    category_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("categories.code"))
    move: Mapped[CodeStr]
    # A reason's or an outcome's code.
    reason_code: Mapped[CodeStr | None]
    name: Mapped[Str]
    text: Mapped[Str]
    active: Mapped[Flag]
    updated_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    updated_at: Mapped[At]

    __table_args__ = (Index("ix_answer_templates_move", "move", "region_code"),)

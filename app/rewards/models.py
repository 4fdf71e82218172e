"""Tables of rules, caps and awards."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base

STATES = ("granted", "capped", "waiting", "settled", "voided")


class Rule(Base):
    """One version of a rule of earning; a change is a new version, never an edit."""

    __tablename__ = "reward_rules"

    id: Mapped[Id] = mapped_column(primary_key=True)
    code: Mapped[CodeStr]
    version: Mapped[Int]
    event: Mapped[CodeStr]
    name: Mapped[Str]
    name_en: Mapped[Str]
    points: Mapped[Int]
    day_cap: Mapped[Int]
    month_cap: Mapped[Int]
    validity_days: Mapped[Int | None]
    fund_id: Mapped[Id] = mapped_column(ForeignKey("funds.id"))
    effective_from: Mapped[At]
    effective_to: Mapped[At | None]

    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("day_cap >= points AND month_cap >= day_cap", name="caps"),
        Index("ix_reward_rules_event", "event", "effective_from"),
    )


class CapCounter(Base):
    """Points of a person counted against a cap on one business day or in one month."""

    __tablename__ = "cap_counters"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    rule_code: Mapped[CodeStr] = mapped_column(primary_key=True)
    period: Mapped[CodeStr] = mapped_column(primary_key=True)
    used: Mapped[Int]
    cap: Mapped[Int]

    __table_args__ = (CheckConstraint("used BETWEEN 0 AND cap", name="within"),)


class Award(Base):
    """What one event earned one person, whether granted, capped, waiting, settled or voided."""

    __tablename__ = "awards"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    event: Mapped[CodeStr]
    source: Mapped[CodeStr]
    rule_id: Mapped[Id] = mapped_column(ForeignKey("reward_rules.id"))
    asked: Mapped[Int]
    points: Mapped[Int]
    state: Mapped[CodeStr]
    reason: Mapped[CodeStr]
    day: Mapped[CodeStr]
    inputs: Mapped[Json]
    # When it may be spent; set by the case's closing, so a late funding knows.
    due_at: Mapped[At | None]
    created_at: Mapped[At]
    updated_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("event", "source", "person_id"),
        CheckConstraint(f"state IN ({', '.join(repr(s) for s in STATES)})", name="state"),
        CheckConstraint("points BETWEEN 0 AND asked", name="points"),
        Index("ix_awards_person", "person_id", "created_at"),
        Index("ix_awards_source", "source"),
        Index("ix_awards_state", "state", "created_at"),
    )


class AwardChange(Base):
    """The history of an award; rows are never changed."""

    __tablename__ = "award_changes"

    id: Mapped[Id] = mapped_column(primary_key=True)
    award_id: Mapped[Id] = mapped_column(ForeignKey("awards.id"), index=True)
    state: Mapped[CodeStr]
    points: Mapped[Int]
    reason: Mapped[CodeStr]
    created_at: Mapped[At]

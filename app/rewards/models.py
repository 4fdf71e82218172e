"""Tables of rules, caps and awards."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.identity.models import Occupation, one_of
from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base

STATES = ("granted", "capped", "waiting", "settled", "voided", "reversed")


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
    # MM-DD: what is earned lasts to the end of such a day (年底清零), after its validity.
    expiry_day: Mapped[CodeStr | None]
    # A rule of one category (大类 or 小类) comes before the rule of all.
    category_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("categories.code"))
    # One spot, this many metres wide, pays one person once a day; None: spots do not matter.
    place_m: Mapped[Int | None]
    # Whom it pays, by how they earn a living; None: everybody.
    occupation: Mapped[CodeStr | None]
    # For which outcomes of a case; None: the usual ones.
    outcomes: Mapped[Json | None]
    fund_id: Mapped[Id] = mapped_column(ForeignKey("funds.id"))
    # Paused, it pays nothing and says so.
    paused_at: Mapped[At | None]
    effective_from: Mapped[At]
    effective_to: Mapped[At | None]

    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint(one_of("occupation", Occupation), name="occupation"),
        CheckConstraint("place_m BETWEEN 1 AND 10000", name="place"),
        CheckConstraint("expiry_day IS NULL OR length(expiry_day) = 5", name="expiry_day"),
        CheckConstraint("day_cap >= points AND month_cap >= day_cap", name="caps"),
        Index("ix_reward_rules_event", "event", "effective_from"),
    )


class Campaign(Base):
    """More points for an event that a fund pays, between two instants, while its budget lasts."""

    __tablename__ = "campaigns"

    id: Mapped[Id] = mapped_column(primary_key=True)
    code: Mapped[CodeStr] = mapped_column(unique=True)
    name: Mapped[Str]
    name_en: Mapped[Str]
    event: Mapped[CodeStr]
    # Whose money it spends: rules that pay from another fund know nothing of it.
    fund_id: Mapped[Id] = mapped_column(ForeignKey("funds.id"))
    percent: Mapped[Int]
    budget: Mapped[Int]
    used: Mapped[Int]
    begins_at: Mapped[At]
    ends_at: Mapped[At]
    created_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("percent BETWEEN 101 AND 1000", name="percent"),
        CheckConstraint("used BETWEEN 0 AND budget", name="budget"),
        # Equal when it was ended before it began: then it is in force at no moment.
        CheckConstraint("begins_at <= ends_at", name="dates"),
        Index("ix_campaigns_event", "event", "ends_at"),
    )


class CapCounter(Base):
    """Points of a person counted against a cap on one business day or in one month.

    Of a place (`place:..`) it counts awards, of which there is one a day.
    """

    __tablename__ = "cap_counters"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    rule_code: Mapped[CodeStr] = mapped_column(primary_key=True)
    period: Mapped[CodeStr] = mapped_column(primary_key=True)
    used: Mapped[Int]
    cap: Mapped[Int]

    __table_args__ = (CheckConstraint("used BETWEEN 0 AND cap", name="within"),)


class Award(Base):
    """What one event earned one person: granted, capped, waiting, settled, voided or reversed."""

    __tablename__ = "awards"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    event: Mapped[CodeStr]
    source: Mapped[CodeStr]
    rule_id: Mapped[Id] = mapped_column(ForeignKey("reward_rules.id"))
    # What a campaign added is in `points`; `bonus` says how much of it.
    campaign_id: Mapped[Id | None] = mapped_column(ForeignKey("campaigns.id"))
    bonus: Mapped[Int]
    asked: Mapped[Int]
    points: Mapped[Int]
    state: Mapped[CodeStr]
    reason: Mapped[CodeStr]
    day: Mapped[CodeStr]
    # Where it was earned; the fund's region may be wider.
    region_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"))
    inputs: Mapped[Json]
    # When it may be spent; set by the case's closing, so a late funding knows.
    due_at: Mapped[At | None]
    created_at: Mapped[At]
    updated_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("event", "source", "person_id"),
        CheckConstraint(f"state IN ({', '.join(repr(s) for s in STATES)})", name="state"),
        CheckConstraint("points BETWEEN 0 AND asked", name="points"),
        CheckConstraint("bonus BETWEEN 0 AND points", name="bonus"),
        CheckConstraint("bonus = 0 OR campaign_id IS NOT NULL", name="campaign"),
        Index("ix_awards_person", "person_id", "created_at"),
        Index("ix_awards_source", "source"),
        Index("ix_awards_state", "state", "created_at"),
        # 公示: what is announced and not yet spendable.
        Index("ix_awards_announced", "state", "due_at"),
        # What a rule would have paid in a month.
        Index("ix_awards_day", "event", "day"),
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


class Objection(Base):
    """Somebody says that an award is not deserved: its points wait until another person decides."""

    __tablename__ = "objections"

    id: Mapped[Id] = mapped_column(primary_key=True)
    award_id: Mapped[Id] = mapped_column(ForeignKey("awards.id"), index=True)
    raised_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[Str]
    state: Mapped[CodeStr]
    raised_at: Mapped[At]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[At | None]
    decision: Mapped[Str | None]

    __table_args__ = (
        UniqueConstraint("award_id", "raised_by"),
        CheckConstraint("state IN ('open', 'upheld', 'dismissed')", name="state"),
        CheckConstraint("decided_by <> raised_by", name="two_persons"),
        CheckConstraint(
            "(state = 'open') = (decided_by IS NULL AND decided_at IS NULL AND decision IS NULL)",
            name="decided",
        ),
        Index("ix_objections_state", "state", "raised_at"),
    )

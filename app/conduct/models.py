"""Tables of conduct: blocks, what was sent on a day, and how far somebody is trusted."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Str
from app.kit.db import Base

REASONS = ("false_reports", "flooding", "abuse", "fraud", "other")
LEVELS = ("new", "trusted", "watched")


class Block(Base):
    """That a person may send no reports and photos (暂停上报). It ends by itself, or is lifted."""

    __tablename__ = "blocks"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    # The district in whose name it was made; it holds everywhere.
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    reason: Mapped[CodeStr]
    note: Mapped[Str]
    until: Mapped[At | None]
    created_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]
    lifted_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    lifted_at: Mapped[At | None]
    # Of the person's openid, keyed, while it holds: it goes on for whoever comes back.
    mark: Mapped[CodeStr | None] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint(f"reason IN {REASONS}", name="reason"),
        CheckConstraint("until > created_at", name="until"),
        CheckConstraint("(lifted_by IS NULL) = (lifted_at IS NULL)", name="lifted"),
        Index("ix_blocks_person", "person_id", "created_at"),
        Index("ix_blocks_region", "region_code", "created_at", "id"),
    )


class DailyUse(Base):
    """How much one person sent on one business day; counted by one statement, exact for all."""

    __tablename__ = "daily_uses"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    kind: Mapped[CodeStr] = mapped_column(primary_key=True)
    day: Mapped[CodeStr] = mapped_column(primary_key=True)
    used: Mapped[Int]

    __table_args__ = (
        CheckConstraint("kind IN ('reports', 'photo_bytes')", name="kind"),
        CheckConstraint("used > 0", name="used"),
        Index("ix_daily_uses_day", "day"),
    )


class Standing(Base):
    """What a person's reports of late amount to (信用等级); `renew_at` is when it may change."""

    __tablename__ = "standings"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    verified: Mapped[Int]
    false_reports: Mapped[Int]
    level: Mapped[CodeStr]
    counted_at: Mapped[At]
    renew_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint("verified >= 0 AND false_reports >= 0", name="counts"),
        Index("ix_standings_renew_at", "renew_at"),
        Index("ix_standings_level", "level", "counted_at", "person_id"),
    )

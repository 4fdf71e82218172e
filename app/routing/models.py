"""Tables of rule sets, which are published whole and never changed, and of decisions."""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import carrying
from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base

SOURCES = ("report", "patrol", "split")


class RuleSet(Base):
    """One version of a district's ordered rules."""

    __tablename__ = "routing_rulesets"

    district: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    version: Mapped[Int] = mapped_column(primary_key=True)
    note: Mapped[Str | None]
    published_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    published_at: Mapped[At]

    __table_args__ = (CheckConstraint("version >= 1", name="version"),)


class RoutingRule(Base):
    """Conditions that must all hold, and the post or unit that then gets the case."""

    __tablename__ = "routing_rules"

    district: Mapped[CodeStr] = mapped_column(primary_key=True)
    version: Mapped[Int] = mapped_column(primary_key=True)
    position: Mapped[Int] = mapped_column(primary_key=True)
    name: Mapped[Str]
    # A 大类 holds for its 小类 too.
    category_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("categories.code"))
    net_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("nets.code"))
    region_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"))
    source: Mapped[CodeStr | None]
    # Weekdays 1..7, none for every day. Hours may pass midnight.
    weekdays: Mapped[Json]
    starts: Mapped[CodeStr | None]
    ends: Mapped[CodeStr | None]
    post_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("posts.code"))
    unit_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("units.code"))

    __table_args__ = (
        ForeignKeyConstraint(
            ["district", "version"], ["routing_rulesets.district", "routing_rulesets.version"]
        ),
        CheckConstraint("(post_code IS NULL) <> (unit_code IS NULL)", name="target"),
        CheckConstraint("(starts IS NULL) = (ends IS NULL)", name="hours"),
        CheckConstraint(f"source IN ({', '.join(map(repr, SOURCES))})", name="source"),
        CheckConstraint("position >= 1", name="position"),
    )


class RoutingDecision(Base):
    """Why a case went where it went: at its opening, its filing and its correction."""

    __tablename__ = "routing_decisions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"))
    reason: Mapped[CodeStr]
    explained: Mapped[Json]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("reason IN ('opened', 'corrected', 'filed')", name="reason"),
        Index("ix_routing_decisions_case", "case_id", "created_at"),
    )


class RoutingStamp(Base):
    """Triggers put another sum of stamps here when anything that decides is written.

    Regions and the map, groupings, posts, appointments, shifts, leave, the state of people,
    categories and their terms, sets of rules.
    """

    __tablename__ = "routing_stamps"

    stamp: Mapped[Int] = mapped_column(primary_key=True, autoincrement=False)

    __table_args__ = {"info": carrying.STAYS}

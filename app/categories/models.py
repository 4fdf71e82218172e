"""Tables of categories and plain choices."""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Real, Str
from app.kit.db import Base


class Category(Base):
    """A 大类 (no parent) or 小类 of the national code table, as this district uses it."""

    __tablename__ = "categories"

    code: Mapped[CodeStr] = mapped_column(primary_key=True)
    parent_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("categories.code"))
    national_code: Mapped[CodeStr]
    kind: Mapped[CodeStr]
    name: Mapped[Str]
    name_en: Mapped[Str]
    hazard: Mapped[Flag]
    # Hours of working time or of all time, as `clock` says; a district's terms come first.
    clock: Mapped[CodeStr] = mapped_column(server_default="continuous")
    due_hours: Mapped[Int]
    accept_hours: Mapped[Int]
    # 临时防护: until the spot is guarded; None where nothing needs to be.
    safe_hours: Mapped[Int | None]
    check_hours: Mapped[Int] = mapped_column(server_default="24")
    net_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("nets.code"))
    duplicate_radius_m: Mapped[Int]
    filing_condition: Mapped[Str]
    version: Mapped[Int]
    source: Mapped[Str]
    verified: Mapped[Flag]
    active: Mapped[Flag]
    updated_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("kind IN ('component', 'event')", name="kind"),
        CheckConstraint("due_hours > 0 AND accept_hours > 0", name="hours"),
        CheckConstraint("clock IN ('working', 'continuous')", name="clock"),
        CheckConstraint("check_hours > 0 AND (safe_hours IS NULL OR safe_hours > 0)", name="spans"),
        UniqueConstraint("kind", "national_code"),
    )


class PlainChoice(Base):
    """What a reporter taps ("井盖问题"); the 小类 is set by staff when the case is filed."""

    __tablename__ = "plain_choices"

    code: Mapped[CodeStr] = mapped_column(primary_key=True)
    name: Mapped[Str]
    name_en: Mapped[Str]
    category_code: Mapped[CodeStr] = mapped_column(ForeignKey("categories.code"))
    position: Mapped[Int]


class CategoryKeyword(Base):
    """A word that speaks for a category before anything was learnt, and how strongly."""

    __tablename__ = "category_keywords"

    word: Mapped[CodeStr] = mapped_column(primary_key=True)
    category_code: Mapped[CodeStr] = mapped_column(ForeignKey("categories.code"), primary_key=True)
    # Adds to the log odds of the category.
    weight: Mapped[Real]

    __table_args__ = (
        CheckConstraint("length(word) BETWEEN 1 AND 40", name="word"),
        # The upper end also keeps out PostgreSQL's NaN, which is greater than any number.
        CheckConstraint("weight > 0 AND weight <= 10", name="weight"),
    )


class CategoryTerms(Base):
    """What a district made of a category: one immutable version; None leaves the default."""

    __tablename__ = "category_terms"

    category_code: Mapped[CodeStr] = mapped_column(ForeignKey("categories.code"), primary_key=True)
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    version: Mapped[Int] = mapped_column(primary_key=True)
    net_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("nets.code"))
    # At which level of the tree it is handled (分级办理); None is the grid's own.
    level: Mapped[Int | None]
    unit_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("units.code"))
    clock: Mapped[CodeStr | None]
    accept_hours: Mapped[Int | None]
    safe_hours: Mapped[Int | None]
    due_hours: Mapped[Int | None]
    check_hours: Mapped[Int | None]
    most_returns: Mapped[Int | None]
    hazard: Mapped[Flag | None]
    duplicate_radius_m: Mapped[Int | None]
    filing_condition: Mapped[Str | None]
    # [{"code": .., "text": .., "kind": "text|number|choice|flag", "choices": [..], "required": ..}]
    questions: Mapped[Json]
    set_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    set_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("clock IN ('working', 'continuous')", name="clock"),
        CheckConstraint(
            "accept_hours > 0 AND due_hours > 0 AND safe_hours > 0 AND check_hours > 0",
            name="hours",
        ),
        CheckConstraint("most_returns BETWEEN 0 AND 9", name="most_returns"),
        CheckConstraint("level BETWEEN 0 AND 9 AND version >= 1", name="level"),
    )


class SuggestionModel(Base):
    """The newest model that suggests a category, learnt from a district's own closed cases."""

    __tablename__ = "suggestion_models"

    district: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    cases: Mapped[Int]
    model: Mapped[Json]
    trained_at: Mapped[At]

    __table_args__ = (CheckConstraint("cases >= 0", name="cases"),)

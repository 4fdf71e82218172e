"""Tables of categories and plain choices."""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Int, Str
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
    # Continuous hours; working time and further clocks come as data of their own.
    due_hours: Mapped[Int]
    accept_hours: Mapped[Int]
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

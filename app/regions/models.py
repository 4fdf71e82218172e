"""The region table; a grid is a region too, so a role granted for either means the same."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Int, Str
from app.kit.db import Base


class Region(Base):
    """One node of the tree. `path` is `/root/../code/`, so a subtree is a range of paths."""

    __tablename__ = "regions"

    code: Mapped[CodeStr] = mapped_column(primary_key=True)
    parent_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"), index=True)
    path: Mapped[CodeStr] = mapped_column(unique=True)
    level: Mapped[Int]
    kind: Mapped[Str]
    name: Mapped[Str]
    official_name: Mapped[Str]
    updated_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("level >= 0 AND level <= 9", name="level"),
        CheckConstraint("(level = 0) = (parent_code IS NULL)", name="root"),
        CheckConstraint("parent_code <> code", name="own_parent"),
    )


class Grouping(Base):
    """Regions that work together beside the tree, such as 联村: several villages, one committee."""

    __tablename__ = "groupings"

    code: Mapped[CodeStr] = mapped_column(primary_key=True)
    name: Mapped[Str]
    kind: Mapped[CodeStr]
    district: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    updated_at: Mapped[At]

    __table_args__ = (CheckConstraint("kind IN ('joint_villages', 'other')", name="kind"),)


class GroupingRegion(Base):
    """A region of a grouping."""

    __tablename__ = "grouping_regions"

    grouping_code: Mapped[CodeStr] = mapped_column(ForeignKey("groupings.code"), primary_key=True)
    region_code: Mapped[CodeStr] = mapped_column(
        ForeignKey("regions.code"), primary_key=True, index=True
    )

"""The polygons of the basic grids, and the version of the whole set."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, Bytes, CodeStr, Int
from app.kit.db import Base


class Grid(Base):
    """A basic grid (网格): a region with a polygon (WKB, WGS-84) that owns the spots inside it."""

    __tablename__ = "grids"

    code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    net: Mapped[Int | None]
    shape: Mapped[Bytes]
    updated_at: Mapped[At]


class GridVersion(Base):
    """One row that grows with every import: processes reload their index when it changes."""

    __tablename__ = "grid_version"

    id: Mapped[Int] = mapped_column(primary_key=True)
    version: Mapped[Int]

    __table_args__ = (CheckConstraint("id = 1", name="single"),)

"""Reads of the region tree."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement

from app.kit.columns import CodeText
from app.regions.errors import RegionNotFound
from app.regions.models import Grouping, GroupingRegion, Region
from app.regions.schemas import GroupingOut

PathColumn = InstrumentedAttribute[str] | ColumnElement[str]


def get_region(tx: Session, code: str) -> Region:
    """Raises RegionNotFound."""
    region = tx.get(Region, code)
    if region is None:
        raise RegionNotFound
    return region


def children(tx: Session, parent: str | None) -> list[Region]:
    """The regions right below `parent` (the roots for None), in the order of their codes."""
    query = select(Region).where(Region.parent_code == parent).order_by(Region.code)
    return list(tx.scalars(query))


def under(column: PathColumn, path: str) -> ColumnElement[bool]:
    """Whether a path lies in the subtree of `path`.

    A range instead of LIKE: it uses the plain index on both databases. '0' follows '/' in ASCII.
    """
    return and_(column >= path, column < path.removesuffix("/") + "0")


@cache
def under_any(column: PathColumn, count: int) -> ColumnElement[bool]:
    """Whether a path lies in one of `count` subtrees, whose values `spans` gives; built once."""
    ranges = (
        and_(
            column >= bindparam(f"from_{i}", type_=CodeText),
            column < bindparam(f"to_{i}", type_=CodeText),
        )
        for i in range(count)
    )
    return or_(false(), *ranges)


def spans(paths: Sequence[str]) -> dict[str, str]:
    """The values of `under_any` for these subtrees."""
    low = {f"from_{i}": path for i, path in enumerate(paths)}
    high = {f"to_{i}": path.removesuffix("/") + "0" for i, path in enumerate(paths)}
    return low | high


class OnPath(FunctionElement[bool]):
    """Whether a code is one of those that a path names: `OnPath(Region.code, path)` is true for the
    region with this path and for those above it. The path may be read in the same statement."""

    # Without a type: SQLite would be asked whether a Boolean is 1, and use no index.
    inherit_cache = True


@compiles(OnPath, "postgresql")
def _on_path_of_array(element: OnPath, compiler: Any, **how: Any) -> str:
    code, path = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{code} IN (SELECT unnest(string_to_array({path}, '/')))"


@compiles(OnPath, "sqlite")
def _on_path_of_json(element: OnPath, compiler: Any, **how: Any) -> str:
    code, path = (compiler.process(clause, **how) for clause in element.clauses)
    # Codes are letters, digits, dots, dashes and underscores: nothing of them means anything here.
    listed = f"json_each('[\"' || replace({path}, '/', '\",\"') || '\"]')"
    return f"{code} IN (SELECT value FROM {listed})"  # noqa: S608 - of compiled parts


def roots(tx: Session) -> list[str]:
    """The codes of the districts, in order."""
    return list(tx.scalars(select(Region.code).where(Region.level == 0).order_by(Region.code)))


def all_paths(tx: Session) -> dict[str, str]:
    """Code -> path of every region."""
    rows: Any = tx.execute(select(Region.code, Region.path))
    return dict(rows.all())


def root_of(path: str) -> str:
    """The district's code in a path."""
    return path.split("/", 2)[1]


def members(tx: Session, grouping: str) -> list[Region]:
    """The regions of a grouping, in the order of their codes; none for an unknown one."""
    query = select(Region).join(GroupingRegion, GroupingRegion.region_code == Region.code)
    return list(
        tx.scalars(query.where(GroupingRegion.grouping_code == grouping).order_by(Region.code))
    )


def groupings(
    tx: Session, district: str | None = None, code: str | None = None
) -> list[GroupingOut]:
    """The groupings (of a district, or the one with this code) with their members, by code."""
    query = select(Grouping).order_by(Grouping.code)
    if district is not None:
        query = query.where(Grouping.district == district)
    if code is not None:
        query = query.where(Grouping.code == code)
    found = {grouping.code: grouping for grouping in tx.scalars(query)}
    inside: dict[str, list[str]] = {grouping: [] for grouping in found}
    of_these = select(GroupingRegion).where(GroupingRegion.grouping_code.in_(found))
    for member in tx.scalars(of_these.order_by(GroupingRegion.region_code)):
        inside[member.grouping_code].append(member.region_code)
    return [
        GroupingOut(
            code=g.code, name=g.name, kind=g.kind, district=g.district, region_codes=inside[g.code]
        )
        for g in found.values()
    ]

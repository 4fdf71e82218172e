"""What a region and a category tell a decision, and who is around, in one statement."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, func, literal_column, select, union_all
from sqlalchemy.orm import Session, aliased

from app.categories import queries as categories
from app.categories.models import Category, CategoryTerms
from app.grids.models import GridVersion
from app.kit.columns import CodeText
from app.kit.db import core
from app.posts import queries as posts
from app.posts.queries import Holder
from app.regions.models import Region
from app.routing import recall
from app.routing.models import RuleSet

_CODE = bindparam("code", type_=CodeText)
_ROOT = aliased(Region)
_CATEGORY = bindparam("category", type_=CodeText)
# One statement for all that a region and a category tell: each costs more than what it reads.
_SPOT = (
    select(
        func.coalesce(select(GridVersion.version).scalar_subquery(), 0).label("grids_version"),
        Region.path, RuleSet.version, RuleSet.published_at, Category.parent_code,
        case((categories.FILED, categories.NET)).label("net_code"), CategoryTerms.level,
        CategoryTerms.unit_code,
    )
    .outerjoin(
        _ROOT,
        _ROOT.parent_code.is_(None)
        & (func.substr(Region.path, 1, func.length(_ROOT.path)) == _ROOT.path),
    )
    .outerjoin(RuleSet, RuleSet.district == _ROOT.code)
    .outerjoin(Category, Category.code == _CATEGORY)
    .outerjoin(CategoryTerms, categories.newest_of(_ROOT.code) & categories.FILED)
    .where(Region.code == _CODE)
    .order_by(RuleSet.version.desc())
    .limit(1)
    .subquery("spot")
)  # fmt: skip


def _nothing(of: Any) -> list[ColumnElement[Any]]:
    return [literal_column("NULL", column.type) for column in of]


# And in the same statement who is around, if the region's path is the one that it had.
_SCENE = union_all(
    select(*_nothing(posts.AROUND.selected_columns), *_SPOT.c),
    posts.AROUND.add_columns(*_nothing(_SPOT.c)),
)
_OF_HOLDER = len(posts.AROUND.selected_columns)
# The path that each region was last seen with. The database tells when it has another one now.
_paths: dict[str, str] = {}


class Setting(NamedTuple):
    """What a region and a category tell, and the version of the map at that moment."""

    grids_version: int
    path: str
    # The district's newest set of rules; None before the first.
    rule_version: int | None
    published_at: datetime | None
    # The 大类 of the category; its net, and in the district its level (分级办理) and unit.
    parent: str | None
    net_code: str | None
    level: int | None
    unit_code: str | None
    # Who holds a post on the path; None where the path was not known before.
    holders: list[Holder] | None = None


def find_setting(tx: Session, code: str, category: str | None, at: datetime) -> Setting | None:
    """All that a decision asks of a region and a category; None for a region that is nowhere."""
    era = recall.era(tx, at)
    known: Setting | None = era.settings.get((code, category)) if era is not None else None
    if era is not None and known is not None and known.path in era.rows:
        return known._replace(holders=posts.read(era.rows[known.path], at))
    path = _paths.get(code, "")
    values = {"code": code, "category": category, "path": path, **posts.around(path, at)}
    rows: Any = core(tx).execute(_SCENE, values).all()
    near = [row[:_OF_HOLDER] for row in rows if row[0] is not None]
    if len(near) == len(rows):
        return None
    setting = next(Setting(*row[_OF_HOLDER:]) for row in rows if row[0] is None)
    if setting.path != path:
        _paths[code] = setting.path
        return setting
    if era is not None:
        era.settings[code, category], era.rows[path] = setting, near
    return setting._replace(holders=posts.read(near, at))

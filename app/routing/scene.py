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
# Short names: psycopg keeps no statement of more than 4,096 characters parsed.
_ROOT, _SELF = aliased(Region, name="root"), aliased(Region, name="self")
_RULES = aliased(RuleSet, name="rules")
_CATEGORY = bindparam("category", type_=CodeText)
# Written out, so that they are no parameters.
_NONE: Any = literal_column("0")
_ONE: Any = literal_column("1")
# One statement for all that a region and a category tell: each costs more than what it reads.
_SETTING = (
    select(
        func.coalesce(select(GridVersion.version).scalar_subquery(), _NONE).label("grids_version"),
        Region.path, _RULES.version, _RULES.published_at, Category.parent_code,
        case((categories.FILED, categories.NET)).label("net_code"), CategoryTerms.level,
        CategoryTerms.unit_code,
    )
    .select_from(Region)
    .outerjoin(
        _ROOT,
        _ROOT.parent_code.is_(None)
        & (func.substr(Region.path, _ONE, func.length(_ROOT.path)) == _ROOT.path),
    )
    .outerjoin(_RULES, _RULES.district == _ROOT.code)
    .outerjoin(Category, Category.code == _CATEGORY)
    .outerjoin(CategoryTerms, categories.newest_of(_ROOT.code) & categories.FILED)
    .where(Region.code == _CODE)
    .order_by(_RULES.version.desc())
    .limit(_ONE)
)  # fmt: skip


def _nothing(of: Any) -> list[ColumnElement[Any]]:
    return [literal_column("NULL", column.type) for column in of]


def _scene(stamp: tuple[Any, ...]) -> Any:
    """And in the same statement who is around, and the stamp under which all of it is true."""
    spot = _SETTING.add_columns(*stamp).subquery("spot").c
    return union_all(
        select(*_nothing(_AROUND.selected_columns), *spot), _AROUND.add_columns(*_nothing(spot))
    )


_AROUND = posts.around(select(_SELF.path).where(_SELF.code == _CODE).scalar_subquery())
_OF_HOLDER, _OF_STAMP = len(_AROUND.selected_columns), -2
_SCENE = {engine: _scene(stamp) for engine, stamp in recall.STAMP.items()}


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
    # Who holds a post on the path.
    holders: list[Holder] = []


def find_setting(tx: Session, code: str, category: str | None, at: datetime) -> Setting | None:
    """All that a decision asks of a region and a category; None for a region that is nowhere."""
    key = code, category
    known = recall.known(tx, key, at)
    if known is not None:
        return known[0]._replace(holders=posts.read(known[1], at))  # type: ignore[no-any-return]
    connection = core(tx)
    values = {"code": code, "category": category, **posts.moment(at)}
    rows: Any = connection.execute(_SCENE[connection.dialect.name], values).all()
    near = [row[:_OF_HOLDER] for row in rows if row[0] is not None]
    if len(near) == len(rows):
        return None
    spot = next(row[_OF_HOLDER:] for row in rows if row[0] is None)
    setting = Setting(*spot[:_OF_STAMP])
    recall.remember(tx, key, at, setting, near, *spot[_OF_STAMP:])
    return setting._replace(holders=posts.read(near, at))

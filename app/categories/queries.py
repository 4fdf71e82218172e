"""Reads of categories, and of the terms that a district gave them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    and_,
    bindparam,
    column,
    func,
    select,
    table,
)
from sqlalchemy.orm import Session, aliased

from app.categories.errors import CategoryUnknown
from app.categories.models import (
    Category,
    CategoryKeyword,
    CategoryTerms,
    PlainChoice,
    SuggestionModel,
)
from app.categories.suggest import Keyword
from app.kit.columns import CodeText, FlagType
from app.kit.db import core
from app.regions.models import Region
from app.regions.queries import get_region, root_of, roots, under

MOST_RETURNS = 3


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a category in a district; hours are counted as `clock` says."""

    category_code: str
    name: str
    version: str  # of the category, and of the district's own terms: "C0101/1+500152000000/3"
    net_code: str | None
    level: int | None  # of the tree where it is handled (分级办理); None: where it lies
    unit_code: str | None
    clock: str  # "working" | "continuous"
    accept_hours: int
    safe_hours: int | None  # 临时防护
    due_hours: int
    check_hours: int
    most_returns: int
    hazard: bool
    duplicate_radius_m: int
    filing_condition: str
    questions: list[Any]


def get_category(tx: Session, code: str) -> Category:
    """A 小类 in use. Raises CategoryUnknown, also for a 大类: cases are filed under a 小类."""
    category = tx.get(Category, code)
    if category is None or not category.active or category.parent_code is None:
        raise CategoryUnknown
    return category


def find_category(tx: Session, code: str) -> Category | None:
    """A category in use, or None."""
    category = tx.get(Category, code)
    return category if category is not None and category.active else None


_CHOICE = select(PlainChoice.category_code).where(
    PlainChoice.code == bindparam("code", type_=CodeText)
)


def category_of_choice(tx: Session, code: str) -> str:
    """The category that a plain choice stands for at first. Raises CategoryUnknown."""
    category: str | None = core(tx).execute(_CHOICE, {"code": code}).scalar()
    if category is None:
        raise CategoryUnknown
    return category


_DISTRICT = bindparam("district", type_=CodeText)
# A 小类 in use: cases are filed under no other.
FILED = and_(Category.active, Category.parent_code.is_not(None))
NET = func.coalesce(CategoryTerms.net_code, Category.net_code)
_LATER = aliased(CategoryTerms)


def newest_of(district: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """What joins a category with the newest of the terms that a district gave it."""
    newest = select(func.max(_LATER.version)).where(
        _LATER.category_code == Category.code, _LATER.region_code == district
    )
    return and_(
        CategoryTerms.category_code == Category.code, CategoryTerms.region_code == district,
        CategoryTerms.version == newest.scalar_subquery(),
    )  # fmt: skip


# Field by field, in the order of Terms: the district's own, else the category's.
_OVERRIDING = ("clock", "accept_hours", "safe_hours", "due_hours", "check_hours")
_EFFECTIVE = select(
    Category.code,
    Category.name,
    Category.version.label("category_version"),
    CategoryTerms.version.label("terms_version"),
    NET,
    CategoryTerms.level,
    CategoryTerms.unit_code,
    *(func.coalesce(getattr(CategoryTerms, n), getattr(Category, n)) for n in _OVERRIDING),
    func.coalesce(CategoryTerms.most_returns, MOST_RETURNS),
    func.coalesce(CategoryTerms.hazard, Category.hazard),
    func.coalesce(CategoryTerms.duplicate_radius_m, Category.duplicate_radius_m),
    func.coalesce(CategoryTerms.filing_condition, Category.filing_condition),
    CategoryTerms.questions,
).outerjoin(CategoryTerms, newest_of(_DISTRICT))
_LAST = _EFFECTIVE.where(Category.code == bindparam("code", type_=CodeText))
_TERMS, _ALL = _LAST.where(FILED), _EFFECTIVE.where(FILED)


def find_terms(tx: Session, code: str, district: str) -> Terms | None:
    """What holds for a 小类 in use in a district (the code of its root region), or None."""
    row = core(tx).execute(_TERMS, {"code": code, "district": district}).first()
    return _as_terms(row, district) if row is not None else None


def last_terms(tx: Session, code: str, district: str) -> Terms:
    """As `find_terms`, also of a category that went out of use: what was filed goes on by them."""
    row = core(tx).execute(_LAST, {"code": code, "district": district}).one()
    return _as_terms(row, district)


def all_terms(tx: Session, district: str) -> dict[str, Terms]:
    """What holds for every 小类 in use in a district, by code."""
    rows = core(tx).execute(_ALL, {"district": district})
    return {row[0]: _as_terms(row, district) for row in rows}


def terms(tx: Session, code: str, district: str) -> Terms:
    """As `find_terms`. Raises CategoryUnknown, as `get_category`."""
    found = find_terms(tx, code, district)
    if found is None:
        raise CategoryUnknown
    return found


def _as_terms(row: Any, district: str) -> Terms:
    code, name, base, own, *fields, questions = row
    version = f"{code}/{base}" if own is None else f"{code}/{base}+{district}/{own}"
    values = (code, name, version, *fields, questions or [])
    return Terms(*values)


def district_of(tx: Session, region: str) -> str:
    """The district's code of any region. Raises RegionNotFound."""
    return root_of(get_region(tx, region).path)


def own_terms(tx: Session, code: str, district: str) -> list[CategoryTerms]:
    """Every version that a district wrote, newest first."""
    query = select(CategoryTerms).where(
        CategoryTerms.category_code == code, CategoryTerms.region_code == district
    )
    return list(tx.scalars(query.order_by(CategoryTerms.version.desc())))


def names(tx: Session) -> dict[str, str]:
    """Code -> name of every 小类 in use."""
    query = select(Category.code, Category.name)
    rows: Any = tx.execute(query.where(Category.active, Category.parent_code.is_not(None)))
    return dict(rows.all())


def district_here(tx: Session, region: str | None) -> str | None:
    """The district that is meant: a region's, or the only one there is. Raises RegionNotFound."""
    if region is not None:
        return district_of(tx, region)
    known = roots(tx)
    return known[0] if len(known) == 1 else None


_WORD = CategoryKeyword.__table__.c
_WORDS = select(_WORD.word, _WORD.category_code, _WORD.weight)


def keywords(tx: Session, *which: ColumnElement[bool]) -> list[Keyword]:
    """The words that speak for categories, whether in use or not; by word and category."""
    query = _WORDS.where(*which).order_by(_WORD.word, _WORD.category_code)
    return [Keyword(*row) for row in core(tx).execute(query)]


def suggestion_model(tx: Session, district: str) -> dict[str, Any] | None:
    """The counts that were learnt from a district's cases, or None."""
    found: dict[str, Any] | None = tx.scalar(
        select(SuggestionModel.model).where(SuggestionModel.district == district)
    )
    return found


# The posts' tables, by name: they stand on a floor above this one.
_NETS = table("nets", column("code", CodeText))
_UNITS = table(
    "units", column("code", CodeText), column("region_code", CodeText), column("active", FlagType)
)


def net_codes(tx: Session) -> set[str]:
    """The codes of all nets."""
    return set(tx.scalars(select(_NETS.c.code)))


def has_unit(tx: Session, district: str, code: str) -> bool:
    """Whether the district has this unit, in use."""
    query = select(_UNITS.c.code).join(Region, Region.code == _UNITS.c.region_code)
    mine = query.where(under(Region.path, f"/{district}/"))
    return tx.scalar(mine.where(_UNITS.c.code == code, _UNITS.c.active)) is not None


def has_level(tx: Session, district: str, level: int) -> bool:
    """Whether the district's tree has regions of a level."""
    mine = select(Region.code).where(Region.level == level, under(Region.path, f"/{district}/"))
    return tx.scalar(mine.limit(1)) is not None

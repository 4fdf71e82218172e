"""Choices, keywords and a district's terms as files: columns, and what stands in the tables."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.categories import queries
from app.categories.errors import (
    CategoryNotFound,
    CategoryUnknown,
    LevelUnknown,
    NetUnknown,
    RegionNotDistrict,
    UnitUnknown,
)  # fmt: skip
from app.categories.models import Category, CategoryKeyword, CategoryTerms, PlainChoice
from app.categories.schemas import ChoiceDraft, KeywordDraft, TermsDraft
from app.kit import drafts
from app.kit.drafts import Form, Meant, Table
from app.regions.errors import RegionUnknown

Kind = Literal["choices", "keywords", "terms"]
FORMS: dict[str, Form] = {
    "position": "whole", "level": "whole", "accept_hours": "whole", "safe_hours": "whole",
    "due_hours": "whole", "check_hours": "whole", "most_returns": "whole", "hazard": "flag",
    "duplicate_radius_m": "whole", "questions": "json",
}  # fmt: skip
CHOICES = Table(
    ChoiceDraft,
    ("code", "name", "name_en", "category_code", "position"),
    (),
    FORMS,
    {CategoryUnknown: "category_code"},
)
KEYWORDS = Table(
    KeywordDraft,
    ("category_code", "word", "weight"),
    (),
    {},
    {CategoryNotFound: "category_code"},
)
TERMS = Table(
    TermsDraft,
    ("region_code", "category_code"),
    (
        "net_code", "level", "unit_code", "clock", "accept_hours", "safe_hours", "due_hours",
        "check_hours", "most_returns", "hazard", "duplicate_radius_m", "filing_condition",
        "questions",
    ),
    FORMS,
    {
        CategoryNotFound: "category_code", NetUnknown: "net_code", UnitUnknown: "unit_code",
        LevelUnknown: "level", RegionUnknown: "region_code", RegionNotDistrict: "region_code",
    },
)  # fmt: skip
TABLES: dict[Kind, Table] = {"choices": CHOICES, "keywords": KEYWORDS, "terms": TERMS}


def of_category(words: dict[str, Any]) -> Meant:
    """Terms are those of a district for a category; without one they are nobody's."""
    return _meant(words, words.get("region_code"))


def of_keyword(words: dict[str, Any]) -> Meant:
    """A word speaks for a category, and may speak for several."""
    with suppress(KeyError, ValueError):
        words["weight"] = float(words["weight"])
    return _meant(words, words.get("word"))


def _meant(words: dict[str, Any], first: object) -> Meant:
    code = words.pop("category_code", None)
    faults = () if code else ("category_code 缺失或格式不对 missing or malformed",)
    return Meant(_key(first, code), code, faults)


def _key(first: object, category: object) -> str:
    return f"{first} {category}"


def current(tx: Session, kind: Kind) -> dict[str, dict[str, Any]]:
    """Every choice, keyword, or district's newest terms, as cells by the key of its row."""
    return CURRENT[kind](tx)


def _choices(tx: Session) -> dict[str, dict[str, Any]]:
    found = tx.scalars(select(PlainChoice).order_by(PlainChoice.position, PlainChoice.code))
    return {row.code: _cells(CHOICES, row) for row in found}


def _keywords(tx: Session) -> dict[str, dict[str, Any]]:
    rows = tx.scalars(
        select(CategoryKeyword)
        .join(Category, Category.code == CategoryKeyword.category_code)
        .where(queries.FILED)
        .order_by(CategoryKeyword.category_code, CategoryKeyword.word)
    )
    return {_key(row.word, row.category_code): _cells(KEYWORDS, row) for row in rows}


def _terms(tx: Session) -> dict[str, dict[str, Any]]:
    # Of categories in use only: for others no terms can be set.
    rows = tx.scalars(
        select(CategoryTerms)
        .join(Category, queries.newest_of(CategoryTerms.region_code))
        .where(queries.FILED)
        .order_by(CategoryTerms.region_code, CategoryTerms.category_code)
    )
    return {_key(row.region_code, row.category_code): _cells(TERMS, row) for row in rows}


def _cells(table: Table, row: Any) -> dict[str, Any]:
    names = table.draft.model_fields
    return drafts.cells(table, {name: getattr(row, name) for name in names})


def rows(tx: Session, kind: Kind) -> Iterator[dict[str, Any]]:
    """The rows of a file; `TABLES` has the columns."""
    for key, cells in current(tx, kind).items():
        yield cells | ({"code": key} if kind == "choices" else {"category_code": key.split()[-1]})


CURRENT: dict[Kind, Callable[[Session], dict[str, dict[str, Any]]]] = {
    "choices": _choices, "keywords": _keywords, "terms": _terms,
}  # fmt: skip

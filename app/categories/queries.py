"""Reads of categories."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.categories.errors import CategoryUnknown
from app.categories.models import Category, PlainChoice
from app.categories.schemas import CategoryList, CategoryOut, ChoiceOut
from app.kit.columns import CodeText
from app.kit.db import core


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


def catalogue(tx: Session) -> CategoryList:
    """All choices in their order and all categories in use by code."""
    choices = tx.scalars(select(PlainChoice).order_by(PlainChoice.position))
    categories = tx.scalars(select(Category).where(Category.active).order_by(Category.code))
    return CategoryList(
        choices=[ChoiceOut.model_validate(row) for row in choices],
        categories=[CategoryOut.model_validate(row) for row in categories],
    )

"""Categories and a district's terms as they are shown."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.categories import queries
from app.categories.errors import CategoryNotFound
from app.categories.models import Category, PlainChoice
from app.categories.queries import Terms
from app.categories.schemas import CategoryList, CategoryOut, ChoiceOut, EffectiveTerms, TermsOut


def catalogue(tx: Session, region: str | None = None) -> CategoryList:
    """All choices in their order and all categories in use by code.

    With a region, each 小类 has what holds for it in that region's district. Raises RegionNotFound.
    """
    held = queries.all_terms(tx, queries.district_of(tx, region)) if region is not None else {}
    choices = tx.scalars(select(PlainChoice).order_by(PlainChoice.position, PlainChoice.code))
    categories = tx.scalars(select(Category).where(Category.active).order_by(Category.code))
    return CategoryList(
        choices=[ChoiceOut.model_validate(row) for row in choices],
        categories=[_category_out(row, held.get(row.code)) for row in categories],
    )


def _category_out(category: Category, held: Terms | None) -> CategoryOut:
    fields = CategoryOut.model_fields.keys() - {"terms"}
    terms = _terms_out(held) if held is not None else None
    return CategoryOut(**{name: getattr(category, name) for name in fields}, terms=terms)


def _terms_out(held: Terms) -> EffectiveTerms:
    return EffectiveTerms(**{name: getattr(held, name) for name in EffectiveTerms.model_fields})


def versions(tx: Session, code: str, region: str) -> list[TermsOut]:
    """Every version of a category's terms that the district of a region wrote, newest first.

    Raises CategoryNotFound, RegionNotFound.
    """
    if tx.get(Category, code) is None:
        raise CategoryNotFound
    rows = queries.own_terms(tx, code, queries.district_of(tx, region))
    return [TermsOut.model_validate(row) for row in rows]

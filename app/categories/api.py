"""The categories, public; a district's own terms; and what a description may be about."""

from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from app.categories import service, views
from app.categories.errors import (
    CategoryNotFound,
    CategoryUnknown,
    LevelUnknown,
    NetUnknown,
    RegionNotDistrict,
    UnitUnknown,
)  # fmt: skip
from app.categories.schemas import (
    CategoryList,
    ChoiceDraft,
    ChoiceOut,
    KeywordList,
    KeywordsDraft,
    SuggestionDraft,
    SuggestionList,
    TermsDraft,
    TermsList,
    TermsOut,
)  # fmt: skip
from app.identity.access import Administrator, Reporter, Staff
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.regions.errors import RegionNotFound, RegionUnknown

router = Router(prefix="/v1/categories", tags=["categories 类别"])


@router.get("", responses=raises(RegionNotFound))
@in_transaction
def list_categories(
    tx: Session,
    region: Annotated[
        Code | None, Query(description="Any region's code: adds what holds in its district")
    ] = None,
) -> CategoryList:
    """What a reporter chooses from, and what staff file under."""
    return views.catalogue(tx, region)


@router.post("/suggestions", responses=raises(PersonOnly, RegionNotFound))
@in_transaction(write=False)
def suggest_categories(
    tx: Session,
    actor: Reporter,  # noqa: ARG001 - names who may ask
    body: SuggestionDraft,
) -> SuggestionList:
    """Up to three categories that a description may be about; a person decides."""
    return service.suggestions(tx, body)


@router.get(
    "/{code}/terms", responses=raises(PersonOnly, StaffOnly, CategoryNotFound, RegionNotFound)
)
@in_transaction
def list_category_terms(
    tx: Session,
    actor: Staff,  # noqa: ARG001 - names who may ask
    code: Code,
    region: Annotated[Code, Query(description="Any region's code: the terms of its district")],
) -> TermsList:
    """Every version of a district's own terms for a category, newest first."""
    return TermsList(items=views.versions(tx, code, region))


@router.put(
    "/{code}/terms",
    responses=raises(
        PersonOnly, RoleMissing, CategoryNotFound, RegionUnknown, RegionNotDistrict, NetUnknown,
        UnitUnknown, LevelUnknown,
    ),
)  # fmt: skip
@in_transaction
def set_category_terms(tx: Session, actor: Administrator, code: Code, body: TermsDraft) -> TermsOut:
    """Writes the next version of a district's own terms; what is left out is the category's."""
    return service.set_terms(tx, actor, code, body)


@router.get("/{code}/keywords", responses=raises(PersonOnly, StaffOnly, CategoryNotFound))
@in_transaction
def list_category_keywords(
    tx: Session,
    actor: Staff,  # noqa: ARG001 - names who may ask
    code: Code,
) -> KeywordList:
    """The words of a description that speak for a category, before anything was learnt."""
    return service.keywords(tx, code)


@router.put("/{code}/keywords", responses=raises(PersonOnly, RoleMissing, CategoryNotFound))
@in_transaction
def set_category_keywords(
    tx: Session, actor: Administrator, code: Code, body: KeywordsDraft
) -> KeywordList:
    """Replaces the words that speak for a category; for an administrator of every district."""
    return service.set_keywords(tx, actor, code, body)


@router.put("/choices/{code}", responses=raises(PersonOnly, RoleMissing, CategoryUnknown))
@in_transaction
def put_plain_choice(tx: Session, actor: Administrator, code: Code, body: ChoiceDraft) -> ChoiceOut:
    """Adds or replaces a plain choice of the reporters; for an administrator of every district."""
    return service.put_choice(tx, actor, code, body)

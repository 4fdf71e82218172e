"""Writes to the category tables: the seed, files, a district's terms, what was learnt."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.categories import imports, queries, suggest
from app.categories.errors import (
    CategoryNotFound,
    LevelUnknown,
    NetUnknown,
    RegionNotDistrict,
    UnitUnknown,
)  # fmt: skip
from app.categories.imports import Change, Row
from app.categories.models import (
    Category,
    CategoryKeyword,
    CategoryTerms,
    PlainChoice,
    SuggestionModel,
)
from app.categories.schemas import (
    ChoiceDraft,
    ChoiceOut,
    KeywordDraft,
    KeywordList,
    KeywordOut,
    KeywordsDraft,
    SuggestionDraft,
    SuggestionList,
    SuggestionOut,
    TermsDraft,
    TermsOut,
)
from app.identity.access import Actor
from app.identity.errors import RoleMissing
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.db import insert_for, insert_rows
from app.regions.errors import RegionUnknown
from app.regions.models import Region
from app.regions.queries import get_region, roots


def load_seed(tx: Session) -> int:
    """Adds the categories, choices and keywords that are absent, and says how many.

    A district's own edits are left alone. Nets are loaded apart from categories: without them the
    categories stand in none, and the next call puts those in their nets that are as they came.
    """
    nets, added = queries.net_codes(tx), 0
    for row in imports.read_seed("categories"):
        net_code = row["net_code"] if row["net_code"] in nets else None
        known = tx.get(Category, row["code"])
        if known is None:
            tx.add(Category(**row | {"net_code": net_code}, updated_at=clock.now()))
            added += 1
        elif known.net_code is None and known.version == row["version"]:
            known.net_code = net_code
    tx.flush()
    for row in imports.read_seed("choices"):
        if tx.get(PlainChoice, row["code"]) is None:
            tx.add(PlainChoice(**row))
            added += 1
    tx.flush()
    return added + _load_keywords(tx)


def _load_keywords(tx: Session) -> int:
    known = {(keyword.word, keyword.code) for keyword in queries.keywords(tx)}
    rows = imports.read_seed("keywords")
    absent = [row for row in rows if (row["word"], row["category_code"]) not in known]
    if absent:
        insert_rows(tx, CategoryKeyword, absent)
    return len(absent)


def apply(tx: Session, actor_id: UUID | None, rows: Sequence[Row]) -> list[Change]:
    """Imports the rows and tells what changed; each change raises its category's version by one.

    `actor_id` None is the command line. Raises CategoryFileInvalid.
    """
    # Main categories first, since the others point at them, and always in the same order.
    ordered = sorted(rows, key=lambda row: (row["parent_code"] is not None, row["code"]))
    codes = [row["code"] for row in ordered]
    locked = select(Category).where(Category.code.in_(codes)).order_by(Category.code)
    known = {c.code: c for c in tx.scalars(locked.with_for_update(key_share=True))}
    changes = imports.plan(tx, ordered)
    for row, change in zip(ordered, changes, strict=True):
        if change.kind == "unchanged":
            continue
        _put(tx, known.get(change.code), row, change)
        fields = list(change.fields)
        actions.record(
            tx, actor_id, f"category.{change.kind}", "category", change.code, fields=fields
        )
    tx.flush()
    return changes


def _put(tx: Session, known: Category | None, row: Row, change: Change) -> None:
    if known is None:
        tx.add(Category(**row, updated_at=clock.now()))
        # One by one: a 小类 of the same file may point at this row.
        tx.flush()
        return
    for name in change.fields:
        setattr(known, name, row[name])
    known.version += 1
    known.updated_at = clock.now()


def set_terms(tx: Session, actor: Actor, code: str, draft: TermsDraft) -> TermsOut:
    """Writes the next version of a district's terms; the same terms again are no new version.

    Raises CategoryNotFound, RegionUnknown, RoleMissing, RegionNotDistrict, NetUnknown,
    UnitUnknown, LevelUnknown.
    """
    _lock(tx, code)
    region = tx.get(Region, draft.region_code)
    if region is None:
        raise RegionUnknown
    if not actor.holds({Role.ADMINISTRATOR}, region.path):
        raise RoleMissing
    if region.level != 0:
        raise RegionNotDistrict
    _check_references(tx, region.code, draft)
    values = draft.model_dump(exclude={"region_code"})
    before = next(iter(queries.own_terms(tx, code, region.code)), None)
    if before is not None and all(getattr(before, n) == value for n, value in values.items()):
        return TermsOut.model_validate(before)
    row = CategoryTerms(
        category_code=code, region_code=region.code, version=before.version + 1 if before else 1,
        set_by=actor.person_id, set_at=clock.now(), **values,
    )  # fmt: skip
    tx.add(row)
    tx.flush()
    actions.record(
        tx, actor.person_id, "category.set", "category", code,
        region=region.code, version=row.version,
    )  # fmt: skip
    return TermsOut.model_validate(row)


def _lock(tx: Session, code: str) -> None:
    """Of two administrators of one category, one writes after the other."""
    category = tx.get(Category, code, with_for_update={"key_share": True})
    if category is None or not category.active or category.parent_code is None:
        raise CategoryNotFound


def _check_references(tx: Session, district: str, draft: TermsDraft) -> None:
    if draft.net_code is not None and draft.net_code not in queries.net_codes(tx):
        raise NetUnknown
    if draft.unit_code is not None and not queries.has_unit(tx, district, draft.unit_code):
        raise UnitUnknown
    if draft.level is not None and not queries.has_level(tx, district, draft.level):
        raise LevelUnknown


def put_choice(tx: Session, actor: Actor, code: str, draft: ChoiceDraft) -> ChoiceOut:
    """Adds or replaces a reporters' plain choice.

    Raises RoleMissing (all districts share them: for an administrator of every one),
    CategoryUnknown.
    """
    _refuse_part(tx, actor)
    queries.get_category(tx, draft.category_code)
    values = draft.model_dump()
    row = insert_for(tx, PlainChoice).values(code=code, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["code"], set_=values))
    actions.record(tx, actor.person_id, "choice.put", "choice", code)
    return ChoiceOut(code=code, **values)


def _refuse_part(tx: Session, actor: Actor) -> None:
    paths = [get_region(tx, district).path for district in roots(tx)]
    if not all(actor.holds({Role.ADMINISTRATOR}, path) for path in paths):
        raise RoleMissing


def keywords(tx: Session, code: str) -> KeywordList:
    """The words that speak for a category. Raises CategoryNotFound."""
    if tx.get(Category, code) is None:
        raise CategoryNotFound
    found = queries.keywords(tx, CategoryKeyword.category_code == code)
    return KeywordList(items=[KeywordOut(word=k.word, weight=k.weight) for k in found])


def put_keyword(tx: Session, actor: Actor, code: str, draft: KeywordDraft) -> None:
    """Adds a word of a category or gives it another weight. Raises as `set_keywords`."""
    _open_keywords(tx, actor, code)
    row = insert_for(tx, CategoryKeyword).values(category_code=code, **draft.model_dump())
    keys = ["word", "category_code"]
    tx.execute(row.on_conflict_do_update(index_elements=keys, set_={"weight": draft.weight}))


def set_keywords(tx: Session, actor: Actor, code: str, draft: KeywordsDraft) -> KeywordList:
    """Replaces all words of a category.

    Raises CategoryNotFound, RoleMissing (as `put_choice`).
    """
    _open_keywords(tx, actor, code)
    tx.execute(delete(CategoryKeyword).where(CategoryKeyword.category_code == code))
    rows = [{"category_code": code, **item.model_dump()} for item in draft.items]
    if rows:
        insert_rows(tx, CategoryKeyword, rows)
    return keywords(tx, code)


def _open_keywords(tx: Session, actor: Actor, code: str) -> None:
    _lock(tx, code)
    _refuse_part(tx, actor)
    actions.record(tx, actor.person_id, "keywords.put", "category", code)


def train(tx: Session, district: str, pairs: Iterable[tuple[str, str]]) -> int:
    """Learns from the (text, category) pairs of a district's closed cases, and says how many.

    The new model takes the old one's place. `district` is the code of a root region.
    """
    model = suggest.learn(pairs)
    cases: int = sum(model["cases"].values())
    values: dict[str, Any] = {"cases": cases, "model": model, "trained_at": clock.now()}
    row = insert_for(tx, SuggestionModel).values(district=district, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["district"], set_=values))
    return cases


def suggestions(tx: Session, draft: SuggestionDraft) -> SuggestionList:
    """What a description may be about, for a person to decide. Raises RegionNotFound."""
    district = queries.district_here(tx, draft.region_code)
    model = queries.suggestion_model(tx, district) if district is not None else None
    names = queries.names(tx)
    found = suggest.suggest(draft.text, model, queries.keywords(tx), among=names.keys())
    return SuggestionList(
        items=[
            SuggestionOut(code=s.code, name=names[s.code], confidence=s.confidence, why=s.why)
            for s in found
        ]
    )

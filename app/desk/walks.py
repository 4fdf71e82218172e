"""The statements of the staff queue: a walk on an index for each way of asking, built once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, literal_column, select
from sqlalchemy.orm import Session

from app.cases.models import SURELY_OPEN, WHILE_OPEN, Case, CaseScope
from app.cases.queries import CASES, visible_to
from app.desk import search
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.db import core
from app.kit.page import limited
from app.regions.models import Region
from app.regions.queries import under_any

_CASES: Any = Case.__table__
_SCOPES: Any = CaseScope.__table__
# So many texts are read in less than a millisecond, which is what a look at the index costs.
SAMPLE = 300
# So many take no longer than to ask the index twice.
SHORT = 1_500


@dataclass(frozen=True)
class Way:
    """All that the statement of a walk depends on; its values come with the page.

    `by` is whose cases: of a "scope", of some "scopes", of a "person" or of a "unit"; `narrowed`
    are names of `Filters`. `words` says how many words each case on the walk must hold; None: the
    cases come from the search itself. `listed`: each is looked up in what the search has found.
    `outside`: what lies in the regions that the actor holds is met on other walks.
    """

    by: str
    held: int
    limit: int
    sqlite: bool
    open: bool
    narrowed: frozenset[str]
    within: bool = False
    words: int | None = 0
    listed: bool = False
    newest: bool = False
    outside: bool = False

    @property
    def by_words_alone(self) -> bool:
        """Whether the words of a search say all: where a case lies, and that it is open."""
        return self.scoped and not self.narrowed

    @property
    def scoped(self) -> bool:
        """Whether cases are those of scopes."""
        return self.by.startswith("scope")

    @property
    def told(self) -> int:
        """For a page of how many the search itself tells the newest."""
        return self.limit if self.by_words_alone else 0


@lru_cache(maxsize=512)
def statement(way: Way, *, later: bool, ended: bool) -> Any:
    """The statement of a page: an index is walked, and the cases are read that it meets."""
    if way.newest and not way.sqlite:
        # Words have said all but that the actor sees it.
        query = CASES.where(visible_to(way.held), search.is_told(Case.id))
        return limited(query, (Case.created_at, Case.id), way.limit, later=later, ended=ended)
    walked, found = _walked(way)
    conditions = _conditions(way, walked.c, walked.name)
    if way.words is None:
        ids = (
            search.newest_ids(way.limit, later=later)
            if way.newest
            else search.found_ids(sqlite=way.sqlite)
        )
        hits = select(found.label("id"), walked.c.created_at).where(found.in_(ids), *conditions)
        return _of_hits(way, hits, later=later, ended=ended)
    query = CASES.where(visible_to(way.held), *conditions)
    if way.within:
        query = query.where(*_within())
    if walked is _SCOPES:
        query = query.join(walked, walked.c.case_id == Case.id)
    if way.listed:
        query = query.where(search.is_listed(found, sqlite=way.sqlite))
    elif way.words:
        if way.outside:
            # So that their texts are not read.
            held = select(Region.code).where(under_any(Region.path, way.held))
            query = query.where(Case.region_code.not_in(held))
        query = query.where(search.holds(found, way.words, sqlite=way.sqlite))
    return limited(query, (walked.c.created_at, found), way.limit, later=later, ended=ended)


def _walked(way: Way) -> tuple[Any, Any]:
    """The table whose index is walked, and its case's id."""
    table = _SCOPES if way.scoped else _CASES
    return table, table.c.case_id if table is _SCOPES else table.c.id


def glance(tx: Session, way: Way, given: Mapping[str, Any]) -> search.Hits | None:
    """How many cases a search finds, and where words say all also which; None where that is not
    asked: a page is full among the first SAMPLE cases of a walk, or the walk ends there; one that
    goes no further back than others have gone may be SHORT.

    PostgreSQL's index gathers all matches before it gives the first, so what is found often is
    found without it. SQLite's index gives the first at once, and several scopes would be sorted.
    """
    if way.sqlite or way.by == "scopes":
        return search.hits(tx, way.told, given)
    later, ended = "page_after" in given, "page_end" in given
    if ended:
        length = _length(way, later=later)
        lengths = (core(tx).scalar(length, {**given, "status": one}) for one in given["status"])
        if all(most <= SHORT for most in lengths):
            return None
    sample = _sampled(way, later=later, ended=ended)
    found = (core(tx).execute(sample, {**given, "status": one}).one() for one in given["status"])
    return next((search.Hits(*hits) for hits in found if hits[0] is not None), None)


@lru_cache(maxsize=512)
def _length(way: Way, *, later: bool) -> Any:
    """How many cases an ended walk meets, up to one more than SHORT."""
    walked, found = _walked(way)
    met = select().where(*_conditions(way, walked.c, walked.name))
    met = limited(met, (walked.c.created_at, found), SHORT, later=later, ended=True)
    return select(func.count()).select_from(met.subquery())


@lru_cache(maxsize=512)
def _sampled(way: Way, *, later: bool, ended: bool) -> Any:
    """What a search finds, asked only if the first SAMPLE cases of a walk are no page."""
    walked, found = _walked(way)
    holding = search.holds(found, way.words or 0, sqlite=way.sqlite).label("holding")
    begins = select(holding).where(*_conditions(way, walked.c, walked.name))
    keys = walked.c.created_at, found
    sample = limited(begins, keys, SAMPLE - 1, later=later, ended=ended).subquery()
    goes_on = func.count() == literal_column(str(SAMPLE))
    if not way.within:
        goes_on &= func.count().filter(sample.c.holding) <= literal_column(str(way.limit))
    most = search.many(sqlite=way.sqlite)
    counted = search.counted(way.told, most, sqlite=way.sqlite, later=later)
    return select(*(case((goes_on, column)) for column in counted)).select_from(sample)


def _of_hits(way: Way, hits: Any, *, later: bool, ended: bool) -> Any:
    """The page of what a search finds seldom: all of it is sorted, and only the page is read."""
    # Made before it is sorted, so that no index is walked for what is found seldom.
    hit = hits.cte("hits").prefix_with("MATERIALIZED").c
    query = select().select_from(hit.id.table)
    if way.within:
        query = query.join(Case, Case.id == hit.id).join(Region, Region.code == Case.region_code)
        query = query.where(*_within())
    keys = hit.created_at, hit.id
    shown = limited(query, keys, way.limit, later=later, ended=ended).subquery()
    # Sorted again by whoever reads it; what is shown of a case is read for the page only, and so is
    # that the actor sees it, which every walk implies.
    page = CASES.add_columns(*shown.c).join(shown, shown.c.page_id == Case.id)
    return page.where(visible_to(way.held))


_NOW = bindparam("now", type_=InstantType())
_WHOSE = {
    "scope": ("region_code", bindparam("scope", type_=CodeText)),
    "scopes": ("region_code", bindparam("scope", type_=CodeText, expanding=True)),
    "person": ("assignee_id", bindparam("person", type_=IdType())),
    "unit": ("unit_code", bindparam("unit", type_=CodeText)),
}
_SAME = {"category": "category_code", "net": "net_code"}
FLAGS = ("suspected", "supervised")


def _within() -> list[ColumnElement[bool]]:
    start, end = (bindparam(f"within_{side}", type_=CodeText) for side in ("from", "to"))
    return [Region.path >= start, Region.path < end]


def _conditions(way: Way, of: Any, name: str) -> list[ColumnElement[bool]]:
    """Whose cases, narrowed how; what partial indexes name is spelled as they have it."""
    # Where the search leads, SQLite is kept off every other index by a sign before the column.
    led = way.sqlite and way.words is None

    def column(wanted: str, *, free: bool = led) -> Any:
        return literal_column(f"+{name}.{wanted}", of[wanted].type) if free else of[wanted]

    owner, value = _WHOSE[way.by]
    found = [column(owner).in_(value) if way.by == "scopes" else column(owner) == value]
    if "status" in way.narrowed:
        # Each status is a walk of its own, or their cases would be sorted; a search leads to all.
        several = way.words is None
        status = bindparam("status", type_=CodeText, expanding=several)
        found.append(column("status").in_(status) if several else column("status") == status)
    if way.open and name == "cases":
        found.append(literal_column(f"cases.{SURELY_OPEN}"))
    elif way.open and "status" not in way.narrowed:
        # Beside a status PostgreSQL would expect hardly any row.
        found.append(literal_column(f"case_scopes.{SURELY_OPEN if led else WHILE_OPEN}"))
    # Walked in the order of the queue; by the deadline, all that is late would be sorted.
    due, warn = column("due_at", free=way.sqlite), column("warn_at", free=way.sqlite)
    if "overdue" in way.narrowed:
        found.append(due < _NOW)
    if "due_soon" in way.narrowed:
        found += [due >= _NOW, warn <= _NOW]
    found += [literal_column(f"{name}.{flag}") for flag in FLAGS if flag in way.narrowed]
    found += [
        column(code) == bindparam(asked, type_=CodeText)
        for asked, code in _SAME.items()
        if asked in way.narrowed
    ]
    return found

"""The statements of the staff queue: a walk on an index for each way of asking, built once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, literal_column, select

from app.cases.models import SURELY_OPEN, WHILE_OPEN, Case, CaseScope
from app.cases.queries import CASES, visible_to
from app.desk import search
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.page import limited
from app.regions.models import Region

_CASES: Any = Case.__table__
_SCOPES: Any = CaseScope.__table__


@dataclass(frozen=True)
class Way:
    """All that the statement of a walk depends on; its values come with the page.

    `by` is whose cases: of a "scope", of some "scopes", of a "person" or of a "unit"; `narrowed`
    are names of `Filters`. `words` says how many words each case on the walk must hold; None: the
    cases come from the search itself. `listed`: each is looked up in what the search has found.
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

    @property
    def by_words_alone(self) -> bool:
        """Whether the words of a search say all: where a case lies, and that it is open."""
        return self.by.startswith("scope") and not self.narrowed


@lru_cache(maxsize=512)
def statement(way: Way, later: bool) -> Any:  # noqa: FBT001
    """The statement of a page: an index is walked, and the cases are read that it meets."""
    walked = _SCOPES if way.by.startswith("scope") else _CASES
    found = walked.c.case_id if walked is _SCOPES else walked.c.id
    conditions = _conditions(way, walked.c, walked.name)
    allowed = [visible_to(way.held)]
    if way.within:
        allowed += [Region.path >= _FROM, Region.path < _TO]
    if way.words is None:
        ids = (
            search.newest_ids(way.limit, later=later)
            if way.newest
            else search.found_ids(sqlite=way.sqlite)
        )
        hits = select(found.label("id"), walked.c.created_at).where(found.in_(ids), *conditions)
        return _of_hits(way, hits, allowed, later=later)
    query = CASES.where(*allowed, *conditions)
    if walked is _SCOPES:
        query = query.join(walked, walked.c.case_id == Case.id)
    if way.listed:
        query = query.where(search.is_listed(found))
    elif way.words:
        query = query.where(search.holds(found, way.words, sqlite=way.sqlite))
    return limited(query, (walked.c.created_at, found), way.limit, later=later)


def _of_hits(way: Way, hits: Any, allowed: list[Any], *, later: bool) -> Any:
    """The page of what a search finds seldom: all of it is sorted, and only the page is read."""
    # Made before it is sorted, so that no index is walked for what is found seldom.
    hit = hits.cte("hits").prefix_with("MATERIALIZED").c
    query = select().join_from(hit.id.table, Case, Case.id == hit.id)
    query = query.join(Region, Region.code == Case.region_code).where(*allowed)
    shown = limited(query, (hit.created_at, hit.id), way.limit, later=later).subquery()
    # Sorted again by whoever reads it; what is shown of a case is read for the page only.
    return CASES.add_columns(*shown.c).join(shown, shown.c.page_id == Case.id)


_FROM, _TO = bindparam("within_from", type_=CodeText), bindparam("within_to", type_=CodeText)
_NOW = bindparam("now", type_=InstantType())
_WHOSE = {
    "scope": ("region_code", bindparam("scope", type_=CodeText)),
    "scopes": ("region_code", bindparam("scope", type_=CodeText, expanding=True)),
    "person": ("assignee_id", bindparam("person", type_=IdType())),
    "unit": ("unit_code", bindparam("unit", type_=CodeText)),
}
_SAME = {"category": "category_code", "net": "net_code"}
FLAGS = ("suspected", "supervised")


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

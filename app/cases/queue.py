"""The staff queue: whose cases, narrowed how, newest first, at any number of cases.

A page is a walk on an index of `case_scopes`, which holds each case once for every region above
it; so a grid's page costs the same as the district's, among a thousand cases or a million. The
statements of the walks are built once for each way of asking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import ColumnElement, bindparam, literal_column, select
from sqlalchemy.orm import Session

from app.cases import search
from app.cases.models import STATUSES, SURELY_OPEN, WHILE_OPEN, Case, CaseScope
from app.cases.queries import CASES, asking, visible_to
from app.cases.workflow import ENDED, READERS
from app.identity.access import Actor
from app.kit import bigrams, clock
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.page import Slice, Walk, limited, walked
from app.posts import queries as posts
from app.regions.models import Region

OPEN = tuple(status for status in STATUSES if status not in ENDED)
# In any other status nobody has the case; None is every status.
GIVEN = {None, "dispatched", "in_progress", "resolved", "suspended", "closed"}
# Each region held is a walk of its own; more of them are walked together.
MOST_WALKS = 4
_CASES: Any = Case.__table__
_SCOPES: Any = CaseScope.__table__


@dataclass(frozen=True)
class Filters:
    """How the staff queue is narrowed. `words` are looked for in number, text and address."""

    status: str | None = None
    region: str | None = None
    category: str | None = None
    mine: bool = False
    overdue: bool = False
    open: bool = False
    suspected: bool = False
    words: str | None = None


@dataclass(frozen=True)
class _Way:
    """All that the statement of a walk depends on; its values come with the page.

    `by` is whose cases: of a "scope", of some "scopes", of a "person" or of a "unit". `words` says
    how many words each case on the walk must hold; None: the cases come from the search itself.
    """

    by: str
    held: int
    limit: int
    sqlite: bool
    status: bool
    open: bool
    overdue: bool
    suspected: bool
    category: bool
    within: bool = False
    words: int | None = 0
    newest: bool = False

    @property
    def by_words_alone(self) -> bool:
        """Whether the words of a search say all: where a case lies, and that it is open."""
        narrowed = self.status or self.overdue or self.suspected or self.category
        return self.by.startswith("scope") and not narrowed


def queue(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of the cases that the actor sees, newest first."""
    codes = scopes(tx, actor, wanted.region)
    held, given = asking(actor)
    way = _Way(
        by="scope", held=held, limit=limit, sqlite=search.is_sqlite(tx),
        status=wanted.status is not None, overdue=wanted.overdue, suspected=wanted.suspected,
        open=wanted.open or wanted.overdue or wanted.status in OPEN,
        category=wanted.category is not None,
    )  # fmt: skip
    given |= {"status": wanted.status, "category": wanted.category, "now": clock.now()}
    walks = [] if wanted.mine else _by_scope(tx, way, codes, wanted, given)
    # Whoever holds the whole of the wanted region has met every case of it already.
    if wanted.mine or codes != [wanted.region]:
        walks += _by_person(tx, actor, way, wanted, given)
    filters = (actor.person_id, *vars(wanted).values())
    return walked(tx, walks, limit=limit, cursor=cursor, filters=filters)


def _by_scope(
    tx: Session, way: _Way, codes: list[str], wanted: Filters, given: Mapping[str, Any]
) -> list[Walk]:
    groups = [[code] for code in codes] if len(codes) <= MOST_WALKS else [codes]
    walks = []
    for group in groups:
        one = len(group) == 1
        by = replace(way, by="scope" if one else "scopes")
        values = {**given, "scope": group[0] if one else group}
        word = search.open_word if way.open else search.scope_word
        walks += _walks(tx, by, wanted, values, [word(code) for code in group])
    return walks


def _by_person(
    tx: Session, actor: Actor, way: _Way, wanted: Filters, given: Mapping[str, Any]
) -> list[Walk]:
    """Cases given to the actor, or to a unit of theirs, in whichever region."""
    if wanted.status not in GIVEN:
        return []
    values = {**given, "person": actor.person_id}
    if wanted.region:
        path = tx.scalar(select(Region.path).where(Region.code == wanted.region)) or "-"
        way = replace(way, within=True)
        # A path ends with "/", and "0" is the next character.
        values |= {"within_from": path, "within_to": path.removesuffix("/") + "0"}
    walks = _walks(tx, replace(way, by="person"), wanted, values, [])
    for unit in posts.units_of(tx, actor.person_id, clock.now()):
        walks += _walks(tx, replace(way, by="unit"), wanted, {**values, "unit": unit}, [])
    return walks


def _walks(
    tx: Session, way: _Way, wanted: Filters, given: Mapping[str, Any], scope_words: Sequence[str]
) -> list[Walk]:
    """One walk, or none when the search finds nothing."""
    if wanted.words:
        asked = bigrams.asked(wanted.words)
        if not asked:
            return []
        matched = search.match(tx, asked, scope_words)
        if way.sqlite and way.by_words_alone and search.is_large(tx, given["scope"]):
            way = replace(way, words=None, newest=True)
            return [Walk(partial(_statement, way), {**given, "match": matched})]
        hits = search.hits(tx, matched)
        if not hits:
            return []
        most = search.SELDOM_OPEN if way.open and scope_words else search.SELDOM
        way = replace(way, words=len(asked) if hits > most else None)
        given = {**given, "match": matched, **search.held(asked)}
    return [Walk(partial(_statement, way), given)]


@lru_cache(maxsize=512)
def _statement(way: _Way, later: bool) -> Any:  # noqa: FBT001
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
    if way.words:
        query = query.where(search.holds(found, way.words, sqlite=way.sqlite))
    return limited(query, (walked.c.created_at, found), way.limit, later=later)


def _of_hits(way: _Way, hits: Any, allowed: list[Any], *, later: bool) -> Any:
    """The page of what a search finds seldom: all of it is sorted, and only the page is read."""
    # Made before it is sorted, so that no index is walked for what is found seldom.
    hit = hits.cte("hits").prefix_with("MATERIALIZED").c
    query = select().join_from(hit.id.table, Case, Case.id == hit.id)
    query = query.join(Region, Region.code == Case.region_code).where(*allowed)
    shown = limited(query, (hit.created_at, hit.id), way.limit, later=later).subquery()
    # Sorted again by whoever reads it; what is shown of a case is read for the page only.
    return CASES.add_columns(*shown.c).join(shown, shown.c.page_id == Case.id)


_FROM, _TO = bindparam("within_from", type_=CodeText), bindparam("within_to", type_=CodeText)
_WHOSE = {
    "scope": ("region_code", bindparam("scope", type_=CodeText)),
    "scopes": ("region_code", bindparam("scope", type_=CodeText, expanding=True)),
    "person": ("assignee_id", bindparam("person", type_=IdType())),
    "unit": ("unit_code", bindparam("unit", type_=CodeText)),
}


def _conditions(way: _Way, of: Any, name: str) -> list[ColumnElement[bool]]:
    """Whose cases, narrowed how; what partial indexes name is spelled as they have it."""
    # Where the search leads, SQLite is kept off every other index by a sign before the column.
    led = way.sqlite and way.words is None

    def column(wanted: str, *, free: bool = led) -> Any:
        return literal_column(f"+{name}.{wanted}", of[wanted].type) if free else of[wanted]

    owner, value = _WHOSE[way.by]
    found = [column(owner).in_(value) if way.by == "scopes" else column(owner) == value]
    if way.status:
        found.append(column("status") == bindparam("status", type_=CodeText))
    if way.open and name == "cases":
        found.append(literal_column(f"cases.{SURELY_OPEN}"))
    elif way.open and not way.status:
        # Beside a status PostgreSQL would expect hardly any row.
        found.append(literal_column(f"case_scopes.{SURELY_OPEN if led else WHILE_OPEN}"))
    if way.overdue:
        # Walked in the order of the queue; by the deadline, all that is late would be sorted.
        late = column("due_at", free=way.sqlite)
        found.append(late < bindparam("now", type_=InstantType()))
    if way.suspected:
        found.append(literal_column(f"{name}.suspected"))
    if way.category:
        found.append(column("category_code") == bindparam("category", type_=CodeText))
    return found


def scopes(tx: Session, actor: Actor, region: str | None) -> list[str]:
    """The codes of the regions whose subtrees the actor reads cases in, none below another.

    With `region`, only what lies in its subtree.
    """
    held: list[str] = []
    for path in sorted(actor.paths(READERS)):
        if not held or not path.startswith(held[-1]):
            held.append(path)
    if region is None:
        return [_code(path) for path in held]
    wanted = tx.scalar(select(Region.path).where(Region.code == region))
    if wanted is None:
        return []
    if any(wanted.startswith(path) for path in held):
        return [region]
    return [_code(path) for path in held if path.startswith(wanted)]


def _code(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]

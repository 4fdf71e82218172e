"""The staff queue: whose cases, narrowed how, newest first, at any number of cases.

A page is a walk on an index of `case_scopes`, which holds each case once for every region above
it; so a grid's page costs the same as the district's, among a thousand cases or a million.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import indexing
from app.cases.models import STATUSES
from app.cases.queries import asking
from app.cases.workflow import OPEN, READERS
from app.desk import search
from app.desk.walks import Way, glance, statement
from app.identity.access import Actor
from app.kit import bigrams, clock
from app.kit.page import Gathering, Slice, Walk, place
from app.posts import queries as posts
from app.regions.models import Region

# In any other status nobody has the case; None is every status.
GIVEN = {None, "dispatched", "in_progress", "resolved", "suspended", "closed"}
# Each region held is a walk of its own; more of them are walked together.
MOST_WALKS = 4
NARROWING = ("status", "category", "net", "overdue", "due_soon", "suspected", "supervised")


@dataclass(frozen=True)
class Filters:
    """How the staff queue is narrowed: a case is in any of `status`, and all the rest is true.

    `words` are looked for in number, text and address.
    """

    status: tuple[str, ...] = ()
    region: str | None = None
    category: str | None = None
    net: str | None = None
    mine: bool = False
    overdue: bool = False
    due_soon: bool = False
    open: bool = False
    suspected: bool = False
    supervised: bool = False
    words: str | None = None


def queue(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of the cases that the actor sees, newest first."""
    codes = scopes(tx, actor, wanted.region)
    held, given = asking(actor)
    # Only what is open has a deadline, and is supervised.
    is_open = wanted.open or wanted.overdue or wanted.due_soon or wanted.supervised
    statuses = _statuses(wanted, is_open=is_open)
    way = Way(
        by="scope", held=held, limit=limit, sqlite=search.is_sqlite(tx),
        open=is_open or set(statuses) <= {*OPEN},
        narrowed=frozenset(name for name in NARROWING if getattr(wanted, name)),
    )  # fmt: skip
    filters = (actor.person_id, *vars(wanted).values())
    given |= {"category": wanted.category, "net": wanted.net, "now": clock.now()}
    begin = place(cursor, filters)
    given |= begin
    given["status"] = statuses
    page = Gathering(tx, limit, begin)
    whole = holds_all(tx, codes, wanted.region)
    if not wanted.mine:
        # The one scope in which every case lies says nothing of a case.
        idle = whole and not wanted.region and len(codes) == 1 and not way.open
        page.take(_by_scope(tx, way, codes, wanted, given, told=not idle))
    # Whoever holds the whole of what is wanted has met every case of it already.
    if wanted.mine or not whole:
        page.take(_by_person(tx, actor, way, wanted, given | page.end))
    return page.slice(filters)


def holds_all(tx: Session, codes: list[str], region: str | None) -> bool:
    """Whether nothing of a region lies outside of these, or nothing at all."""
    if region:
        return codes == [region]
    roots = tx.scalars(select(Region.code).where(Region.parent_code.is_(None)))
    return set(codes).issuperset(roots)


def _statuses(wanted: Filters, *, is_open: bool) -> list[str | None]:
    """The statuses that are looked for, [None] for any; those of ended cases not among the open."""
    if not wanted.status:
        return [None]
    possible = OPEN if is_open else STATUSES
    return [status for status in possible if status in wanted.status]


def _by_scope(
    tx: Session,
    way: Way,
    codes: list[str],
    wanted: Filters,
    given: Mapping[str, Any],
    *,
    told: bool,
) -> list[Walk]:
    """`told`: the words of a search name the scopes too."""
    groups = [[code] for code in codes] if len(codes) <= MOST_WALKS else [codes]
    walks = []
    for group in groups:
        one = len(group) == 1
        by = replace(way, by="scope" if one else "scopes")
        values = {**given, "scope": group[0] if one else group}
        word = indexing.open_word if way.open else indexing.scope_word
        walks += _walks(tx, by, wanted, values, [word(code) for code in group] if told else [])
    return walks


def _by_person(
    tx: Session, actor: Actor, way: Way, wanted: Filters, given: Mapping[str, Any]
) -> list[Walk]:
    """Cases given to the actor, or to a unit of theirs, in whichever region."""
    statuses = [status for status in given["status"] if status in GIVEN]
    values = {**given, "person": actor.person_id, "status": statuses}
    # The regions that are held were walked before, unless only what is theirs is wanted.
    way = replace(way, outside=not wanted.mine and way.held > 0)
    if wanted.region:
        way = replace(way, within=True)
        values |= within(tx, wanted.region)
    walks = _walks(tx, replace(way, by="person"), wanted, values, [])
    for unit in posts.units_of(tx, actor.person_id, clock.now()):
        walks += _walks(tx, replace(way, by="unit"), wanted, {**values, "unit": unit}, [])
    return walks


def _walks(
    tx: Session, way: Way, wanted: Filters, given: Mapping[str, Any], scope_words: Sequence[str]
) -> list[Walk]:
    """A walk for each status, one for all that a search leads to, or none if it finds nothing."""
    if not given["status"]:
        return []
    if not wanted.words:
        return _each(way, given)
    asked = bigrams.asked(wanted.words)
    if not asked:
        return []
    matched = search.match(tx, asked, scope_words)
    way = replace(way, words=len(asked))
    return _searched(tx, way, {**given, "match": matched, **search.held(asked)})


def _searched(tx: Session, way: Way, given: Mapping[str, Any]) -> list[Walk]:
    led = replace(way, words=None)
    if way.sqlite and way.by_words_alone and search.is_large(tx, given["scope"]):
        return [Walk(partial(statement, replace(led, newest=True)), given)]
    hits = glance(tx, way, given)
    if hits is None:
        return _each(way, given)
    if not hits.amount:
        return []
    listed = hits.amount <= search.many(sqlite=way.sqlite)
    if hits.newest and listed:
        return [Walk(partial(statement, replace(led, newest=True)), {**given, **hits._asdict()})]
    if hits.amount <= (search.SELDOM_OPEN if way.open and way.scoped else search.SELDOM):
        return [Walk(partial(statement, led), given)]
    return _each(replace(way, listed=listed), given)


def _each(way: Way, given: Mapping[str, Any]) -> list[Walk]:
    return [Walk(partial(statement, way), {**given, "status": one}) for one in given["status"]]


def within(tx: Session, region: str) -> dict[str, str]:
    """The values between which the paths of a region's subtree lie; of nothing if it is unknown."""
    path = tx.scalar(select(Region.path).where(Region.code == region)) or "-"
    # A path ends with "/", and "0" is the next character.
    return {"within_from": path, "within_to": path.removesuffix("/") + "0"}


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

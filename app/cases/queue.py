"""The staff queue: whose cases, narrowed how, newest first, at any number of cases.

A page is a walk on an index of `case_scopes`, which holds each case once for every region above
it; so a grid's page costs the same as the district's, among a thousand cases or a million.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.cases.models import STATUSES, WHILE_OPEN, Case, CaseScope, CaseText
from app.cases.queries import CASES, asking, visible_to
from app.cases.workflow import ENDED, READERS
from app.identity.access import Actor
from app.kit import bigrams, clock
from app.kit.page import Slice, merged
from app.posts import queries as posts
from app.regions.models import Region

OPEN = tuple(status for status in STATUSES if status not in ENDED)
# Written out as the partial index has it, or the index would not be used.
IS_OPEN: ColumnElement[bool] = literal_column(f"case_scopes.{WHILE_OPEN}")
# In any other status nobody has the case; None is every status.
GIVEN = {None, "dispatched", "in_progress", "resolved", "suspended", "closed"}
# Up to here the matches of a search are taken by their ids.
SELDOM = 200
# Each region held is a walk of its own; more of them are walked together.
MOST_WALKS = 4


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


def queue(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of the cases that the actor sees, newest first."""
    held, given = asking(actor)
    shown = CASES.where(visible_to(held), *_narrowed(wanted))
    codes = scopes(tx, actor, wanted.region)
    walks = [] if wanted.mine else _by_scope(tx, codes, shown, wanted)
    # Whoever holds the whole of the wanted region has met every case of it already.
    if wanted.mine or codes != [wanted.region]:
        walks += _by_person(tx, actor, shown, wanted)
    filters = (actor.person_id, *vars(wanted).values())
    return merged(tx, walks, limit=limit, cursor=cursor, filters=filters, given=given)


def _narrowed(wanted: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.category:
        found.append(Case.category_code == wanted.category)
    if wanted.overdue:
        found.append(is_overdue())
    if wanted.suspected:
        found.append(and_(Case.suspected))
    return found


def _of_status(
    wanted: Filters, column: Any, is_open: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    """The status on the walk's own table only: on both, PostgreSQL would expect hardly any row."""
    if wanted.status:
        return [column == wanted.status]
    return [is_open] if wanted.open or wanted.overdue else []


def _by_scope(
    tx: Session, codes: list[str], shown: Select[Any], wanted: Filters
) -> list[tuple[Any, Any]]:
    groups = [[code] for code in codes] if len(codes) <= MOST_WALKS else [codes]
    walks = []
    for group in groups:
        walk = shown.join(CaseScope, CaseScope.case_id == Case.id)
        if wanted.words:
            walk = walk.where(has_words(tx, wanted.words, group))
        in_scope = (
            CaseScope.region_code == group[0]
            if len(group) == 1
            else CaseScope.region_code.in_(group)
        )
        walk = walk.where(in_scope, *_of_status(wanted, CaseScope.status, IS_OPEN))
        walks.append((walk, (CaseScope.created_at, CaseScope.case_id)))
    return walks


def _by_person(
    tx: Session, actor: Actor, shown: Select[Any], wanted: Filters
) -> list[tuple[Any, Any]]:
    """Cases given to the actor, or to a unit of theirs, in whichever region."""
    if wanted.status not in GIVEN:
        return []
    given = [Case.assignee_id == actor.person_id]
    if units := posts.units_of(tx, actor.person_id, clock.now()):
        given.append(Case.unit_code.in_(units))
    if wanted.words:
        shown = shown.where(has_words(tx, wanted.words, []))
    if wanted.region:
        path = tx.scalar(select(Region.path).where(Region.code == wanted.region)) or "-"
        shown = shown.where(Region.path.startswith(path, autoescape=True))
    shown = shown.where(*_of_status(wanted, Case.status, Case.status.in_(OPEN)))
    return [(shown.where(mine), (Case.created_at, Case.id)) for mine in given]


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


def counts(tx: Session, codes: list[str]) -> dict[str, int]:
    """How many cases of each open status lie in these disjoint scopes."""
    query = (
        select(CaseScope.status, func.count())
        .where(CaseScope.region_code.in_(codes), CaseScope.status.in_(OPEN))
        .group_by(CaseScope.status)
    )
    rows: Any = tx.execute(query)
    return dict(rows.all())


def is_overdue() -> ColumnElement[bool]:
    """Past the earliest deadline that is running."""
    return Case.due_at < clock.now()


def has_words(tx: Session, words: str, codes: list[str]) -> ColumnElement[bool]:
    """Whether a case holds every word; the scopes are words of the full-text index too.

    The index is asked first. What it finds seldom is taken by its ids; what it finds often is
    looked for along the queue's own walk, which meets a page of it soon. Either way a page costs
    the same among any number of cases.
    """
    asked = bigrams.asked(words)
    found = _probe(tx, asked, codes) if asked else []
    if not found:
        return false()
    return Case.id.in_(found) if len(found) <= SELDOM else _holds(tx, asked)


def _probe(tx: Session, asked: list[str], codes: list[str]) -> list[UUID]:
    found = _fts5(asked, codes) if _is_sqlite(tx) else _tsvector(asked, codes)
    return list(tx.scalars(select(CaseText.case_id).where(found).limit(SELDOM + 1)))


def _is_sqlite(tx: Session) -> bool:
    return tx.get_bind().dialect.name == "sqlite"


def _fts5(asked: list[str], codes: list[str]) -> ColumnElement[bool]:
    terms = [f'"{word}"*' if bigrams.is_prefix(word) else f'"{word}"' for word in asked]
    if codes:
        terms.append(f"({' OR '.join(scope_word(code) for code in codes)})")
    matched = text("case_words MATCH :asked").bindparams(asked=" AND ".join(terms))
    rows: Any = select(literal_column("rowid")).select_from(table("case_words")).where(matched)
    # Limited in here: outside, every match would be fetched first.
    return CaseText.row.in_(rows.limit(SELDOM + 1))


def _tsvector(asked: list[str], codes: list[str]) -> ColumnElement[bool]:
    terms = [f"'{word}':*" if bigrams.is_prefix(word) else f"'{word}'" for word in asked]
    if codes:
        terms.append(f"({' | '.join(scope_word(code) for code in codes)})")
    # The words of a query are cut already: a cast takes them as they are. The vector is written as
    # the index has it, without a parameter, or the index is not used.
    vector: Any = literal_column("array_to_tsvector(string_to_array(case_texts.words, ' '))")
    found: ColumnElement[bool] = vector.op("@@", is_comparison=True)(
        cast(" & ".join(terms), postgresql.TSQUERY)
    )
    return found


def _holds(tx: Session, asked: list[str]) -> ColumnElement[bool]:
    words = select(CaseText.words).where(CaseText.case_id == Case.id).correlate(Case)
    text_of = literal(" ") + words.scalar_subquery() + literal(" ")
    place = func.instr if _is_sqlite(tx) else func.strpos
    return and_(*(place(text_of, f" {w}" if bigrams.is_prefix(w) else f" {w} ") > 0 for w in asked))


def scope_word(code: str) -> str:
    """A region as a word of the full-text index."""
    return "r" + "".join(c for c in code.lower() if c.isalnum())

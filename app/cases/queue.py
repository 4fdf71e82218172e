"""The staff queue: whose cases, narrowed how, newest first, at any number of cases.

A page is a walk on an index of `case_scopes`, which holds each case once for every region above
it; so a grid's page costs the same as the district's, among a thousand cases or a million.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, func, literal_column, select, table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.cases.models import STATUSES, Case, CaseScope, CaseText
from app.cases.queries import CASES, asking, visible_to
from app.cases.workflow import ENDED, READERS
from app.identity.access import Actor
from app.kit import bigrams, clock
from app.kit.page import Slice, merged
from app.posts.models import Appointment
from app.regions.models import Region

OPEN = tuple(status for status in STATUSES if status not in ENDED)
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
    walks = [] if wanted.mine else _by_scope(tx, actor, shown, wanted)
    if wanted.mine or not wanted.region:
        walks += _by_person(tx, actor, shown, wanted)
    filters = (actor.person_id, *vars(wanted).values())
    return merged(tx, walks, limit=limit, cursor=cursor, filters=filters, given=given)


def _narrowed(wanted: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status:
        found.append(Case.status == wanted.status)
    if wanted.category:
        found.append(Case.category_code == wanted.category)
    if wanted.overdue:
        found.append(is_overdue())
    if wanted.open:
        found.append(Case.status.in_(OPEN))
    if wanted.suspected:
        found.append(and_(Case.suspected))
    return found


def _by_scope(
    tx: Session, actor: Actor, shown: Select[Any], wanted: Filters
) -> list[tuple[Any, Any]]:
    codes = scopes(tx, actor, wanted.region)
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
        walk = walk.where(in_scope)
        if wanted.status:
            walk = walk.where(CaseScope.status == wanted.status)
        elif wanted.open:
            walk = walk.where(CaseScope.status.in_(OPEN))
        walks.append((walk, (CaseScope.created_at, CaseScope.case_id)))
    return walks


def _by_person(
    tx: Session, actor: Actor, shown: Select[Any], wanted: Filters
) -> list[tuple[Any, Any]]:
    """Cases given to the actor, or to a unit of theirs, in whichever region."""
    given = [Case.assignee_id == actor.person_id]
    if units := _units(tx, actor):
        given.append(Case.unit_code.in_(units))
    if wanted.words:
        shown = shown.where(has_words(tx, wanted.words, []))
    if wanted.region:
        path = tx.scalar(select(Region.path).where(Region.code == wanted.region)) or "-"
        shown = shown.where(Region.path.startswith(path, autoescape=True))
    return [(shown.where(mine), (Case.created_at, Case.id)) for mine in given]


def _units(tx: Session, actor: Actor) -> list[str]:
    query = select(Appointment.unit_code).where(
        Appointment.person_id == actor.person_id, Appointment.unit_code.is_not(None),
        Appointment.ended_at.is_(None),
    )  # fmt: skip
    return [code for code in tx.scalars(query.distinct()) if code is not None]


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
    """Whether a case holds every word, by the full-text index of this engine.

    The scopes are words of the index too, so that it is asked for what the actor may see only.
    """
    asked = bigrams.asked(words)
    if not asked:
        return Case.id.is_(None)
    found = _fts5(asked, codes) if _is_sqlite(tx) else _tsvector(asked, codes)
    return Case.id.in_(select(CaseText.case_id).where(found))


def _is_sqlite(tx: Session) -> bool:
    return tx.get_bind().dialect.name == "sqlite"


def _fts5(asked: list[str], codes: list[str]) -> ColumnElement[bool]:
    terms = [f'"{word}"*' if bigrams.is_prefix(word) else f'"{word}"' for word in asked]
    if codes:
        terms.append(f"({' OR '.join(scope_word(code) for code in codes)})")
    matched = text("case_words MATCH :asked").bindparams(asked=" AND ".join(terms))
    rows: Any = select(literal_column("rowid")).select_from(table("case_words")).where(matched)
    return CaseText.row.in_(rows)


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


def scope_word(code: str) -> str:
    """A region as a word of the full-text index."""
    return "r" + "".join(c for c in code.lower() if c.isalnum())

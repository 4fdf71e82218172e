"""Reads of the desk: how much waits for whom, and one's own saved filters."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    case,
    func,
    select,
    union,
)
from sqlalchemy.orm import Session

from app.cases import queue
from app.cases.models import Case, CaseScope
from app.cases.queue import OPEN
from app.desk.errors import FilterNotFound
from app.desk.models import SavedFilter
from app.desk.schemas import CountersOut
from app.identity.access import Actor
from app.kit import clock
from app.posts import queries as posts


def counters(tx: Session, actor: Actor, region: str | None) -> CountersOut:
    """How many open cases of the actor's regions wait for what; `mine` from whichever region.

    Reads the open cases only, however many have ended. `region` is a code, with its subtree.
    """
    codes = queue.scopes(tx, actor, region)
    found = queue.counts(tx, codes)
    flags: Any = tx.execute(_flags(codes)).one()
    return CountersOut(
        to_verify=found.get("reported", 0) + found.get("verifying", 0),
        to_dispatch=found.get("filed", 0),
        to_sign=found.get("dispatched", 0),
        in_progress=found.get("in_progress", 0),
        to_check=found.get("resolved", 0),
        suspended=found.get("suspended", 0),
        mine=tx.scalar(_mine(tx, actor)) or 0,
        **{name: count or 0 for name, count in flags._mapping.items()},  # noqa: SLF001
    )


def _flags(codes: list[str]) -> Any:
    now = clock.now()
    counted = {
        "due_soon": and_(Case.warn_at <= now, Case.due_at >= now),
        "overdue": Case.due_at < now,
        "suspected": Case.suspected,
        "supervised": Case.supervised,
    }
    return (
        select(*(_sum(condition).label(name) for name, condition in counted.items()))
        .join_from(CaseScope, Case, Case.id == CaseScope.case_id)
        .where(CaseScope.region_code.in_(codes), CaseScope.status.in_(OPEN))
    )


def _sum(condition: SQLColumnExpression[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _mine(tx: Session, actor: Actor) -> Select[Any]:
    units = posts.units_of(tx, actor.person_id, clock.now())
    # Two walks of two indexes; one condition with OR between them could use neither.
    given = (Case.assignee_id == actor.person_id, Case.unit_code.in_(units))
    ids = union(*(select(Case.id).where(mine, Case.status.in_(OPEN)) for mine in given))
    return select(func.count()).select_from(ids.subquery())


def saved(tx: Session, actor: Actor) -> Sequence[SavedFilter]:
    """The actor's own saved filters, in their order."""
    query = select(SavedFilter).where(SavedFilter.person_id == actor.person_id)
    return tx.scalars(query.order_by(SavedFilter.position, SavedFilter.name)).all()


def find_saved(tx: Session, actor: Actor, name: str) -> SavedFilter | None:
    own = select(SavedFilter).where(SavedFilter.person_id == actor.person_id)
    return tx.scalar(own.where(SavedFilter.name == name))


def get_saved(tx: Session, actor: Actor, name: str) -> SavedFilter:
    """Raises FilterNotFound."""
    found = find_saved(tx, actor, name)
    if found is None:
        raise FilterNotFound
    return found

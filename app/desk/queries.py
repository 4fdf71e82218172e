"""Reads of the desk: how much waits for whom, and one's own saved filters."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, func, literal_column, select, union
from sqlalchemy.orm import Session

from app.cases import queue
from app.cases.models import SURELY_OPEN, Case, CaseScope
from app.desk.errors import FilterNotFound
from app.desk.models import SavedFilter
from app.desk.schemas import MOST_COUNTED, CountersOut
from app.identity.access import Actor
from app.kit import clock
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.db import core
from app.posts import queries as posts


def counters(tx: Session, actor: Actor, region: str | None) -> CountersOut:
    """How many open cases of the actor's regions wait for what; `mine` from whichever region.

    Each is counted in an index and up to MOST_COUNTED, so that it costs the same among any number
    of cases. `region` is a code, with its subtree.
    """
    now = clock.now()
    given = {
        "codes": queue.scopes(tx, actor, region), "now": now, "person": actor.person_id,
        "units": posts.units_of(tx, actor.person_id, now),
    }  # fmt: skip
    found = core(tx).execute(_counters(), given).one()
    return CountersOut(counted_to=MOST_COUNTED, **found._mapping)  # noqa: SLF001


@cache
def _counters() -> Any:
    scope: Any = CaseScope.__table__.c
    now = bindparam("now", type_=InstantType())
    # Conditions that partial indexes name are spelled as they have it.
    is_open: ColumnElement[bool] = literal_column(f"case_scopes.{SURELY_OPEN}")
    counted: dict[str, tuple[ColumnElement[bool], ...]] = {
        "to_verify": (scope.status.in_(("reported", "verifying")),),
        "to_dispatch": (scope.status == "filed",),
        "to_sign": (scope.status == "dispatched",),
        "in_progress": (scope.status == "in_progress",),
        "to_check": (scope.status == "resolved",),
        "suspended": (scope.status == "suspended",),
        # Only what is open has a deadline.
        "due_soon": (scope.due_at >= now, scope.warn_at <= now),
        "overdue": (scope.due_at < now,),
        "suspected": (literal_column("case_scopes.suspected"), is_open),
        "supervised": (literal_column("case_scopes.supervised"), is_open),
    }
    codes = bindparam("codes", type_=CodeText, expanding=True)
    counts = [
        _counted(
            select(literal_column("1"))
            .select_from(CaseScope)
            .where(scope.region_code.in_(codes), *conditions)
        ).label(name)
        for name, conditions in counted.items()
    ]
    return select(*counts, _mine().label("mine"))


def _mine() -> ScalarSelect[int]:
    case: Any = Case.__table__.c
    # Two walks of two indexes; one condition with OR between them could use neither.
    given = (
        case.assignee_id == bindparam("person", type_=IdType()),
        case.unit_code.in_(bindparam("units", type_=CodeText, expanding=True)),
    )
    is_open: ColumnElement[bool] = literal_column(f"cases.{SURELY_OPEN}")
    walks = (_up_to(select(case.id).where(mine, is_open)) for mine in given)
    return _counted(union(*(select(walk) for walk in walks)))


def _counted(rows: Any) -> ScalarSelect[int]:
    return select(func.count()).select_from(_up_to(rows)).scalar_subquery()


def _up_to(rows: Any) -> Any:
    return rows.limit(literal_column(str(MOST_COUNTED))).subquery()


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

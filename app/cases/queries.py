"""Reads of cases: who sees which, the staff queue, one case, its history."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.cases.errors import CaseNotFound
from app.cases.models import Case, CaseMove, CaseReport
from app.cases.seen import Seen
from app.cases.workflow import ENDED, HANDLERS, READERS
from app.identity.access import Actor
from app.identity.models import Grant, Person
from app.identity.queries import held_at
from app.kit import clock
from app.kit.columns import IdType
from app.kit.db import core
from app.posts import queries as posts
from app.posts.models import Appointment
from app.regions.models import Region
from app.regions.queries import spans, under_any
from app.reports.models import Report

HANDLING = ("accept", "return", "resolve", "make_safe")

_ME = bindparam("me", type_=IdType())
# All as IN and not EXISTS: PostgreSQL would hash every report, move and child there is.
_REPORTED = _ME.in_(
    select(Report.person_id)
    .where(CaseReport.case_id == Case.id, Report.id == CaseReport.report_id)
    .correlate(Case)
)
_LAST = aliased(CaseMove)
# Correlated by name: left alone, a subquery two levels down would range over all cases.
_DISPATCHED = (
    select(func.max(_LAST.version))
    .where(_LAST.case_id == CaseMove.case_id, _LAST.move == "dispatch")
    .correlate(CaseMove)
    .scalar_subquery()
)
_HANDLED = _ME.in_(
    select(CaseMove.actor_id)
    .where(
        CaseMove.case_id == Case.id, CaseMove.actor_id == _ME, CaseMove.move.in_(HANDLING),
        CaseMove.version > _DISPATCHED,
    )
    .correlate(Case)
)  # fmt: skip
_IN_UNIT = Case.unit_code.in_(
    select(Appointment.unit_code)
    .where(Appointment.unit_code == Case.unit_code, posts.in_unit(_ME))
    .correlate(Case)
)
_CHILD = aliased(Case)
_OPEN_CHILDREN = Case.id.in_(
    select(_CHILD.parent_id)
    .where(_CHILD.parent_id == Case.id, _CHILD.status.not_in(ENDED))
    .correlate(Case)
)
# Built once: a page of the queue and a single case are this statement with more conditions.
CASES = select(
    *Case.__table__.c,
    Region.path,
    Region.name.label("region_name"),
    _REPORTED.label("reported"),
    _HANDLED.label("handled"),
    _IN_UNIT.label("in_unit"),
    _OPEN_CHILDREN.label("open_children"),
).join(Region, Region.code == Case.region_code)


def seen(row: Row[Any]) -> Seen:
    return Seen(
        row, row.path, row.region_name, bool(row.reported), bool(row.handled),
        bool(row.in_unit), bool(row.open_children),
    )  # fmt: skip


@cache
def visible_to(held: int) -> ColumnElement[bool]:
    """THE rule for cases: staff see those of the regions they hold, and those given to them or to
    a unit of theirs."""
    return or_(under_any(Region.path, held), Case.assignee_id == _ME, _IN_UNIT)


def asking(actor: Actor) -> tuple[int, dict[str, Any]]:
    """How many regions a person reads cases in, and the values that `visible_to` asks for."""
    paths = actor.paths(READERS)
    return len(paths), {**me(actor), **spans(paths)}


def me(actor: Actor) -> dict[str, Any]:
    """The values that `CASES` itself asks for."""
    return {"me": actor.person_id, **posts.moment(clock.now())}


@cache
def _one(held: int, *, lock: bool) -> Any:
    query = CASES.where(Case.id == bindparam("case", type_=IdType()), visible_to(held))
    return query.with_for_update(of=Case, key_share=True) if lock else query


def get_case(tx: Session, actor: Actor, case_id: UUID, *, lock: bool = False) -> Seen:
    """One case; locked, it can be changed. Raises CaseNotFound, also when not visible."""
    held, given = asking(actor)
    row = core(tx).execute(_one(held, lock=lock), {**given, "case": case_id}).first()
    if row is None:
        raise CaseNotFound
    return _changeable(row) if lock else seen(row)


def of_report(tx: Session, actor: Actor, report_id: UUID) -> Seen | None:
    """The case that the actor's own report stands behind, locked."""
    behind = select(CaseReport.case_id).where(CaseReport.report_id == report_id)
    query = CASES.where(Case.id == behind.scalar_subquery())
    locked = query.with_for_update(of=Case, key_share=True)
    row: Any = core(tx).execute(locked, me(actor)).first()
    return _changeable(row) if row is not None else None


def _changeable(row: Row[Any]) -> Seen:
    # A copy that can be changed; what was changed is written by the service, in one statement.
    columns = {name: getattr(row, name) for name in Case.__table__.c.keys()}  # noqa: SIM118
    return replace(seen(row), case=Case(**columns))


def by_id(tx: Session, case_id: UUID) -> Seen:
    """A case that the service itself changes, locked: for decisions, dates and the worker."""
    query = CASES.where(Case.id == bindparam("case", type_=IdType()))
    locked = query.with_for_update(of=Case, key_share=True)
    given = {"case": case_id, "me": None, **posts.moment(clock.now())}
    row: Any = core(tx).execute(locked, given).one()
    return _changeable(row)


def numbered(tx: Session, actor: Actor, number: str, *, lock: bool = False) -> Seen | None:
    """The case with this number, if the actor sees it."""
    case_id = tx.scalar(select(Case.id).where(Case.number == number))
    try:
        return get_case(tx, actor, case_id, lock=lock) if case_id else None
    except CaseNotFound:
        return None


def numbers_seen(tx: Session, actor: Actor, numbers: Iterable[str]) -> set[str]:
    """Which of these are numbers of cases that the actor sees."""
    held, given = asking(actor)
    query = select(Case.number).join(Region, Region.code == Case.region_code)
    named = query.where(Case.number.in_(list(numbers)), visible_to(held))
    return set(core(tx).execute(named, given).scalars())


_THIS = bindparam("case", type_=IdType())
_BEHIND = (
    select(CaseReport.report_id).where(CaseReport.case_id == _THIS).order_by(CaseReport.report_id)
)


def report_ids(tx: Session, case_id: UUID) -> list[UUID]:
    return list(core(tx).execute(_BEHIND, {"case": case_id}).scalars())


def reporters(tx: Session, case_id: UUID) -> Sequence[Any]:
    """Id, person, time and verdict of each report behind a case, the first report first."""
    query = (
        select(Report.id.label("report_id"), Report.person_id, Report.created_at, Report.verdict)
        .join(CaseReport, CaseReport.report_id == Report.id)
        .where(CaseReport.case_id == case_id)
        .order_by(Report.created_at, Report.id)
    )
    return tx.execute(query).all()


def has_open_children(tx: Session, case_id: UUID) -> bool:
    """Whether a case that was split off this one has not ended."""
    query = select(Case.id).where(Case.parent_id == case_id, Case.status.not_in(ENDED)).limit(1)
    return tx.execute(query).first() is not None


def assignees(tx: Session, path: str) -> Sequence[Any]:
    """Active people who may handle a case in the region with this path, the nearest post first."""
    query = (
        select(Person.id, Person.name, Grant.role, Grant.region_code, Region.level)
        .join(Grant, Grant.person_id == Person.id)
        .join(Region, Region.code == Grant.region_code)
        .where(
            Grant.role.in_(HANDLERS), held_at(clock.now()), Person.state == "active",
            Region.code.in_(path.strip("/").split("/")),
        )
        .order_by(Region.level.desc(), Grant.role, Person.id)
    )  # fmt: skip
    return tx.execute(query).all()


def handlers(tx: Session, case: Any, at: datetime) -> list[UUID]:
    """Whoever has the case: its assignee, or the people of its unit."""
    if case.assignee_id is not None:
        return [case.assignee_id]
    if case.unit_code is None:
        return []
    return sorted({holder.person_id for holder in posts.members(tx, case.unit_code, at)})

"""Reads of cases: who sees which, the staff queue, one case, its history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.cases.errors import CaseNotFound
from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseNote, CaseReport
from app.cases.schemas import CaseEventOut
from app.cases.workflow import HANDLERS, READERS, Situation
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.models import Grant, Person
from app.kit import clock
from app.kit.columns import IdType
from app.kit.db import core
from app.kit.page import Slice, cut
from app.media.models import Photo
from app.media.views import SHOWN
from app.regions.models import Region
from app.regions.queries import spans, under, under_any
from app.reports.models import Report, ReportPhoto

HANDLING = ("accept", "return", "resolve")


@dataclass(frozen=True)
class Filters:
    """How the staff queue is narrowed."""

    status: str | None = None
    region: str | None = None
    category: str | None = None
    mine: bool = False
    overdue: bool = False


@dataclass(frozen=True)
class Seen:
    """A case as one person sees it: its columns, its region, and what they have to do with it."""

    case: Any
    path: str
    region_name: str
    reported: bool
    handled: bool

    def situation(self, actor: Actor) -> Situation:
        """What the workflow needs to know."""
        return Situation(
            status=self.case.status,
            hazard=self.case.hazard,
            returns=self.case.returns,
            roles=frozenset(h.role for h in actor.held if self.path.startswith(h.path)),
            is_assignee=self.case.assignee_id == actor.person_id,
            is_reporter=self.reported,
            handled=self.handled,
        )


_ME = bindparam("me", type_=IdType())
_REPORTED = (
    exists()
    .where(CaseReport.case_id == Case.id, Report.id == CaseReport.report_id)
    .where(Report.person_id == _ME)
)
_LAST = aliased(CaseMove)
_DISPATCHED = (
    select(func.max(_LAST.version))
    .where(_LAST.case_id == Case.id, _LAST.move == "dispatch")
    .scalar_subquery()
)
_HANDLED = exists().where(
    CaseMove.case_id == Case.id, CaseMove.actor_id == _ME, CaseMove.move.in_(HANDLING),
    CaseMove.version > _DISPATCHED,
)  # fmt: skip
# Built once: a page of the queue and a single case are this statement with more conditions.
_CASES = select(
    *Case.__table__.c,
    Region.path,
    Region.name.label("region_name"),
    _REPORTED.label("reported"),
    _HANDLED.label("handled"),
).join(Region, Region.code == Case.region_code)


def seen(row: Row[Any]) -> Seen:
    return Seen(row, row.path, row.region_name, bool(row.reported), bool(row.handled))


@cache
def visible_to(held: int) -> ColumnElement[bool]:
    """THE rule for cases: staff see those of the regions they hold, and those given to them."""
    return or_(under_any(Region.path, held), Case.assignee_id == _ME)


def _asking(actor: Actor) -> tuple[int, dict[str, Any]]:
    """How many regions a person reads cases in, and the values that `visible_to` asks for."""
    paths = actor.paths(READERS)
    return len(paths), {"me": actor.person_id, **spans(paths)}


@cache
def _one(held: int, *, lock: bool) -> Any:
    query = _CASES.where(Case.id == bindparam("case", type_=IdType()), visible_to(held))
    return query.with_for_update(of=Case, key_share=True) if lock else query


def get_case(tx: Session, actor: Actor, case_id: UUID, *, lock: bool = False) -> Seen:
    """One case; locked, it can be changed. Raises CaseNotFound, also when not visible."""
    held, given = _asking(actor)
    row = core(tx).execute(_one(held, lock=lock), {**given, "case": case_id}).first()
    if row is None:
        raise CaseNotFound
    return _changeable(row) if lock else seen(row)


def of_report(tx: Session, actor: Actor, report_id: UUID) -> Seen | None:
    """The case that the actor's own report stands behind, locked."""
    behind = select(CaseReport.case_id).where(CaseReport.report_id == report_id)
    query = _CASES.where(Case.id == behind.scalar_subquery())
    locked = query.with_for_update(of=Case, key_share=True)
    row: Any = core(tx).execute(locked, {"me": actor.person_id}).first()
    return _changeable(row) if row is not None else None


def _changeable(row: Row[Any]) -> Seen:
    # A copy that can be changed; what was changed is written by the service, in one statement.
    columns = {name: getattr(row, name) for name in Case.__table__.c.keys()}  # noqa: SIM118
    return replace(seen(row), case=Case(**columns))


def queue(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of the cases that the actor sees, newest first."""
    held, given = _asking(actor)
    query = _CASES.where(visible_to(held))
    if wanted.status:
        query = query.where(Case.status == wanted.status)
    if wanted.category:
        query = query.where(Case.category_code == wanted.category)
    if wanted.mine:
        query = query.where(Case.assignee_id == actor.person_id)
    if wanted.overdue:
        query = query.where(is_overdue())
    if wanted.region:
        top = select(Region.path).where(Region.code == wanted.region)
        path = tx.scalar(top)
        query = query.where(under(Region.path, path or "-"))
    filters = (actor.person_id, *vars(wanted).values())
    keys = (Case.created_at, Case.id)
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters, given=given)


def is_overdue() -> ColumnElement[bool]:
    """Past the clock that is running: to be accepted before dispatch, to be handled after it."""
    now = clock.now()
    waiting = Case.status.in_(("reported", "verifying", "filed")) & (Case.accept_due_at < now)
    handling = Case.status.in_(("dispatched", "in_progress")) & (Case.handle_due_at < now)
    return or_(waiting, handling)


_THIS = bindparam("case", type_=IdType())
_BEHIND = (
    select(CaseReport.report_id).where(CaseReport.case_id == _THIS).order_by(CaseReport.report_id)
)
_BEFORE = (
    select(ReportPhoto.report_id, *SHOWN)
    .join(Photo, Photo.id == ReportPhoto.photo_id)
    .join(CaseReport, CaseReport.report_id == ReportPhoto.report_id)
    .where(CaseReport.case_id == _THIS)
    .order_by(ReportPhoto.report_id, ReportPhoto.position)
)
_AFTER = (
    select(*SHOWN)
    .join(CaseMovePhoto, CaseMovePhoto.photo_id == Photo.id)
    .join(CaseMove, CaseMove.id == CaseMovePhoto.move_id)
    .where(CaseMove.case_id == _THIS)
    .order_by(CaseMove.version, CaseMovePhoto.position)
)


def report_ids(tx: Session, case_id: UUID) -> list[UUID]:
    return list(core(tx).execute(_BEHIND, {"case": case_id}).scalars())


def before_photos(tx: Session, case_id: UUID) -> Sequence[Any]:
    """The photos of every report behind a case, each row with its `report_id`."""
    return core(tx).execute(_BEFORE, {"case": case_id}).all()


def after_photos(tx: Session, case_id: UUID) -> Sequence[Any]:
    """The photos that moves brought, in the order of the moves."""
    return core(tx).execute(_AFTER, {"case": case_id}).all()


def reporters(tx: Session, case_id: UUID) -> Sequence[Any]:
    """Person and time of each report behind a case, the first report first."""
    query = (
        select(Report.person_id, Report.created_at)
        .join(CaseReport, CaseReport.report_id == Report.id)
        .where(CaseReport.case_id == case_id)
        .order_by(Report.created_at, Report.id)
    )
    return tx.execute(query).all()


def events(tx: Session, case_id: UUID) -> list[CaseEventOut]:
    """Moves and notes in the order in which they happened, with the names of staff."""
    moves = list(tx.scalars(select(CaseMove).where(CaseMove.case_id == case_id)))
    notes = list(tx.scalars(select(CaseNote).where(CaseNote.case_id == case_id)))
    # A reporter moves too (withdraw), and stays unnamed: staff see the case, not the person.
    shown = {m.id: m.actor_id for m in moves if m.actor_id and m.move != "withdraw"}
    names = identity.names(tx, {*shown.values(), *(n.actor_id for n in notes)})
    found = [
        CaseEventOut(
            at=m.created_at, kind="move", version=m.version, move=m.move,
            from_status=m.from_status, to_status=m.to_status,
            actor=names[shown[m.id]] if m.id in shown else None,
            note=m.note, public_note=m.public_note, data=m.data,
        )
        for m in moves
    ] + [
        CaseEventOut(
            at=n.created_at, kind="note", version=None, move=None, from_status=None,
            to_status=None, actor=names.get(n.actor_id), note=n.text, public_note=None, data={},
        )
        for n in notes
    ]  # fmt: skip
    return sorted(found, key=lambda event: (event.at, event.version or 0))


def assignees(tx: Session, path: str) -> Sequence[Any]:
    """Active people who may handle a case in the region with this path, the nearest post first."""
    query = (
        select(Person.id, Person.name, Grant.role, Grant.region_code, Region.level)
        .join(Grant, Grant.person_id == Person.id)
        .join(Region, Region.code == Grant.region_code)
        .where(
            Grant.role.in_(HANDLERS), Grant.revoked_at.is_(None), Person.state == "active",
            Region.code.in_(path.strip("/").split("/")),
        )
        .order_by(Region.level.desc(), Grant.role, Person.id)
    )  # fmt: skip
    return tx.execute(query).all()

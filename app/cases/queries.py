"""Reads of cases: who sees which, the staff queue, one case, its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session

from app.cases.errors import CaseNotFound
from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseNote, CaseReport
from app.cases.schemas import CaseEventOut
from app.cases.workflow import HANDLERS, READERS, Situation
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.models import Grant, Person
from app.kit import clock
from app.kit.page import Slice, cut
from app.regions.models import Region
from app.regions.queries import under
from app.reports.models import Report

ENDED = ("closed", "rejected", "merged", "withdrawn")
HANDLING = ("accept", "return", "resolve")


@dataclass(frozen=True)
class Filters:
    """How the staff queue is narrowed."""

    status: str | None = None
    region: str | None = None
    category: str | None = None
    mine: bool = False
    overdue: bool = False


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """THE rule for cases: staff see those of their regions, and those given to them."""
    return or_(actor.sees(Region.path, READERS), Case.assignee_id == actor.person_id)


def _cases() -> Any:
    return select(Case, Region.path, Region.name.label("region_name")).join(
        Region, Region.code == Case.region_code
    )


def get_case(tx: Session, actor: Actor, case_id: UUID, *, lock: bool = False) -> Row[Any]:
    """A case with the path and name of its region. Raises CaseNotFound, also when not visible."""
    query = _cases().where(Case.id == case_id, visible_to(actor))
    if lock:
        query = query.with_for_update(of=Case, key_share=True)
    row = tx.execute(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise CaseNotFound
    return row


def of_report(tx: Session, report_id: UUID) -> Row[Any] | None:
    """The case that a report stands behind, locked."""
    query = (
        _cases()
        .join(CaseReport, CaseReport.case_id == Case.id)
        .where(CaseReport.report_id == report_id)
        .with_for_update(of=Case, key_share=True)
        .execution_options(populate_existing=True)
    )
    row: Row[Any] | None = tx.execute(query).first()
    return row


def queue(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of the cases that the actor sees, newest first."""
    query = _cases().where(visible_to(actor))
    if wanted.status:
        query = query.where(Case.status == wanted.status)
    if wanted.category:
        query = query.where(Case.category_code == wanted.category)
    if wanted.mine:
        query = query.where(Case.assignee_id == actor.person_id)
    if wanted.overdue:
        query = query.where(Case.status.not_in(ENDED), is_overdue())
    if wanted.region:
        top = select(Region.path).where(Region.code == wanted.region)
        path = tx.scalar(top)
        query = query.where(under(Region.path, path or "-"))
    filters = (actor.person_id, *vars(wanted).values())
    keys = (Case.created_at, Case.id)
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters)


def is_overdue() -> ColumnElement[bool]:
    """Past the clock that is running: to be accepted before dispatch, to be handled after it."""
    now = clock.now()
    waiting = Case.status.in_(("reported", "verifying", "filed")) & (Case.accept_due_at < now)
    handling = Case.status.in_(("dispatched", "in_progress")) & (Case.handle_due_at < now)
    return or_(waiting, handling)


def situations(tx: Session, actor: Actor, rows: Sequence[Row[Any]]) -> dict[UUID, Situation]:
    """What the workflow needs to know of each case and this person, in two reads for a page."""
    ids = [row.Case.id for row in rows]
    if not ids:
        return {}
    own = select(CaseReport.case_id).join(Report, Report.id == CaseReport.report_id)
    reported = set(
        tx.scalars(own.where(Report.person_id == actor.person_id, CaseReport.case_id.in_(ids)))
    )
    handled = set(tx.scalars(_handled_by(actor.person_id, ids)))
    return {
        row.Case.id: Situation(
            status=row.Case.status,
            hazard=row.Case.hazard,
            returns=row.Case.returns,
            roles=frozenset(h.role for h in actor.held if row.path.startswith(h.path)),
            is_assignee=row.Case.assignee_id == actor.person_id,
            is_reporter=row.Case.id in reported,
            handled=row.Case.id in handled,
        )
        for row in rows
    }


def _handled_by(person_id: UUID, ids: Sequence[UUID]) -> Any:
    last = CaseMove.__table__.alias("last")
    dispatched = (
        select(func.max(last.c.version))
        .where(last.c.case_id == CaseMove.case_id, last.c.move == "dispatch")
        .scalar_subquery()
    )
    return select(CaseMove.case_id).where(
        CaseMove.case_id.in_(ids), CaseMove.actor_id == person_id,
        CaseMove.move.in_(HANDLING), CaseMove.version > dispatched,
    )  # fmt: skip


def report_ids(tx: Session, case_id: UUID) -> list[UUID]:
    query = select(CaseReport.report_id).where(CaseReport.case_id == case_id)
    return list(tx.scalars(query.order_by(CaseReport.report_id)))


def reporters(tx: Session, case_id: UUID) -> Sequence[Any]:
    """Person and time of each report behind a case, the first report first."""
    query = (
        select(Report.person_id, Report.created_at)
        .join(CaseReport, CaseReport.report_id == Report.id)
        .where(CaseReport.case_id == case_id)
        .order_by(Report.created_at, Report.id)
    )
    return tx.execute(query).all()


def after_photo_ids(tx: Session, case_id: UUID) -> list[UUID]:
    query = (
        select(CaseMovePhoto.photo_id)
        .join(CaseMove, CaseMove.id == CaseMovePhoto.move_id)
        .where(CaseMove.case_id == case_id)
        .order_by(CaseMove.version, CaseMovePhoto.position)
    )
    return list(tx.scalars(query))


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

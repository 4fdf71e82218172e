"""Reads of approvals: one, those that wait, those of a person; and who may decide."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app.approvals.errors import ApprovalNotFound
from app.approvals.models import Approval
from app.cases import queries as cases
from app.cases.models import Case, CaseMove
from app.cases.seen import Seen
from app.cases.workflow import HEADS
from app.clocks import queries as clocks
from app.identity.access import Actor
from app.kit.page import Slice, cut
from app.regions.models import Region
from app.regions.queries import spans, under_any
from app.reports.errors import ReportNotFound
from app.reports.models import Report

_LEVEL = aliased(Region)


@dataclass(frozen=True)
class Filters:
    """How the list of approvals is narrowed."""

    state: str | None = None
    kind: str | None = None


def get_approval(tx: Session, approval_id: UUID) -> Any:
    """The row as it stands now; who may see it is the caller's matter. Raises ApprovalNotFound."""
    row = tx.execute(select(*Approval.__table__.c).where(Approval.id == approval_id)).first()
    if row is None:
        raise ApprovalNotFound
    return row


def find_pending(tx: Session, case_id: UUID, kind: str) -> Any:
    """The request of this kind that waits, or None; there is at most one."""
    query = select(*Approval.__table__.c).where(
        Approval.case_id == case_id, Approval.kind == kind, Approval.state == "pending"
    )
    return tx.execute(query).first()


def granted(tx: Session, case_id: UUID, kind: str) -> int:
    """How many requests of this kind were granted for a case."""
    query = select(func.count()).where(
        Approval.case_id == case_id, Approval.kind == kind, Approval.state == "granted"
    )
    return tx.scalar(query) or 0


def approvals(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of what the actor asked for and of the cases that they head, newest first."""
    paths = actor.paths(HEADS)
    query = (
        select(Approval)
        .join(Case, Case.id == Approval.case_id)
        # The level that handles the case decides: a head below it has nothing to say.
        .join(_LEVEL, _LEVEL.code == func.coalesce(Case.level_code, Case.region_code))
        .where(or_(under_any(_LEVEL.path, len(paths)), Approval.asked_by == actor.person_id))
    )
    if wanted.state is not None:
        query = query.where(Approval.state == wanted.state)
    if wanted.kind is not None:
        query = query.where(Approval.kind == wanted.kind)
    keys, filters = (Approval.asked_at, Approval.id), (actor.person_id, *vars(wanted).values())
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters, given=spans(paths))


def seen_by(tx: Session, actor: Actor, case_ids: Iterable[UUID]) -> dict[UUID, Seen]:
    """Cases, by id, with what the actor has to do with each."""
    query = cases.CASES.where(Case.id.in_(set(case_ids)))
    rows: Any = tx.execute(query, cases.me(actor))
    return {row.id: cases.seen(row) for row in rows}


def last_move(tx: Session, case_id: UUID, name: str) -> Any:
    """Who made a case's last move of this name, and when."""
    query = select(CaseMove.actor_id, CaseMove.created_at).where(
        CaseMove.case_id == case_id, CaseMove.move == name
    )
    return tx.execute(query.order_by(CaseMove.version.desc()).limit(1)).one()


def own_case(tx: Session, actor: Actor, report_id: UUID) -> Seen | None:
    """The case behind one's own report, locked. Raises ReportNotFound, also somebody else's."""
    if tx.scalar(select(Report.person_id).where(Report.id == report_id)) != actor.person_id:
        raise ReportNotFound
    return cases.of_report(tx, actor, report_id)


def handles_by_clock(tx: Session, case_id: UUID) -> bool:
    """Whether the clock of handling runs or is paused."""
    return any(row.kind == "handle" for row in clocks.live(tx, case_id))

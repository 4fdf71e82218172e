"""Merging a case into another (并案) and undoing it: reports change hands, everyone is told."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.cases import history, queries, rewarding
from app.cases.errors import (
    CaseUnknown,
    MergeTargetInvalid,
    MoveForbidden,
    MoveImpossible,
    OwnReport,
)
from app.cases.models import Case, CaseMerge, CaseReport
from app.cases.workflow import GRID, OPEN
from app.identity.access import Actor
from app.kit import clock
from app.kit.db import insert_row, insert_rows
from app.kit.ids import new_id
from app.reports import service as reports


def find_target(tx: Session, actor: Actor, case_id: UUID, number: str) -> UUID:
    """The id of the case that another is to be merged into, seen by the actor, not locked yet.

    Raises CaseUnknown, MoveForbidden (only seen), MergeTargetInvalid (itself, or ended).
    """
    at = queries.numbered(tx, actor, number)
    if at is None:
        raise CaseUnknown
    if not GRID & at.situation(actor).roles:
        raise MoveForbidden
    if at.case.id == case_id or at.case.status not in OPEN:
        raise MergeTargetInvalid
    target: UUID = at.case.id
    return target


def lock_both(tx: Session, one: UUID, other: UUID) -> None:
    """Locks two cases in the order of their ids, so that two crossing merges never deadlock."""
    query = select(Case.id).where(Case.id.in_([one, other])).order_by(Case.id)
    tx.execute(query.with_for_update(key_share=True)).all()


def merge(tx: Session, actor: Actor, case: Case, target_id: UUID) -> dict[str, Any]:
    """Hands the reports of `case` over to the target; both are locked. The caller saves `case`.

    Raises MergeTargetInvalid when the target ended meanwhile.
    """
    into: Case = queries.by_id(tx, target_id).case
    if into.status not in OPEN:
        raise MergeTargetInvalid
    behind = queries.report_ids(tx, case.id)
    reporters = queries.reporters(tx, case.id)
    _move_reports(tx, behind, into.id)
    insert_row(
        tx, CaseMerge, id=new_id(), case_id=case.id, into_id=into.id,
        report_ids=[str(report) for report in behind], merged_by=actor.person_id,
        merged_at=clock.now(),
    )  # fmt: skip
    told = {"number": case.number, "reports": len(behind)}
    history.record(tx, into.id, "merged_in", actor_id=actor.person_id, data=told)
    reports.push_down(
        tx, behind, status=into.status, case_number=into.number, grid_code=into.grid_code
    )
    for reporter in reporters:
        rewarding.share(tx, into, reporter.person_id)
    case.merged_into = into.id
    return {"into": into.number, "reports": len(behind)}


def unmerge(tx: Session, actor: Actor, case: Case) -> dict[str, Any]:
    """Takes back the reports that the merge gave away and that are still there; both are locked.

    Raises MoveImpossible when the other case has ended or was merged on, OwnReport.
    """
    made = tx.scalars(
        select(CaseMerge)
        .where(CaseMerge.case_id == case.id, CaseMerge.undone_at.is_(None))
        .with_for_update()
    ).one()
    into: Case = queries.by_id(tx, made.into_id).case
    given = {UUID(text) for text in made.report_ids}
    back = {r.report_id: r.person_id for r in queries.reporters(tx, into.id)}
    back = {report_id: person for report_id, person in back.items() if report_id in given}
    if into.status not in OPEN or (given and not back):
        raise MoveImpossible
    if actor.person_id in back.values():
        raise OwnReport
    _move_reports(tx, list(back), case.id)
    for person_id in sorted(set(back.values())):
        rewarding.parted(tx, into, person_id)
    made.undone_by, made.undone_at = actor.person_id, clock.now()
    told = {"number": case.number, "reports": len(back)}
    history.record(tx, into.id, "merge_undone", actor_id=actor.person_id, data=told)
    reports.push_down(tx, list(back), case_number=case.number, grid_code=case.grid_code)
    case.merged_into = None
    # Not "from": that is the status before, in the entry that this becomes a part of.
    return {"out_of": into.number, "reports": len(back)}


def leave(tx: Session, case: Case, person_id: UUID, report_id: UUID) -> None:
    """A co-reporter takes their report back; the case goes on for the others.

    Raises MoveImpossible once it has ended.
    """
    if case.status not in OPEN:
        raise MoveImpossible
    tx.execute(delete(CaseReport).where(CaseReport.report_id == report_id))
    history.record(tx, case.id, "left", actor_id=person_id, data={})
    rewarding.parted(tx, case, person_id)
    reports.push_down(tx, [report_id], status="withdrawn")


def _move_reports(tx: Session, report_ids: list[UUID], case_id: UUID) -> None:
    tx.execute(delete(CaseReport).where(CaseReport.report_id.in_(report_ids)))
    now = clock.now()
    rows = [{"case_id": case_id, "report_id": r, "joined_at": now} for r in report_ids]
    if rows:
        insert_rows(tx, CaseReport, rows)


def lock_merged(tx: Session, case_id: UUID) -> None:
    """Locks a merged case and the one it went into, in the order of their ids."""
    into = tx.scalar(select(Case.merged_into).where(Case.id == case_id))
    if into is not None:
        lock_both(tx, case_id, into)

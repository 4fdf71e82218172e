"""What reporters and staff are told of a move, and with which facts."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import queries, workflow
from app.cases.models import Case, CaseMerge, CaseMove
from app.cases.rewarding import FIRST, HAZARD, JOINED
from app.identity import queries as identity
from app.kit.errors import Words
from app.notify import service as notify
from app.regions.queries import get_region
from app.rewards import queries as rewards

TOLD = {
    "file": "report.filed",
    "dispatch": "report.dispatched",
    "close": "report.closed",
    "reject": "report.rejected",
    "make_safe": "report.made_safe",
    "suspend": "report.suspended",
    "resume": "report.resumed",
    "review": "report.resumed",
    "reopen": "report.reopened",
    "uphold": "report.upheld",
    "merge": "report.merged",
    "unmerge": "report.unmerged",
}
# Staff are told of what changes their work and is not of their own doing.
STAFF_TOLD = {
    "recall": "case.recalled", "merge": "case.merged", "unmerge": "case.unmerged",
}  # fmt: skip
ON_THE_WAY = Words(
    "获得 {n} 积分，公示期满后可用。", "You earned {n} points, yours after the objection window."
)
SPENDABLE = Words("获得 {n} 积分，现在就能兑换。", "You earned {n} points to spend now.")
HANDLER = Words("网格工作人员", "the grid's staff")


def tell(tx: Session, move_id: UUID) -> None:
    """Tells every reporter behind the case, and the staff whom it concerns."""
    move = tx.get_one(CaseMove, move_id)
    if move.move not in TOLD.keys() | STAFF_TOLD.keys():
        return
    case = tx.get_one(Case, move.case_id)
    if move.move in STAFF_TOLD:
        _tell_staff(tx, case, move)
    if move.move in TOLD:
        _tell_reporters(tx, case, move)


def _tell_staff(tx: Session, case: Case, move: CaseMove) -> None:
    # Without the other case of a merge: not everyone sees it.
    facts = {"number": case.number, "note": move.note or ""}
    subject = f"{case.number}/{move.version}"
    for person_id in _staff(tx, case, move):
        if person_id != move.actor_id:
            notify.tell(tx, person_id, STAFF_TOLD[move.move], subject, **facts)


def _staff(tx: Session, case: Case, move: CaseMove) -> list[UUID]:
    """Whoever had a case that was taken back; else the nearest who look after its region."""
    if move.move == "recall":
        person, unit = move.data["assignee_id"], move.data["unit_code"]
        had = Case(assignee_id=UUID(person) if person else None, unit_code=unit)
        return queries.handlers(tx, had, move.created_at)
    path = get_region(tx, case.region_code).path
    return identity.nearest_holding(tx, path, workflow.GRID)[1]


def _tell_reporters(tx: Session, case: Case, move: CaseMove) -> None:
    # The reports of a merged case stand behind the other one by now.
    behind = queries.reporters(tx, case.merged_into or case.id)
    mine = _merged_reports(tx, case.id) if case.merged_into else None
    for reporter in behind:
        if mine is not None and str(reporter.report_id) not in mine:
            continue
        facts, subject = _facts(tx, case, move, reporter.person_id), f"{case.number}/{move.version}"
        notify.tell(tx, reporter.person_id, TOLD[move.move], subject, **facts)


def _facts(tx: Session, case: Case, move: CaseMove, person_id: UUID) -> dict[str, Any]:
    facts: dict[str, Any] = {"number": case.number, "public_note": move.public_note or ""}
    if move.move == "dispatch":
        facts["unit"] = HANDLER._asdict()
    if move.move == "merge":
        facts["into"] = move.data["into"]
    if move.move == "suspend":
        facts["until"] = move.data["review_on"]
    if move.move == "reject":
        facts["reason"] = workflow.REJECT_REASONS[move.data["reason_code"]]._asdict()
    if move.move == "close":
        facts["outcome"] = workflow.OUTCOMES[move.data["outcome"]]._asdict()
        facts["points"] = _points(tx, case, person_id)
    return facts


def _merged_reports(tx: Session, case_id: UUID) -> list[str]:
    query = select(CaseMerge.report_ids).where(
        CaseMerge.case_id == case_id, CaseMerge.undone_at.is_(None)
    )
    return [report for reports in tx.scalars(query) for report in reports]


def _points(tx: Session, case: Case, person_id: UUID) -> dict[str, str]:
    states: Counter[str] = Counter()
    for event in (FIRST, HAZARD, JOINED):
        for award in rewards.of_source(tx, event, case.number):
            states[award.state] += award.points * (award.person_id == person_id)
    if states["settled"]:
        words, n = SPENDABLE, states["settled"]
    elif states["granted"]:
        words, n = ON_THE_WAY, states["granted"]
    else:
        return Words("", "")._asdict()
    return {"zh": words.zh.format(n=n), "en": words.en.format(n=n)}

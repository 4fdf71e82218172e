"""What reporters are told of a move, and with which facts."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import queries, workflow
from app.cases.models import Case, CaseMerge, CaseMove
from app.cases.rewarding import FIRST, JOINED
from app.kit.errors import Words
from app.notify import service as notify
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
ON_THE_WAY = Words(
    "获得 {n} 积分，公示期满后可用。", "You earned {n} points, yours after the objection window."
)
SPENDABLE = Words("获得 {n} 积分，现在就能兑换。", "You earned {n} points to spend now.")
HANDLER = Words("网格工作人员", "the grid's staff")


def tell(tx: Session, move_id: UUID) -> None:
    """Tells every reporter behind the case; moves that are internal tell nobody."""
    move = tx.get_one(CaseMove, move_id)
    kind = TOLD.get(move.move)
    if kind is None:
        return
    case = tx.get_one(Case, move.case_id)
    # The reports of a merged case stand behind the other one by now.
    behind = queries.reporters(tx, case.merged_into or case.id)
    mine = _merged_reports(tx, case.id) if case.merged_into else None
    for reporter in behind:
        if mine is not None and str(reporter.report_id) not in mine:
            continue
        facts = _facts(tx, case, move, reporter.person_id)
        notify.tell(tx, reporter.person_id, kind, f"{case.number}/{move.version}", **facts)


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
    given = [a for event in (FIRST, JOINED) for a in rewards.of_source(tx, event, case.number)]
    mine = [a for a in given if a.person_id == person_id]
    states = {award.state: award.points for award in mine if award.points}
    if "settled" in states:
        words, n = SPENDABLE, states["settled"]
    elif "granted" in states:
        words, n = ON_THE_WAY, states["granted"]
    else:
        return Words("", "")._asdict()
    return {"zh": words.zh.format(n=n), "en": words.en.format(n=n)}

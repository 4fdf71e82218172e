"""What reporters are told of a move, and with which facts."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.cases import queries, workflow
from app.cases.models import Case, CaseMove
from app.cases.service import AWARD
from app.kit.errors import Words
from app.notify import service as notify
from app.rewards import queries as rewards

TOLD = {
    "file": "report.filed",
    "dispatch": "report.dispatched",
    "close": "report.closed",
    "reject": "report.rejected",
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
    for reporter in queries.reporters(tx, case.id):
        facts = _facts(tx, case, move, reporter.person_id)
        notify.tell(tx, reporter.person_id, kind, f"{case.number}/{move.version}", **facts)


def _facts(tx: Session, case: Case, move: CaseMove, person_id: UUID) -> dict[str, Any]:
    facts: dict[str, Any] = {"number": case.number, "public_note": move.public_note or ""}
    if move.move == "dispatch":
        facts["unit"] = HANDLER._asdict()
    if move.move == "reject":
        facts["reason"] = workflow.REJECT_REASONS[move.data["reason_code"]]._asdict()
    if move.move == "close":
        facts["outcome"] = workflow.OUTCOMES[move.data["outcome"]]._asdict()
        facts["points"] = _points(tx, case, person_id)
    return facts


def _points(tx: Session, case: Case, person_id: UUID) -> dict[str, str]:
    mine = [a for a in rewards.of_source(tx, AWARD, case.number) if a.person_id == person_id]
    states = {award.state: award.points for award in mine if award.points}
    if "settled" in states:
        words, n = SPENDABLE, states["settled"]
    elif "granted" in states:
        words, n = ON_THE_WAY, states["granted"]
    else:
        return Words("", "")._asdict()
    return {"zh": words.zh.format(n=n), "en": words.en.format(n=n)}

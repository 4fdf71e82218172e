"""What staff's judgement of cases says of their reporters: true, untrue, or nothing yet."""

from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.cases import queries
from app.cases.models import Case, CaseMove, CaseReport
from app.conduct import queries as people
from app.conduct import service as conduct
from app.conduct.rules import WINDOW, Judged
from app.kit import clock, outbox
from app.reports.models import Report

# The moves after which a report may be judged otherwise than before.
JUDGING = frozenset({"file", "reject", "uphold", "withdraw", "merge", "unmerge"})
UNJUDGED = frozenset({"reported", "verifying", "withdrawn", "merged"})
UNTRUE = "false_report"
BATCH = 500


def follow(tx: Session, move_id: UUID) -> None:
    """Counts the reporters of a case anew after a move that judged it."""
    move = tx.get_one(CaseMove, move_id)
    if move.move not in JUDGING:
        return
    case = tx.get_one(Case, move.case_id)
    # The reports of a merged case stand behind the other one by now.
    behind = queries.reporters(tx, case.merged_into or case.id)
    for person_id in sorted({row.person_id for row in behind}):
        judge(tx, person_id)


def judge(tx: Session, person_id: UUID) -> None:
    """Brings a person's standing to what their cases say now; so it may come late or twice."""
    conduct.lock_standing(tx, person_id)
    query = (
        select(Case.id, Case.status, Report.created_at, CaseMove.data)
        .join(CaseReport, CaseReport.report_id == Report.id)
        .join(Case, Case.id == CaseReport.case_id)
        # A rejected case's last move is its rejection.
        .outerjoin(
            CaseMove,
            and_(
                CaseMove.case_id == Case.id,
                CaseMove.version == Case.version,
                CaseMove.move == "reject",
            ),
        )
        .where(Report.person_id == person_id, Report.created_at > clock.now() - WINDOW)
        .order_by(Report.created_at)
    )
    # Who reported a case twice is judged by it once.
    history: dict[UUID, Judged] = {}
    for row in tx.execute(query):
        true = row.status != "rejected"
        judged = row.data["reason_code"] == UNTRUE if not true else row.status not in UNJUDGED
        if judged:
            history.setdefault(row.id, Judged(row.created_at, true))
    conduct.keep_standing(tx, person_id, history.values())


def renew(tx: Session) -> None:
    """Counts anew whose standing time alone has changed; the rest in units of their own."""
    due = people.to_renew(tx, BATCH)
    for person_id in due:
        judge(tx, person_id)
    if len(due) == BATCH:
        outbox.enqueue(tx, "standings.renewed")

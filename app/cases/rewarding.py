"""Points follow the case: held at filing, settled or taken back at its end, in the same unit.

The first reporter gets the rule of `report.filed`, who joined later that of `report.joined`.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.cases import queries
from app.cases.models import Case
from app.cases.workflow import PAYING_OUTCOMES
from app.rewards import service as rewards

FIRST, JOINED = "report.filed", "report.joined"
UNFILED = frozenset({"reported", "verifying"})
ENDED_UNPAID = frozenset({"closed", "withdrawn", "rejected", "merged"})


def turn(tx: Session, case: Case, move: str, objection: timedelta) -> None:
    """Grants, settles, holds or takes back what a move asks for; `objection` is the window."""
    if move == "file":
        for place, reporter in enumerate(queries.reporters(tx, case.id)):
            event = JOINED if place else FIRST
            _grant(tx, case, event, reporter.person_id, reporter.created_at)
        return
    for event in (FIRST, JOINED):
        if move == "close" and case.outcome in PAYING_OUTCOMES:
            rewards.close(tx, event=event, source=case.number, after=objection)
        elif move == "reopen":
            rewards.hold(tx, event=event, source=case.number)
        elif case.status in ENDED_UNPAID:
            reason = case.outcome or case.status
            rewards.void(tx, event=event, source=case.number, reason=reason)


def joined(tx: Session, case: Case, person_id: UUID, reported_at: datetime) -> None:
    """Someone joined a case: if it is filed already, their share is held from now on."""
    if case.status not in UNFILED:
        _grant(tx, case, JOINED, person_id, reported_at)


def parted(tx: Session, case: Case, person_id: UUID) -> None:
    """Their report stands behind another case again."""
    for event in (FIRST, JOINED):
        rewards.void(tx, event=event, source=case.number, reason="parted", person_id=person_id)


def _grant(tx: Session, case: Case, event: str, person_id: UUID, reported_at: datetime) -> None:
    rewards.grant(tx, event=event, source=case.number, person_id=person_id, reported_at=reported_at)

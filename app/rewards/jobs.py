"""What the worker does for awards."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.notify import service as notify
from app.rewards import service
from app.rewards.models import Award


def award_due(tx: Session, payload: Mapping[str, Any]) -> None:
    """The objection window is over: settle, and tell the person."""
    award_id = UUID(payload["award_id"])
    points = service.settle(tx, award_id)
    if points:
        award = tx.get_one(Award, award_id)
        notify.tell(tx, award.person_id, "points.settled", str(award_id), points=points)

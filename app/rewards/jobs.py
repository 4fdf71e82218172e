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
    _tell(tx, award_id, service.settle(tx, award_id))


def award_retried(tx: Session, payload: Mapping[str, Any]) -> None:
    """There may be money now for an award that waited."""
    award_id = UUID(payload["award_id"])
    _tell(tx, award_id, service.retry(tx, award_id))


def fund_fed(tx: Session, payload: Mapping[str, Any]) -> None:
    """A contribution arrived: awards that waited for this fund are tried again."""
    service.retry_waiting(tx, UUID(payload["fund_id"]))


def awards_retried(tx: Session, _payload: Mapping[str, Any]) -> None:
    """Money also comes back by voids and expiry: what waits is tried again every hour."""
    service.retry_waiting(tx, None)


def _tell(tx: Session, award_id: UUID, points: int) -> None:
    if points:
        award = tx.get_one(Award, award_id)
        notify.tell(tx, award.person_id, "points.settled", str(award_id), points=points)

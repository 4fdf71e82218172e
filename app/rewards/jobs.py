"""What the worker does for awards."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import outbox
from app.notify import service as notify
from app.rewards import notices, service, waiting
from app.rewards.models import Award


def award_due(tx: Session, payload: Mapping[str, Any]) -> None:
    """The objection window is over: settle, and tell the person."""
    award_id = UUID(payload["award_id"])
    _tell(tx, award_id, service.settle(tx, award_id))


def fund_fed(tx: Session, payload: Mapping[str, Any]) -> None:
    """There may be money for what waits: pays the oldest, the next in a unit of its own."""
    _go_on(tx, UUID(payload["fund_id"]))


def awards_retried(tx: Session, _payload: Mapping[str, Any]) -> None:
    """Money also comes back by voids and expiry: what waits is tried again every hour."""
    for fund_id in waiting.funds(tx):
        outbox.enqueue(tx, "fund.fed", fund_id=fund_id)


def _go_on(tx: Session, fund_id: UUID) -> None:
    # One award a unit, because one that touched many members' points would deadlock.
    paid = waiting.pay_oldest(tx, fund_id)
    if paid is None:
        waiting.tell_managers(tx, fund_id)
        return
    _tell(tx, *paid)
    outbox.enqueue(tx, "fund.fed", fund_id=fund_id)


def purse_expired(tx: Session, payload: Mapping[str, Any]) -> None:
    """Points of a purse are past their expiry."""
    notices.expire(tx, UUID(payload["account_id"]))


def purse_expiring(tx: Session, payload: Mapping[str, Any]) -> None:
    """Points of a purse will expire in so many days."""
    last = date.fromisoformat(payload["last"])
    notices.warn(tx, UUID(payload["account_id"]), last, int(payload["stage"]))


def _tell(tx: Session, award_id: UUID, points: int) -> None:
    if points:
        award = tx.get_one(Award, award_id)
        notify.tell(tx, award.person_id, "points.settled", str(award_id), points=points)

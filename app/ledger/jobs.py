"""What the worker does for lots and pools: finds what expires, evens the shards of a fund."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import clock, outbox
from app.kit.outbox import Inside
from app.ledger import funds, lots, queries
from app.ledger.codes import TraceCodes
from app.ledger.models import Fund

# So many purses in one unit; the next page is a job of its own.
PAGE = 1_000
# Days before the last day on which owners are told.
STAGES = (30, 7)


def expired(tx: Session, payload: Mapping[str, Any]) -> None:
    """Finds the purses with points past their expiry; each is booked out in a unit of its own."""
    now = clock.now()
    beyond = UUID(payload["beyond"]) if "beyond" in payload else None
    found = queries.expiring(tx, None, now, beyond=beyond, limit=PAGE)
    for account_id in found:
        unique = f"purse.expired:{account_id}:{now:%Y%m%d%H}"
        outbox.enqueue(tx, "purse.expired", unique=unique, account_id=account_id)
    if len(found) == PAGE:
        outbox.enqueue(tx, "points.expired", beyond=found[-1])


def expiring(tx: Session, payload: Mapping[str, Any]) -> None:
    """Finds the purses whose owners are to be told today of an expiry to come."""
    if "last" in payload:
        _warn(tx, int(payload["stage"]), payload["last"], UUID(payload["beyond"]))
        return
    today = clock.business_day(clock.now())
    for stage in STAGES:
        _warn(tx, stage, (today + timedelta(days=stage)).isoformat(), None)


def _warn(tx: Session, stage: int, last: str, beyond: UUID | None) -> None:
    day = date.fromisoformat(last)
    after, until = lots.days_between(day - lots.LATE, day)
    found = queries.expiring(tx, after, until, beyond=beyond, limit=PAGE)
    for account_id in found:
        unique = f"purse.expiring:{account_id}:{last}:{stage}"
        outbox.enqueue(
            tx, "purse.expiring", unique=unique, account_id=account_id, last=last, stage=str(stage)
        )
    if len(found) == PAGE:
        outbox.enqueue(tx, "points.expiring", stage=str(stage), last=last, beyond=found[-1])


def rebalanced(tx: Session, _payload: Mapping[str, Any]) -> None:
    """Every fund with several shards has a look at them, each in a unit of its own."""
    turn = f"{clock.now():%Y%m%d%H}"
    for fund_id in tx.scalars(select(Fund.id).where(Fund.shards > 1).order_by(Fund.id)):
        outbox.enqueue(
            tx, "pool.rebalanced", unique=f"pool.rebalanced:{fund_id}:{turn}", fund_id=fund_id,
            turn=turn,
        )  # fmt: skip


def rebalance(tx: Session, payload: Mapping[str, Any]) -> None:
    fund_id = payload["fund_id"]
    funds.rebalance(tx, UUID(fund_id), f"{fund_id}:{payload['turn']}")


def code_receipts(made: TraceCodes | None) -> Inside:
    """Of new receipts at once; of those from before there were codes when the schedule comes by."""

    def note(tx: Session, _payload: Mapping[str, Any]) -> None:
        if made is not None:
            funds.code_receipts(tx, made)

    return note

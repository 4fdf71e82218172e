"""What the worker does for messages: delivers the copies that are due, forgets old deliveries."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.kit.outbox import Outside
from app.notify import sending, service, taking
from app.notify.sending import Outcome
from app.notify.taking import Parcel
from app.wechat.errands import Errands

# A small unit of its own, before the call: what was taken must stand when WeChat is asked.
Apart = Callable[[Callable[[Session], list[Parcel] | None]], list[Parcel] | None]


def due(errands: Errands | None, apart: Apart) -> Outside:
    """The handler of `message.due`; `errands` is None only where nobody speaks to WeChat."""

    def call(_payload: Mapping[str, Any]) -> list[Outcome] | None:
        parcels = apart(taking.prepare) if errands is not None else None
        return None if errands is None or parcels is None else sending.carry(errands, parcels)

    def record(tx: Session, _payload: Mapping[str, Any], outcomes: list[Outcome] | None) -> None:
        if outcomes is not None:
            sending.record(tx, outcomes)

    return Outside(call, record)


def sweep(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `messages.swept`."""
    service.sweep(tx)

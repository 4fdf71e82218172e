"""What the worker does for webhooks: sends what is due, and looks after what was left."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.kit.outbox import Outside
from app.webhooks import sending, service
from app.webhooks.carrier import Carrier
from app.webhooks.sending import Outcome, Taken

# A small unit of its own, before the call: what was taken must stand when the call is made.
Apart = Callable[[Callable[[Session], list[Taken]]], list[Taken]]


def due(carrier: Carrier | None, apart: Apart) -> Outside:
    """The handler of `webhook.due`; `carrier` is None only where nobody is to be called."""

    def call(_payload: Mapping[str, Any]) -> list[Outcome]:
        # Whichever message woke the worker, everything that is due goes with it.
        taken = apart(sending.prepare) if carrier is not None else []
        return sending.carry(carrier, taken) if carrier is not None and taken else []

    def record(tx: Session, _payload: Mapping[str, Any], outcomes: list[Outcome]) -> None:
        sending.record(tx, outcomes)

    return Outside(call, record)


def sweep(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `deliveries.swept`."""
    service.sweep(tx)

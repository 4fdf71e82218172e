"""What the worker does for supervision: looks at clocks and at late answers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import clock
from app.supervision import watching


def watch(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `clocks.watched`: whatever is due gets a job."""
    watching.look(tx, clock.now())


def passed(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `clock.passed`."""
    watching.passed(tx, UUID(payload["clock_id"]))


def answer_due(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `supervision.passed`."""
    watching.answer_due(tx, UUID(payload["order_id"]))

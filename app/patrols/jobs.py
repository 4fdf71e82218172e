"""What the worker does for patrols: plan the day, tell of what was missed, end what goes on."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.patrols import notices, planning


def plan_today(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `patrols.planned`."""
    planning.plan_today(tx)


def tell_missed(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `patrols.missed`; it also ends what nobody ended."""
    notices.tell_missed(tx)
    planning.finish_due(tx)

"""What the worker does for the store."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import clock
from app.store import service, waiting


def time_out(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `redemption.due`."""
    service.time_out(tx, UUID(payload["redemption_id"]), clock.now())


def shelf_filled(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `shelf.filled`."""
    waiting.tell(tx, payload["station_id"], UUID(payload["item_id"]))

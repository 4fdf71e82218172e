"""What the worker does for tills."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.till import service


def time_out(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `hold.due`."""
    service.time_out(tx, UUID(payload["hold_id"]))

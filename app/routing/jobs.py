"""What the worker calls for routing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.routing import notices


def found_empty(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `rule.found_empty`."""
    notices.tell_empty(tx, payload["district"], int(payload["version"]), int(payload["position"]))

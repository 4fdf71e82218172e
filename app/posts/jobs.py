"""What the worker does for posts: roles begin and end with the day and with leave."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.posts import appointments


def appointments_turned(tx: Session, _payload: Mapping[str, Any]) -> None:
    appointments.turn(tx)

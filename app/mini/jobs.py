"""What the worker does with WeChat's pushes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit.outbox import Inside
from app.mini import service
from app.mini.service import Deal


def pushed(known: Mapping[str, Deal]) -> Inside:
    """The handler of `wechat.pushed`; `known` says who deals with which of WeChat's events."""

    def handle(tx: Session, payload: Mapping[str, Any]) -> None:
        service.deal_with(tx, UUID(payload["push_id"]), known)

    return handle


def forget_old(tx: Session) -> None:
    """A part of `keys.expired`."""
    service.forget_old(tx)

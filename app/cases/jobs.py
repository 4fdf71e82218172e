"""What the worker does for cases: route new reports, tell reporters what happened."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.cases import notices, service
from app.grids.service import GridCache
from app.kit.outbox import Inside


def route(grids: GridCache) -> Inside:
    """The handler of `report.submitted`."""

    def routed(tx: Session, payload: Mapping[str, Any]) -> None:
        service.route(tx, grids, UUID(payload["report_id"]))

    return routed


def tell(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `case.moved`."""
    notices.tell(tx, UUID(payload["move_id"]))

"""What the worker does for cases: route new reports, tell reporters, look at review dates."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.cases import judging, notices, opening, rescoping, rewarding, service, training
from app.grids.service import GridCache
from app.kit.outbox import Inside


def route(grids: GridCache) -> Inside:
    """The handler of `report.submitted`."""

    def routed(tx: Session, payload: Mapping[str, Any]) -> None:
        opening.route(tx, grids, UUID(payload["report_id"]))

    return routed


def tell(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `case.moved`."""
    notices.tell(tx, UUID(payload["move_id"]))
    judging.follow(tx, UUID(payload["move_id"]))


def renew_standings(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `standings.renewed`."""
    judging.renew(tx)


def share(objection: timedelta) -> Inside:
    """The handler of `share.followed`."""

    def followed(tx: Session, payload: Mapping[str, Any]) -> None:
        rewarding.follow(tx, UUID(payload["case_id"]), UUID(payload["person_id"]), objection)

    return followed


def look_at_suspended(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `cases.reviewed`: each case whose review date has come gets a job."""
    service.review_due(tx)


def review(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `case.reviewed`."""
    service.review(tx, UUID(payload["case_id"]))


def rescope(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `regions.moved`, and of the rest that it asks for."""
    after = payload.get("after")
    rescoping.rescope(tx, payload["code"], UUID(after) if after else None)


def train(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `suggestions.trained`."""
    training.train_all(tx)

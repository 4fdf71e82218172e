"""What the worker does for content safety: begins checks, asks WeChat, takes what it says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit.db import Database
from app.kit.outbox import Inside, Outside
from app.safety import service
from app.safety.asking import AWAY, Asker
from app.safety.rules import Finding
from app.wechat.answers import Suggestion
from app.wechat.pushes import Push

# WeChat's event with a photo's verdict.
PUSHED = "wxa_media_check"
MOST_TRACE = 128


def begin(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `report.unchecked`."""
    service.begin(tx, UUID(payload["report_id"]))


def ask(db: Database, asker: Asker | None) -> Outside:
    """The handler of `content.unchecked`; without a WeChat to ask, a person is asked."""

    def call(payload: Mapping[str, Any]) -> Finding | None:
        if asker is None:
            return AWAY
        with db.reader.connect() as connection:
            return asker.ask(connection, UUID(payload["check_id"]))

    def record(tx: Session, payload: Mapping[str, Any], found: Finding | None) -> None:
        if found is not None:
            service.answered(tx, UUID(payload["check_id"]), found)

    return Outside(call, record)


def pushed(tx: Session, push: Push) -> None:
    """Deals with WeChat's verdict on a photo; one that it could not fetch goes to a person."""
    result = push.fields.get("result")
    said = result if isinstance(result, dict) else {}
    suggestion, label = str(said.get("suggest", "")), str(said.get("label", ""))
    trace_id = str(push.fields.get("trace_id", ""))[:MOST_TRACE]
    failed = str(push.fields.get("errcode", "0")) != "0" or suggestion not in set(Suggestion)
    if trace_id:
        finding = "failed" if failed else suggestion
        known = int(label) if label.isascii() and label.isdigit() and len(label) < 9 else None  # noqa: PLR2004
        service.take_verdict(tx, Finding("wechat", finding, known, trace_id))


def judged(objection: timedelta) -> Inside:
    """The handler of `report.judged`; `objection` is the window before points may be spent."""

    def brought(tx: Session, payload: Mapping[str, Any]) -> None:
        service.judged(tx, UUID(payload["report_id"]), objection)

    return brought


def watch(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `contents.watched`: what waits too long gets a job."""
    service.overdue(tx)


def overdue(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `content.overdue`: a person decides in the machine's place."""
    service.conclude(tx, UUID(payload["check_id"]), service.LATE)

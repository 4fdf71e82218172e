"""What the worker does for privacy: copies, the files of those who left, and what is too old."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.kit import outbox
from app.kit.db import Database
from app.kit.logs import log
from app.kit.outbox import Job, Outside
from app.kit.seal import Seal
from app.media.bucket import Bucket
from app.privacy import clearing, copying, retention, service
from app.privacy.models import DataExport


def export(db: Database, bucket: Bucket, seal: Seal | None) -> Outside:
    """The handler of `export.asked`."""

    def call(payload: Mapping[str, Any]) -> int | None:
        return copying.make(db, bucket, seal, UUID(payload["export_id"]))

    def record(tx: Session, payload: Mapping[str, Any], size: int | None) -> None:
        if size is not None:
            service.export_made(tx, UUID(payload["export_id"]), size)

    return Outside(call, record)


def person_ended(db: Database, bucket: Bucket, seal: Seal | None) -> Outside:
    """The handler of `person.ended`: the files, and the rows once more."""

    def call(payload: Mapping[str, Any]) -> list[UUID]:
        return retention.forget_person(db, bucket, UUID(payload["person_id"]))

    def record(tx: Session, payload: Mapping[str, Any], exports: list[UUID]) -> None:
        tx.execute(delete(DataExport).where(DataExport.id.in_(exports)))
        # A request that found the person active may have written after they left.
        clearing.clear(tx, seal, UUID(payload["person_id"]))

    return Outside(call, record)


def forget(db: Database, bucket: Bucket) -> Outside:
    """The handler of `personal.swept`: what the policy keeps no longer."""

    def call(_payload: Mapping[str, Any]) -> dict[str, int]:
        return retention.forget_files(db, bucket)

    def record(tx: Session, _payload: Mapping[str, Any], files: dict[str, int]) -> None:
        counts = {**files, **retention.forget_rows(tx)}
        _end_again(tx)
        if any(counts.values()):
            log.info("personal data past their time dropped", counts=counts)

    return Outside(call, record)


def _end_again(tx: Session) -> None:
    """Whatever kept an end from its end, it is tried again each day."""
    for job_id in tx.scalars(select(Job.id).where(Job.kind == "person.ended", Job.state == "dead")):
        outbox.requeue(tx, job_id)
    for person_id in clearing.left(tx):
        outbox.enqueue(tx, "person.ended", person_id=person_id)

"""What the worker does for photos."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit.db import Database
from app.kit.logs import log
from app.kit.outbox import Outside
from app.media import service
from app.media.bucket import Bucket


def sweep(db: Database, bucket: Bucket) -> Outside:
    """Removes the files of uploads that were killed before their commit.

    An outside job: walking a bucket takes as long as it takes, and no writer may wait for it.
    """

    def call(_payload: Mapping[str, Any]) -> int:
        return service.sweep(db, bucket)

    def record(_tx: Session, _payload: Mapping[str, Any], removed: int) -> None:
        if removed:
            log.info("orphaned photo files swept", count=removed)

    return Outside(call, record)


def forget_copy(bucket: Bucket) -> Outside:
    """The handler of `copy.replaced`: what others saw of a photo before it was covered anew."""

    def call(payload: Mapping[str, Any]) -> None:
        service.delete_files(bucket, UUID(payload["copy_id"]))

    def record(_tx: Session, _payload: Mapping[str, Any], _outcome: None) -> None:
        pass

    return Outside(call, record)


def place(db: Database, bucket: Bucket) -> Outside:
    """The handler of `photo.judged`: hides a photo's files, or shows them again."""

    def call(payload: Mapping[str, Any]) -> None:
        service.place_files(db, bucket, UUID(payload["photo_id"]))

    def record(_tx: Session, _payload: Mapping[str, Any], _outcome: None) -> None:
        pass

    return Outside(call, record)

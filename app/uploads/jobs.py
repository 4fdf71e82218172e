"""What the worker does for direct uploads: takes away what was completed or forgotten."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit.logs import log
from app.kit.outbox import Outside
from app.media.bucket import Bucket
from app.uploads import service


def completed(bucket: Bucket) -> Outside:
    """The handler of `upload.completed`: the original is sealed by now, its place is cleared."""

    def call(payload: Mapping[str, Any]) -> None:
        bucket.delete(service.key(UUID(payload["upload_id"])))

    def record(_tx: Session, _payload: Mapping[str, Any], _done: None) -> None:
        pass

    return Outside(call, record)


def sweep(bucket: Bucket) -> Outside:
    """The handler of `uploads.swept`."""

    def call(_payload: Mapping[str, Any]) -> int:
        return service.sweep(bucket)

    def record(tx: Session, _payload: Mapping[str, Any], removed: int) -> None:
        service.forget(tx)
        if removed:
            log.info("forgotten uploads swept", count=removed)

    return Outside(call, record)

"""What the worker does for photos."""

from collections.abc import Mapping
from typing import Any

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

"""What the worker does for photos."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.kit.logs import log
from app.kit.outbox import Inside
from app.media import service
from app.media.bucket import Bucket


def sweep(bucket: Bucket) -> Inside:
    """Removes the files of uploads that were killed before their commit."""

    def swept(tx: Session, _payload: Mapping[str, Any]) -> None:
        orphans = list(service.orphans(tx, bucket))
        for key in orphans:
            bucket.delete(key)
        if orphans:
            log.info("orphaned photo files swept", count=len(orphans))

    return swept

"""What the worker does for the proof: seals journals, tells of a notice or that one is missed.

Each job does a short part and leaves the rest to another job, so that no writer waits long.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import outbox
from app.proofs import notices, queue, service


def seal(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `ledger.sealed`: every minute from a little before the newest seal, and
    from where the job before stopped."""
    after = payload.get("after")
    rest = service.seal(tx, UUID(after) if after else None)
    if rest is not None:
        outbox.enqueue(tx, "ledger.sealed", after=rest)


def sweep(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `seals.swept`: once a day from the very first journal, for whatever came in
    with an id from long ago."""
    outbox.enqueue(tx, "ledger.sealed", after=queue.FIRST)


def tell(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `notice.published`."""
    after = payload.get("after")
    rest = notices.tell(tx, UUID(payload["notice_id"]), UUID(after) if after else queue.FIRST)
    if rest is not None:
        outbox.enqueue(tx, "notice.published", notice_id=payload["notice_id"], after=rest)


def remind(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `notices.missed`: once a day."""
    notices.remind(tx)

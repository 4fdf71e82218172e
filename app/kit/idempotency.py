"""Idempotency keys: a write and its answer are stored together, so a retry gets the same answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kit import clock
from app.kit.columns import At, CodeStr, CodeText, Int, Json, Str
from app.kit.db import Base, Database, core, insert_row
from app.kit.errors import Conflict, Invalid, Unprocessable, Words

KEEP = timedelta(days=7)


class IdempotencyKeyMissing(Invalid):
    code = "idempotency_key_missing"
    title = Words("缺少 Idempotency-Key", "Idempotency-Key is required")


class IdempotencyKeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = Words("同一个 Idempotency-Key 用于不同的内容", "This key was used for another request")


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"
    title = Words("同一请求正在处理", "The same request is still in progress")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class StoredAnswer(Base):
    """The answer that a caller's key led to."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[CodeStr] = mapped_column(primary_key=True)
    key: Mapped[CodeStr] = mapped_column(primary_key=True)
    fingerprint: Mapped[CodeStr]
    status: Mapped[Int]
    headers: Mapped[Json]
    body: Mapped[Str]
    created_at: Mapped[At] = mapped_column(index=True)


class Answer(NamedTuple):
    """A finished answer, as it was given the first time."""

    status: int
    headers: dict[str, str]
    body: str


class InFlight:
    """The keys that this process is working on (SQLite has no advisory locks)."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        with self._guard:
            if key in self._keys:
                raise IdempotencyInProgress
            self._keys.add(key)
        try:
            yield
        finally:
            with self._guard:
                self._keys.discard(key)


_LOCK = select(
    func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("subject", type_=CodeText), 0))
)
_FIND = select(
    StoredAnswer.fingerprint, StoredAnswer.status, StoredAnswer.headers, StoredAnswer.body
).where(
    StoredAnswer.caller == bindparam("caller", type_=CodeText),
    StoredAnswer.key == bindparam("key", type_=CodeText),
)


def find(tx: Session, db: Database, caller: str, key: str, fingerprint: str) -> Answer | None:
    """The stored answer of this key, or None when the work is still to be done.

    Raises IdempotencyKeyReused for another request, IdempotencyInProgress while one is under way.
    """
    # A unique key alone would make the second request wait; the lock answers at once and goes away
    # with the transaction, however that ends.
    subject = {"subject": f"{caller}\n{key}"}
    if not db.is_sqlite and not core(tx).execute(_LOCK, subject).scalar():
        raise IdempotencyInProgress
    row = core(tx).execute(_FIND, {"caller": caller, "key": key}).first()
    if row is not None and row.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Answer(row.status, row.headers, row.body) if row is not None else None


def store(
    tx: Session,
    caller: str,
    key: str,
    fingerprint: str,
    status: int,
    headers: dict[str, str],
    body: str,
) -> None:
    """Keeps an answer with the effect it tells of."""
    insert_row(
        tx, StoredAnswer, caller=caller, key=key, fingerprint=fingerprint, status=status,
        headers=headers, body=body, created_at=clock.now(),
    )  # fmt: skip


def forget_expired(tx: Session) -> None:
    """Drops keys older than seven days; natural keys in the features keep for ever."""
    tx.execute(delete(StoredAnswer).where(StoredAnswer.created_at < clock.now() - KEEP))

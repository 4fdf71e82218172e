"""The outbox: work to do later, written in the transaction that wants it, done at least once.

Inside jobs run in the unit that marks them done: their effect and the mark are one commit. Outside
jobs (anything that speaks to the world) are claimed and counted first, called without a
transaction, and their outcome is recorded in a second unit; so one that kills the process cannot
loop for ever. Handlers are idempotent by the job's subject, payloads hold ids only.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Row, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kit import clock
from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base, Database, insert_for, insert_row, work
from app.kit.errors import AppError
from app.kit.faults import persistent
from app.kit.ids import new_id
from app.kit.logs import log

MAX_ATTEMPTS = 8
# An outside job whose process died is claimed again after this long; calls end well before.
CLAIM = timedelta(minutes=5)
KEEP_DONE = timedelta(days=7)


class Job(Base):
    """One piece of asynchronous work."""

    __tablename__ = "jobs"

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[CodeStr]
    payload: Mapped[Json]
    state: Mapped[CodeStr]
    run_at: Mapped[At]
    attempts: Mapped[Int]
    error: Mapped[Str | None]
    unique_key: Mapped[CodeStr | None] = mapped_column(unique=True)
    created_at: Mapped[At]
    finished_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("state IN ('ready', 'done', 'dead')", name="state"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_jobs_due", "state", "run_at", "id"),
    )


@dataclass(frozen=True)
class Outside:
    """A handler that leaves the house: `call` has no transaction, `record` has one."""

    call: Callable[[Mapping[str, Any]], Any]
    record: Callable[[Session, Mapping[str, Any], Any], None]


Inside = Callable[[Session, Mapping[str, Any]], None]
Handlers = Mapping[str, Inside | Outside]


def enqueue(
    tx: Session,
    kind: str,
    *,
    delay: timedelta = timedelta(),
    unique: str | None = None,
    **ids: UUID | str,
) -> None:
    """Adds a job to this transaction; a second one with the same `unique` key is dropped."""
    now = clock.now()
    row = {
        "id": new_id(), "kind": kind, "payload": {k: str(v) for k, v in ids.items()},
        "state": "ready", "run_at": now + delay, "attempts": 0, "unique_key": unique,
        "created_at": now,
    }  # fmt: skip
    if unique is None:
        insert_row(tx, Job, **row)
        return
    once = insert_for(tx, Job).on_conflict_do_nothing(index_elements=["unique_key"])
    tx.execute(once, row)


_DUE = (
    select(Job.id, Job.kind, Job.payload, Job.attempts)
    .where(Job.state == "ready")
    .order_by(Job.run_at, Job.id)
    .limit(1)
)


def run_one(db: Database, handlers: Handlers) -> bool:
    """Does one due job, if there is one, and says whether there was."""
    # Look before taking SQLite's write lock: an idle worker must not hold writers up.
    with work(db, write=False) as tx:
        if tx.execute(_DUE.where(Job.run_at <= clock.now())).first() is None:
            return False
    done: list[UUID] = []
    try:
        outside = _claim(db, handlers, done)
        if outside is not None:
            _leave_the_house(db, outside, handlers[outside.kind])
    except Exception as error:
        if not done:
            raise
        _failed(db, done[0], error)
    return True


def _claim(db: Database, handlers: Handlers, claimed: list[UUID]) -> Row[Any] | None:
    """Runs an inside job to its end, or claims an outside one and hands it back."""
    with work(db, write=True) as tx:
        due = _DUE.where(Job.run_at <= clock.now()).with_for_update(skip_locked=True)
        job = tx.execute(due).first()
        if job is None:
            return None
        claimed.append(job.id)
        handler = handlers.get(job.kind)
        if handler is None:
            _unknown(job.kind)
        if isinstance(handler, Outside):
            later = {"run_at": clock.now() + CLAIM, "attempts": job.attempts + 1}
            state = "dead" if job.attempts >= MAX_ATTEMPTS else "ready"
            tx.execute(update(Job).where(Job.id == job.id).values(state=state, **later))
            return job if state == "ready" else None
        persistent(tx, partial(handler, tx, job.payload))
        _done(tx, job.id)
    return None


def _unknown(kind: str) -> NoReturn:
    raise LookupError(f"no handler for {kind}")


def _leave_the_house(db: Database, job: Row[Any], handler: Inside | Outside) -> None:
    assert isinstance(handler, Outside)
    outcome = handler.call(job.payload)
    with work(db, write=True) as tx:
        persistent(tx, partial(handler.record, tx, job.payload, outcome))
        _done(tx, job.id)


def _done(tx: Session, job_id: UUID) -> None:
    done = update(Job).where(Job.id == job_id)
    tx.execute(done.values(state="done", error=None, finished_at=clock.now()))


def _failed(db: Database, job_id: UUID, error: Exception) -> None:
    # The first line only: drivers put the row's values, which may be personal, on later lines.
    text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:300]
    with work(db, write=True) as tx:
        # The claim's lock is gone: another worker may have done the job meanwhile.
        waiting = select(Job).where(Job.id == job_id, Job.state == "ready")
        job = tx.scalar(waiting.with_for_update())
        if job is None:
            return
        # An outside job was counted when it was claimed; its claim moved run_at into the future.
        if job.run_at <= clock.now():
            job.attempts += 1
        job.error = text
        job.state = "dead" if job.attempts >= MAX_ATTEMPTS else "ready"
        job.run_at = clock.now() + back_off(job.attempts)
        level = "error" if job.state == "dead" else "warning"
    expected = isinstance(error, AppError)
    getattr(log, level)("job failed", job=str(job_id), error=text, exc_info=not expected)


def back_off(attempts: int) -> timedelta:
    """1, 2, 4 .. seconds, at most ten minutes, with a fifth of jitter so that failures spread."""
    return timedelta(seconds=min(2.0 ** (attempts - 1), 600) * random.uniform(0.8, 1.2))  # noqa: S311


def requeue(tx: Session, job_id: UUID) -> bool:
    """Gives a dead job a fresh start; False when it is not dead."""
    again = update(Job).where(Job.id == job_id, Job.state == "dead")
    values = {"state": "ready", "attempts": 0, "run_at": clock.now()}
    return bool(tx.execute(again.values(**values)).rowcount)  # type: ignore[attr-defined]


def tidy(tx: Session) -> None:
    """Drops what was done more than a week ago; dead jobs stay until someone looks."""
    old = Job.finished_at < clock.now() - KEEP_DONE
    tx.execute(delete(Job).where(Job.state == "done", old))

"""The worker: one dictionary of all asynchronous work, one schedule, one loop."""

import fcntl
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.cases import jobs as cases
from app.grids.service import GridCache
from app.kit import attempts, clock, idempotency, outbox
from app.kit.db import Database, work
from app.kit.logs import log
from app.kit.outbox import Handlers
from app.media import jobs as media
from app.media.bucket import Bucket
from app.rewards import jobs as rewards
from app.store import jobs as store

# Kind -> period. Every process asks; the unique key (kind, period) lets one job be.
SCHEDULE = {
    "awards.retried": timedelta(hours=1),
    "photos.swept": timedelta(hours=1),
    "keys.expired": timedelta(hours=1),
    "jobs.tidied": timedelta(hours=6),
}
POLL_S = 0.25


@dataclass(frozen=True)
class Tools:
    """What handlers need beside the transaction."""

    db: Database
    bucket: Bucket
    grids: GridCache


def make_handlers(tools: Tools) -> Handlers:
    """All asynchronous work of the house, by the job's kind."""
    return {
        "report.submitted": cases.route(tools.grids),
        "case.moved": cases.tell,
        "award.due": rewards.award_due,
        "awards.retried": rewards.awards_retried,
        "award.retried": rewards.award_retried,
        "fund.fed": rewards.fund_fed,
        "redemption.due": store.time_out,
        "photos.swept": media.sweep(tools.db, tools.bucket),
        "keys.expired": _forget_keys,
        "jobs.tidied": _tidy_jobs,
    }


def _forget_keys(tx: Session, _payload: Mapping[str, Any]) -> None:
    idempotency.forget_expired(tx)
    attempts.forget_old(tx)


def _tidy_jobs(tx: Session, _payload: Mapping[str, Any]) -> None:
    outbox.tidy(tx)


class Worker:
    """Runs jobs until it is stopped; what it was doing is finished first."""

    def __init__(self, db: Database, handlers: Handlers) -> None:
        self._db = db
        self._handlers = handlers
        self._stopping = threading.Event()
        self._scheduled: dict[str, int] = {}

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """The loop. On SQLite only one process leads; the others wait for its lock."""
        while not self._stopping.is_set():
            with _leading(self._db) as leads:
                while leads and not self._stopping.is_set():
                    self._turn()
            self._stopping.wait(1)

    def _turn(self) -> None:
        try:
            self._schedule()
            if not outbox.run_one(self._db, self._handlers):
                self._stopping.wait(POLL_S)
        except Exception:  # noqa: BLE001
            # A database that is away must not end the worker; it will be back.
            log.exception("worker turn failed")
            self._stopping.wait(2)

    def _schedule(self) -> None:
        now = clock.now().timestamp()
        for kind, period in SCHEDULE.items():
            number = int(now // period.total_seconds())
            if self._scheduled.get(kind) != number:
                with work(self._db, write=True) as tx:
                    outbox.enqueue(tx, kind, unique=f"{kind}:{number}")
                self._scheduled[kind] = number


@contextmanager
def _leading(db: Database) -> Iterator[bool]:
    if not db.is_sqlite or not db.url.database:
        yield True
        return
    with Path(db.url.database + ".worker").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def stop_on_signals(worker: Worker) -> None:
    """SIGTERM and SIGINT let the job at hand finish, then the loop ends."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())

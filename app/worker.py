"""The worker: one dictionary of all asynchronous work, one schedule, one loop."""

import fcntl
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from app.cases import jobs as cases
from app.conduct import service as conduct
from app.grids.service import GridCache
from app.groups import jobs as groups
from app.kit import attempts, clock, idempotency, outbox
from app.kit.db import Database, work
from app.kit.logs import log
from app.kit.outbox import Handlers
from app.kit.seal import Seal
from app.ledger import jobs as ledger
from app.ledger.codes import TraceCodes
from app.media import jobs as media
from app.media.bucket import Bucket
from app.mini import jobs as mini
from app.notify import jobs as notify
from app.patrols import jobs as patrols
from app.posts import jobs as posts
from app.privacy import jobs as privacy
from app.proofs import jobs as proofs
from app.relations import jobs as relations
from app.relations.hashes import HashCache
from app.rewards import jobs as rewards
from app.routing import jobs as routing
from app.safety import jobs as safety
from app.safety.asking import Asker
from app.store import jobs as store
from app.supervision import jobs as supervision
from app.till import jobs as till
from app.uploads import jobs as uploads
from app.webhooks import jobs as webhooks
from app.webhooks.carrier import Carrier
from app.wechat.errands import Errands
from app.wechat.robots import Robots

T = TypeVar("T")

# Kind -> period. Every process asks; the unique key (kind, period) lets one job be.
SCHEDULE = {
    "clocks.watched": timedelta(minutes=1),
    "cases.reviewed": timedelta(hours=1),
    "suggestions.trained": timedelta(days=7),
    "standings.renewed": timedelta(hours=1),
    "awards.retried": timedelta(hours=1),
    "points.expired": timedelta(hours=1),
    "points.expiring": timedelta(days=1),
    "pools.rebalanced": timedelta(hours=1),
    "receipts.coded": timedelta(days=1),
    "photos.swept": timedelta(hours=1),
    "uploads.swept": timedelta(hours=1),
    "appointments.turned": timedelta(hours=1),
    "keys.expired": timedelta(hours=1),
    "jobs.tidied": timedelta(hours=6),
    "patrols.planned": timedelta(hours=1),
    "patrols.missed": timedelta(minutes=10),
    "groups.flushed": timedelta(minutes=1),
    "ledger.sealed": timedelta(minutes=1),
    "seals.swept": timedelta(days=1),
    "notices.missed": timedelta(days=1),
    "deliveries.swept": timedelta(hours=1),
    "personal.swept": timedelta(days=1),
    "contents.watched": timedelta(minutes=1),
    "message.due": timedelta(minutes=1),
    "messages.swept": timedelta(days=1),
}
POLL_S = 0.25


@dataclass(frozen=True)
class Tools:
    """What handlers need beside the transaction."""

    db: Database
    bucket: Bucket
    grids: GridCache
    # None where nobody speaks to groups, as in the tests of other features.
    robots: Robots | None = None
    # What photos look like; kept from job to job.
    hashes: HashCache = field(default_factory=HashCache)
    # None where no program is told of anything.
    carrier: Carrier | None = None
    # From a closing until its points may be spent.
    objection: timedelta = timedelta()
    # None where nobody follows money by a receipt.
    trace_codes: TraceCodes | None = None
    # Opens what is sealed at rest, for a person's own copy of it.
    seal: Seal | None = None
    # None where WeChat is not asked about what reporters send.
    asker: Asker | None = None
    # None where nobody speaks to WeChat.
    errands: Errands | None = None


def make_handlers(tools: Tools) -> Handlers:
    """All asynchronous work of the house, by the job's kind."""
    return {
        "report.submitted": cases.route(tools.grids),
        "case.moved": cases.tell,
        "share.followed": cases.share(tools.objection),
        "cases.reviewed": cases.look_at_suspended,
        "case.reviewed": cases.review,
        "regions.moved": cases.rescope,
        "suggestions.trained": cases.train,
        "standings.renewed": cases.renew_standings,
        "clocks.watched": supervision.watch,
        "clock.passed": supervision.passed,
        "supervision.passed": supervision.answer_due,
        "rule.found_empty": routing.found_empty,
        "award.due": rewards.award_due,
        "awards.retried": rewards.awards_retried,
        "fund.fed": rewards.fund_fed,
        "points.expired": ledger.expired,
        "points.expiring": ledger.expiring,
        "purse.expired": rewards.purse_expired,
        "purse.expiring": rewards.purse_expiring,
        "pools.rebalanced": ledger.rebalanced,
        "pool.rebalanced": ledger.rebalance,
        "receipts.coded": ledger.code_receipts(tools.trace_codes),
        "redemption.due": store.time_out,
        "shelf.filled": store.shelf_filled,
        "hold.due": till.time_out,
        "webhook.due": webhooks.due(tools.carrier, _apart(tools.db)),
        "deliveries.swept": webhooks.sweep,
        "message.due": notify.due(tools.errands, _apart(tools.db)),
        "messages.swept": notify.sweep,
        "photos.compared": relations.compare(tools.db, tools.hashes),
        "export.asked": privacy.export(tools.db, tools.bucket, tools.seal),
        "person.ended": privacy.person_ended(tools.db, tools.bucket, tools.seal),
        "personal.swept": privacy.forget(tools.db, tools.bucket),
        "photos.swept": media.sweep(tools.db, tools.bucket),
        "upload.completed": uploads.completed(tools.bucket),
        "uploads.swept": uploads.sweep(tools.bucket),
        "appointments.turned": posts.appointments_turned,
        "keys.expired": _forget_keys,
        "jobs.tidied": _tidy_jobs,
        "patrols.planned": patrols.plan_today,
        "patrols.missed": patrols.tell_missed,
        "case.opened": groups.case_opened,
        "groups.flushed": groups.flush,
        "ledger.sealed": proofs.seal,
        "seals.swept": proofs.sweep,
        "notice.published": proofs.tell,
        "notices.missed": proofs.remind,
        "group.told": groups.told(tools.robots, _apart(tools.db)),
        # By WeChat's name of the event: whose it is.
        "wechat.pushed": mini.pushed({safety.PUSHED: safety.pushed}),
        "report.unchecked": safety.begin,
        "report.judged": safety.judged(tools.objection),
        "content.unchecked": safety.ask(tools.db, tools.asker),
        "contents.watched": safety.watch,
        "content.overdue": safety.overdue,
        "photo.judged": media.place(tools.db, tools.bucket),
        "copy.replaced": media.forget_copy(tools.bucket),
    }


def _apart(db: Database) -> Callable[[Callable[[Session], T]], T]:
    """A small unit before an outside job's call: what it takes must stand when the call is made."""

    def run(function: Callable[[Session], T]) -> T:
        with work(db, write=True) as tx:
            return function(tx)

    return run


def _forget_keys(tx: Session, _payload: Mapping[str, Any]) -> None:
    idempotency.forget_expired(tx)
    attempts.forget_old(tx)
    conduct.forget_old(tx)
    mini.forget_old(tx)


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

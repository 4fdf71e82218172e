"""Real workers, killed with SIGKILL while they escalate: every step once, and none left out."""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from cast import INSIDE, STREET, VILLAGE
from flows.story import report
from ledger.build import broken
from sqlalchemy import func, select, update

from app.cases.models import Case, CaseEntry, CaseScope
from app.cli.forks import Forked
from app.clocks.models import Clock
from app.identity.models import Role
from app.kit import clock, outbox
from app.kit.db import work
from app.notify.models import Message
from app.supervision import watching
from app.supervision.models import Escalation

# So many die at each level.
CASES, LEVELS, DEATHS, PATIENCE_S = 30, 3, 3, 240


class Workers:
    """Two worker processes on one database, of which any may die at any moment."""

    def __init__(self, db, folder):
        self.environment = {
            "XINXIN_ENVIRONMENT": "development",
            "XINXIN_DATABASE_URL": db.url.render_as_string(hide_password=False),
            "XINXIN_DATA_DIR": str(folder), "XINXIN_LOG_LEVEL": "ERROR",
        }  # fmt: skip
        self.log = folder / "workers.log"
        self.rng, self.killed = random.Random(20261122), 0
        self.running = [self.started(), self.started()]

    def started(self):
        return Forked(["worker"], self.environment, self.log)

    def kill_one(self):
        n = self.rng.randrange(2)
        self.running[n].kill()
        self.running[n].wait()
        self.running[n] = self.started()
        self.killed += 1

    def stop(self):
        for one in self.running:
            one.kill()
            one.wait()


def waiting(db):
    """How many clocks wait for a worker."""
    ready = select(func.count()).where(
        outbox.Job.kind == "clock.passed", outbox.Job.state == "ready"
    )
    with work(db, write=False) as tx:
        return tx.scalar(ready) or 0


def late(db):
    """Nobody signed for hours: every clock has something to tell, now."""
    was = clock.now() - timedelta(hours=30)
    running = update(Clock).where(Clock.kind == "accept", Clock.state == "running")
    with work(db, write=True) as tx:
        tx.execute(
            running.values(
                started_at=was - timedelta(hours=8), warn_at=was, due_at=was, warned_at=was,
                look_at=was,
            )
        )  # fmt: skip
        # What a case and the queue's index say of its clocks follows.
        for table in (Case, CaseScope):
            tx.execute(update(table).values(due_at=was, warn_at=was))
        watching.look(tx, clock.now())


@pytest.mark.timeout(PATIENCE_S + 60)
def test_every_step_once(db, client, desk, newcomer, drain, tmp_path):
    for code in (VILLAGE, STREET):
        newcomer((Role.GRID_HEAD, code))
    for _ in range(CASES):
        report(client, desk.liu, INSIDE)
    drain()
    workers, until = Workers(db, tmp_path), time.monotonic() + PATIENCE_S
    try:
        for level in range(1, LEVELS + 1):
            late(db)
            while left := waiting(db):
                assert time.monotonic() < until, "the workers do not come to an end"
                time.sleep(workers.rng.uniform(0, 0.05))
                # Killed while it does something: one that starts up has nothing to lose.
                if waiting(db) < left and workers.killed < level * DEATHS:
                    workers.kill_one()
    finally:
        workers.stop()
    assert workers.killed >= LEVELS, "nobody died at work"
    once_each(db)


def once_each(db):
    with work(db, write=False) as tx:
        clocks = set(tx.scalars(select(Clock.id).where(Clock.kind == "accept")))
        assert len(clocks) == CASES
        steps = Counter(row for row in tx.execute(select(Escalation.clock_id, Escalation.level)))
        assert steps == Counter((one, n + 1) for one in clocks for n in range(LEVELS))
        told = tx.scalar(select(func.count()).where(Message.kind == "clock.escalated"))
        named = tx.scalars(select(Escalation.told))
        assert told == sum(len(people) for people in named) > 0
        entries = select(CaseEntry.kind, func.count()).group_by(CaseEntry.kind)
        counted = dict(tx.execute(entries).all())
        assert (counted["overdue"], counted["escalated"]) == (CASES, LEVELS * CASES)
    assert broken(db) == []

"""What the worker does for lots and pools: expiry booked and announced, shards evened."""

from datetime import timedelta

import pytest
from ledger.build import earn, hold, make_fund, make_rider, money, points
from races.together import at_once
from sqlalchemy import select

from app.kit import clock, outbox
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import book, lots, pool, service, sharing
from app.ledger.errors import PointsInsufficient
from app.ledger.models import Journal
from app.notify.models import Message
from app.worker import SCHEDULE, Tools, make_handlers


@pytest.fixture
def run(db):
    """Runs a job and whatever it asked for, as the worker would."""
    handlers = make_handlers(Tools(db, None, None))

    def work_off(kind):
        with work(db, write=True) as tx:
            outbox.enqueue(tx, kind)
        while outbox.run_one(db, handlers):
            pass
        with work(db, write=False) as tx:
            jobs = tx.execute(select(outbox.Job.kind, outbox.Job.error)).all()
        assert [job for job in jobs if job.error] == []

    return work_off


def told(db, person):
    """What a person was told: kind, points and day."""
    with work(db, write=False) as tx:
        rows = tx.scalars(select(Message).where(Message.person_id == person.id))
        return sorted(
            (m.kind, m.data["points"], m.data.get("day", ""))
            for m in rows if m.kind in {"points.expired", "points.expiring"}
        )  # fmt: skip


def test_all_of_it_is_scheduled():
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert (SCHEDULE["points.expired"], SCHEDULE["points.expiring"]) == (hour, day)
    assert SCHEDULE["pools.rebalanced"] == hour


class TestExpired:
    def test_books_what_is_over_and_tells_its_owner(self, db, town, run):
        with work(db, write=True) as tx:
            for days in (1, 2, 30, None):
                earn(tx, town.fund, town.liu_bo, 10, days=days)
            other = make_rider(tx)
            earn(tx, town.fund, other, 3, days=30)
        clock.shift(timedelta(days=3))
        for _ in range(2):
            run("points.expired")
        assert told(db, town.liu_bo) == [("points.expired", 20, "")]
        assert told(db, other) == []
        with work(db, write=False) as tx:
            assert points(tx, town.liu_bo) == (20, 0, 0)
            assert money(tx, town.fund) == (97_700, 2_300, 0)

    def test_tells_everybody_of_a_household(self, db, town, run):
        home = new_id()
        with work(db, write=True) as tx:
            other = make_rider(tx)
            earn(tx, town.fund, town.liu_bo, 10, days=1)
            for person in (town.liu_bo, other):
                sharing.join(tx, source=str(person.id), person_id=person.id, household_id=home)
        clock.shift(timedelta(days=2))
        run("points.expired")
        for person in (town.liu_bo, other):
            assert told(db, person) == [("points.expired", 10, "")]

    def test_a_page_of_purses_is_followed_by_the_next(self, db, town, run, monkeypatch):
        monkeypatch.setattr("app.ledger.jobs.PAGE", 2)
        with work(db, write=True) as tx:
            riders = [make_rider(tx) for _ in range(5)]
            for rider in riders:
                earn(tx, town.fund, rider, 2, days=1)
        clock.shift(timedelta(days=2))
        run("points.expired")
        assert [told(db, rider) for rider in riders] == [[("points.expired", 2, "")]] * 5


class TestExpiring:
    def test_told_once_thirty_and_seven_days_before(self, db, town, run):
        with work(db, write=True) as tx:
            for number in (4, 6):
                earn(tx, town.fund, town.liu_bo, number, days=40)
            earn(tx, town.fund, town.liu_bo, 9, days=365)
        last = lots.last_day(clock.now() + timedelta(days=40)).isoformat()
        seen = []
        for _ in range(41):
            run("points.expiring")
            seen.append(len(told(db, town.liu_bo)))
            clock.shift(timedelta(days=1))
        assert told(db, town.liu_bo) == [("points.expiring", 10, last)] * 2
        assert (seen.index(1), seen.index(2)) == (10, 33)

    def test_a_day_on_which_nobody_worked_is_made_up_for(self, db, town, run):
        with work(db, write=True) as tx:
            earn(tx, town.fund, town.liu_bo, 4, days=31)
        clock.shift(timedelta(days=2))
        run("points.expiring")
        assert len(told(db, town.liu_bo)) == 1

    def test_points_that_were_spent_meanwhile_are_not_announced(self, db, town, run):
        with work(db, write=True) as tx:
            earn(tx, town.fund, town.liu_bo, 4, days=30)
            hold(tx, town.liu_bo, 4)
        run("points.expiring")
        assert told(db, town.liu_bo) == []


def unit(db, function, *args):
    try:
        with work(db, write=True) as tx:
            return function(tx, *args)
    except PointsInsufficient:
        return "refused"


def test_expiry_against_redeem_takes_each_point_once(db, town):
    with work(db, write=True) as tx:
        riders = [make_rider(tx) for _ in range(6)]
        for rider in riders:
            earn(tx, town.fund, rider, 5, days=1)
            earn(tx, town.fund, rider, 5, days=9)
        purses = [book.purse(tx, rider.id) for rider in riders]
    clock.shift(timedelta(days=2))
    for rider, purse in zip(riders, purses, strict=True):
        answers = at_once(
            [
                lambda purse=purse: unit(db, service.expire, purse),
                lambda rider=rider: unit(db, hold, rider, 5),
                lambda rider=rider: unit(db, hold, rider, 1),
                lambda purse=purse: unit(db, service.expire, purse),
            ]
        )
        assert answers[0] in {0, 5}
        assert answers[1:3].count("refused") == 1
    with work(db, write=False) as tx:
        assert money(tx, town.fund) == (97_000, 3_000, 0)
        for rider in riders:
            spendable, _, held = points(tx, rider)
            assert spendable + held == 5


def test_rebalancing_while_many_draw(db, town, run):
    """Uneven shards are evened by a job that is idempotent, and nobody waits for ever."""
    with work(db, write=True) as tx:
        fund = make_fund(tx, town.ma, town.wu, fen=10_000, shards=2)
        riders = [make_rider(tx) for _ in range(8)]
        fund.shards = 4
        tx.flush()
    draws = [
        lambda rider=rider: [unit(db, earn, fund, rider, 5) and None for _ in range(2)]
        for rider in riders
    ]
    at_once([*draws, lambda: run("pools.rebalanced")])
    run("pools.rebalanced")
    with work(db, write=True) as tx:
        assert money(tx, fund) == (2_000, 8_000, 0)
        turns = list(tx.scalars(select(Journal.source).where(Journal.kind == "rebalance")))
        assert 1 <= len(turns) <= 2
        assert sum(fen for _, fen in pool.free(tx, fund)) == 2_000

"""The ledger under many writers at once: real commits, real threads, on both databases."""

import random
import threading
from collections import Counter
from datetime import timedelta

from cast import DISTRICT, make_rule
from ledger.build import (
    broken_in,
    cancel,
    earn,
    fulfil,
    hold,
    make_fund,
    make_rider,
    money,
    points,
)
from races import units
from races.together import at_once
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import work
from app.ledger import service
from app.rewards import service as rewards
from app.rewards.rules import Spot


def unit(db, function, *args, **named):
    """One committed unit; what became of it."""

    def once(tx):
        function(tx, *args, **named)
        return "done"

    return units.unit(db, once)


def test_many_draw_from_a_pool_that_is_nearly_empty(db, town):
    with work(db, write=True) as tx:
        fund = make_fund(tx, town.ma, town.wu, fen=5_500)
        riders = [make_rider(tx) for _ in range(16)]
    answers = at_once(
        [lambda rider=rider: unit(db, earn, fund, rider, 10, settled=False) for rider in riders]
    )
    assert Counter(answers) == {"done": 5, "PoolExhausted": 11}
    with work(db, write=False) as tx:
        assert money(tx, fund) == (500, 5_000, 0)


def test_two_filings_reach_a_cap_at_once(db, town):
    with work(db, write=True) as tx:
        make_rule(tx, town.fund)
    grant = {
        "event": "report.filed", "person_id": town.liu_bo.id, "reported_at": clock.now(),
        "spot": Spot(f"/{DISTRICT}/"),
    }  # fmt: skip
    answers = at_once(
        [
            lambda n=n: unit(db, rewards.grant, source=f"500152-20261122-{n:04}", **grant)
            for n in range(8)
        ]
    )
    assert answers == ["done"] * 8
    with work(db, write=False) as tx:
        states = tx.execute(text("SELECT state, points FROM awards")).all()
        assert Counter(map(tuple, states)) == {
            ("granted", 10): 4, ("granted", 5): 1, ("capped", 0): 3,
        }  # fmt: skip
        assert points(tx, town.liu_bo) == (0, 45, 0)


def test_one_accrual_by_many_hands_counts_once(db, town):
    accrual = {
        "source": "award-x", "person_id": town.liu_bo.id, "fund": town.fund, "points": 10,
        "life": service.Life(), "reason": "report.filed",
    }  # fmt: skip
    assert at_once([lambda: unit(db, service.accrue, **accrual)] * 8) == ["done"] * 8
    with work(db, write=False) as tx:
        assert points(tx, town.liu_bo) == (0, 10, 0)


def test_settle_against_void_has_one_winner(db, town):
    for _ in range(6):
        with work(db, write=True) as tx:
            source = earn(tx, town.fund, town.liu_bo, 10, settled=False)
        at_once(
            [
                lambda source=source: unit(db, service.settle, source=source, reason="fixed"),
                lambda source=source: unit(db, service.void, source=source, reason="false"),
            ]
        )
    with work(db, write=False) as tx:
        spendable, on_the_way, held = points(tx, town.liu_bo)
        kinds = Counter(tx.scalars(text("SELECT kind FROM journals")))
    assert kinds["settle"] + kinds["void"] == 6
    assert (spendable, on_the_way, held) == (10 * kinds["settle"], 0, 0)


def test_spenders_of_one_account_never_overdraw_it(db, town):
    with work(db, write=True) as tx:
        for days in (None, 30, 60):
            earn(tx, town.fund, town.liu_bo, 10, days=days)
    answers = at_once([lambda: unit(db, hold, town.liu_bo, 7)] * 8)
    assert Counter(answers) == {"done": 4, "PointsInsufficient": 4}
    with work(db, write=False) as tx:
        assert points(tx, town.liu_bo) == (2, 0, 28)


def test_lots_of_two_funds_in_opposite_order_are_no_deadlock(db, town):
    """Two riders redeem points of two funds that each earned in the other order."""
    with work(db, write=True) as tx:
        other = make_fund(tx, town.ma, town.wu, fen=100_000)
        riders = [make_rider(tx) for _ in range(4)]
        for n, rider in enumerate(riders):
            both = (town.fund, other) if n % 2 else (other, town.fund)
            for _ in range(12):
                for fund in both:
                    earn(tx, fund, rider, 2)
    for _ in range(8):
        with work(db, write=True) as tx:
            held = [hold(tx, rider, 6) for rider in riders]
        answers = at_once([lambda one=one: unit(db, fulfil, one, 300) for one in held])
        assert answers == ["done"] * 4


def test_one_lot_against_several_of_one_fund_is_no_deadlock(db, town):
    """Both give back to the same pool and count what was paid of the same contribution."""
    with work(db, write=True) as tx:
        riders = [make_rider(tx) for _ in range(8)]
        for n, rider in enumerate(riders):
            for _ in range(10 if n % 2 else 20):
                earn(tx, town.fund, rider, 4 if n % 2 else 2)
    for _ in range(10):
        with work(db, write=True) as tx:
            held = [hold(tx, rider, 4) for rider in riders]
        answers = at_once([lambda one=one: unit(db, fulfil, one, 300) for one in held])
        assert answers == ["done"] * 8


def test_lots_expire_over_two_funds_without_a_deadlock(db, town):
    with work(db, write=True) as tx:
        other = make_fund(tx, town.ma, town.wu, fen=100_000)
        riders = [make_rider(tx) for _ in range(4)]
        for n, rider in enumerate(riders):
            both = (town.fund, other) if n % 2 else (other, town.fund)
            for _ in range(12):
                for fund in both:
                    earn(tx, fund, rider, 2, days=1)
            earn(tx, town.fund, rider, 1)
    clock.shift(timedelta(days=2))
    answers = at_once([lambda rider=rider: unit(db, hold, rider, 1) for rider in riders])
    assert answers == ["done"] * 4


class Bank:
    """Eight tellers at four accounts; what they may not have, the ledger refuses."""

    def __init__(self, db, town, riders):
        self.db, self.town, self.riders = db, town, riders
        self.done = Counter()
        self.accruals, self.holds = [], []

    def teller(self, seed, turns):
        rng = random.Random(seed)
        for _ in range(turns):
            name = rng.choice(("earn", "earn", "settle", "settle", "void", "hold", "hold", "end"))
            answer = unit(self.db, getattr(self, name), rng)
            self.done[name, answer] += 1

    def earn(self, tx, rng):
        points, days = rng.randint(1, 9), rng.choice((None, 30, 60))
        rider = rng.choice(self.riders)
        self.accruals.append(earn(tx, self.town.fund, rider, points, days=days, settled=False))

    def settle(self, tx, rng):
        if self.accruals:
            service.settle(tx, source=rng.choice(self.accruals), reason="fixed")

    def void(self, tx, rng):
        if self.accruals:
            service.void(tx, source=rng.choice(self.accruals), reason="false")

    def hold(self, tx, rng):
        self.holds.append(hold(tx, rng.choice(self.riders), rng.randint(1, 6)))

    def end(self, tx, rng):
        if self.holds:
            source = rng.choice(self.holds)
            cancel(tx, source) if rng.random() < 0.5 else fulfil(tx, source, 90)


def look(db, town):
    """The audit and the fund's total, all in one snapshot."""
    level = "SERIALIZABLE" if db.is_sqlite else "REPEATABLE READ"
    engine = (db.reader if db.is_sqlite else db.writer).execution_options(isolation_level=level)
    with Session(engine) as tx:
        if db.is_sqlite:
            tx.connection().exec_driver_sql("BEGIN")
        available, reserved, paid = money(tx, town.fund)
        found = broken_in(tx)
        tx.rollback()
    return found or (available + reserved + paid != 100_000 and ["money is lost"]) or []


def test_eight_tellers_and_an_auditor(db, town):
    with work(db, write=True) as tx:
        riders = [make_rider(tx) for _ in range(4)]
    bank, findings, looks = Bank(db, town, riders), [], 0
    tellers = [threading.Thread(target=bank.teller, args=(seed, 80)) for seed in range(8)]
    for teller in tellers:
        teller.start()
    while any(teller.is_alive() for teller in tellers):
        findings += look(db, town)
        looks += 1
        tellers[looks % 8].join(0.05)
    assert (findings, sum(bank.done.values())) == ([], 640), bank.done
    assert looks >= 5
    for name in ("earn", "settle", "void", "hold", "end"):
        assert bank.done[name, "done"] >= 20, bank.done

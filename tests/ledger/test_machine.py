"""Random histories on SQLite, on PostgreSQL and on a page of Python: the same answers everywhere.

A history leans towards what succeeds; the floors at the end prove that it did. The seeded faults
are the test of the test: each is one line of the ledger gone wrong, and each must be caught.
"""

# ruff: noqa: E501 - one fault a line reads as a table

import inspect
import random
import textwrap
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import pytest
from ledger.build import (
    broken,
    contribute,
    left_of,
    make_fund,
    make_rider,
    make_town,
    money,
    own_database,
    points,
)
from ledger.ledger_model import RATES, RIDERS, Model
from sqlalchemy import select

from app.kit import clock
from app.kit.db import work
from app.kit.errors import AppError
from app.ledger import book, pool, queries, service
from app.ledger.models import Lot

HISTORIES, CHUNK, STEPS = 60, 15, 16
FLOORS = {
    "contribute": 60, "accrue": 30, "settle": 15, "void": 2, "hold": 15, "fulfil": 5, "cancel": 2,
}  # fmt: skip


class Real:
    """One history on one database, in the words of the model."""

    def __init__(self, db, town, number):
        self.db, self.town, self.number = db, town, number
        with work(db, write=True) as tx:
            self.riders = [make_rider(tx) for _ in range(RIDERS)]
            self.funds = [make_fund(tx, town.ma, town.wu, fen=0, rate_fen=rate) for rate in RATES]

    def source(self, kind, number):
        return f"{self.number}-{kind}-{number}"

    def run(self, name, *args):
        """One committed unit, and its answer."""
        try:
            with work(self.db, write=True) as tx:
                answer = getattr(self, name)(tx, *args)
        except AppError as refusal:
            return type(refusal).__name__
        return "done" if answer is None else str(answer)

    def contribute(self, tx, fund, fen):
        contribute(tx, self.funds[fund].id, self.town.ma, self.town.wu, fen)

    def accrue(self, tx, number, rider, fund, points, days):
        service.accrue(
            tx, source=self.source("a", number), person_id=self.riders[rider].id,
            fund=self.funds[fund], points=points, validity_days=days, reason="report.filed",
        )  # fmt: skip

    def settle(self, tx, number):
        return service.settle(tx, source=self.source("a", number), reason="fixed")

    def void(self, tx, number):
        return service.void(tx, source=self.source("a", number), reason="false")

    def hold(self, tx, number, rider, points):
        service.hold(
            tx, source=self.source("r", number), person_id=self.riders[rider].id, points=points,
            reason="redeem",
        )  # fmt: skip

    def fulfil(self, tx, number, cost):
        service.fulfil(
            tx, source=self.source("r", number), cost_fen=cost, merchant="TN001",
            reason="fulfil",
        )  # fmt: skip

    def cancel(self, tx, number):
        service.cancel(tx, source=self.source("r", number), reason="cancelled")

    def observe(self):
        with work(self.db, write=False) as tx:
            sums = [money(tx, fund) for fund in self.funds]
            return {
                "points": [points(tx, rider) for rider in self.riders],
                "lots": lots_of(tx, self.riders),
                "left": [left_of(tx, fund) for fund in self.funds],
                "reserved": [reserved for _, reserved, _ in sums],
                "paid": [paid for _, _, paid in sums],
            }


def lots_of(tx, riders):
    """What is left of each lot of these riders, in the order of their accruals."""
    mine = select(Lot.remaining).where(Lot.earner_id.in_([rider.id for rider in riders]))
    return list(tx.scalars(mine.order_by(Lot.id)))


def next_event(rng, model):
    """An event that mostly succeeds: of the open accruals, of the open holds, within the balance."""
    open_lots = [n for n, lot in model.lots.items() if not lot.settled and lot.remaining]
    open_holds = [n for n, taken in model.holds.items() if taken]
    rich = [rider for rider in range(RIDERS) if model.spendable(rider)]
    names = ["accrue"] * 6 + ["contribute"] * 2
    names += ["settle"] * 5 * bool(open_lots) + ["void"] * bool(open_lots)
    names += ["hold"] * 5 * bool(rich) + ["fulfil", "fulfil", "cancel"] * bool(open_holds)
    name = rng.choice([*names, "shift", "odd", "odd"])
    if name == "odd":
        return odd_event(rng, model)
    rider, fund = (rng.choice(rich) if rich else 0), rng.randrange(2)
    most = model.spendable(rider)
    held = rng.choice(open_holds) if open_holds else 0
    value = sum(RATES[lot.fund] * amount for lot, amount in model.holds.get(held, ()))
    arguments = {
        "contribute": lambda: (fund, rng.randint(300, 1_500)),
        "accrue": lambda: (
            len(model.lots), rng.randrange(RIDERS), fund, rng.randint(1, 12),
            rng.choice((None, 2, 4, 9)),
        ),
        "settle": lambda: (rng.choice(open_lots),),
        "void": lambda: (rng.choice(open_lots),),
        "hold": lambda: (len(model.holds), rider, rng.choice((most, rng.randint(1, most)))),
        "fulfil": lambda: (held, rng.choice((0, value, rng.randint(0, value)))),
        "cancel": lambda: (held,),
        "shift": lambda: (rng.randint(1, 3),),
    }  # fmt: skip
    return name, *arguments[name]()


def odd_event(rng, model):
    """What should be refused, or change nothing."""
    number = rng.randrange(max(len(model.lots), 1) + 1)
    used = rng.randrange(max(len(model.holds), 1) + 1)
    rider = rng.randrange(RIDERS)
    settled = [n for n, lot in model.lots.items() if lot.settled and lot.remaining] or [0]
    return rng.choice(
        [
            ("settle", number),
            ("void", number),
            *[("settle", rng.choice(settled)), ("void", rng.choice(settled))] * 2,
            *[("hold", len(model.holds), rider, model.spendable(rider) + 1)] * 4,
            ("hold", used, rider, 1),
            ("fulfil", used, 10**6),
            ("cancel", used),
            ("accrue", len(model.lots), rider, 0, 10**6, None),
            ("accrue", 0, rider, 0, 1, None),
        ]
    )


def play(seed, reals, counts):
    """One history everywhere at once; raises AssertionError where they part."""
    rng, model = random.Random(seed), Model()
    for fund in (0, 0, 1, 1):
        step(("contribute", fund, 900), model, reals, counts)
    for turn in range(STEPS):
        event = next_event(rng, model)
        if event[0] == "shift":
            model.today += event[1]
            clock.shift(timedelta(days=event[1]))
        else:
            step(event, model, reals, counts)
        if turn % 5 == 0 or turn == STEPS - 1:
            for real in reals:
                assert real.observe() == model.observe(), (seed, event, real.db.url)


def step(event, model, reals, counts):
    name, *args = event
    expected = getattr(model, name)(*args)
    for real in reals:
        assert real.run(name, *args) == expected, (event, real.db.url)
    counts[name] += expected == "done" or (expected.isdigit() and expected != "0")


@pytest.fixture
def towns(request, tmp_path):
    """Both databases at once, each with a town."""
    with ExitStack() as stack:
        databases = [
            stack.enter_context(own_database(engine, request, tmp_path))
            for engine in ("sqlite", "postgresql")
        ]
        pairs = []
        for db in databases:
            with work(db, write=True) as tx:
                pairs.append((db, make_town(tx)))
        yield pairs


@pytest.mark.parametrize("first", range(0, HISTORIES, CHUNK))
def test_random_histories_agree(towns, first):
    counts = Counter()
    for seed in range(first, first + CHUNK):
        play(seed, [Real(db, town, seed) for db, town in towns], counts)
    for db, _ in towns:
        assert broken(db) == []
    assert all(counts[name] >= floor for name, floor in FLOORS.items()), counts


# The module, its function, what the line says, what it is made to say.
FAULTS = {
    "settle forgets that points were on the way": (
        service, "settle", "unsettled=-lot.remaining", "unsettled=0"),
    "settle counts life from the filing": (
        service, "settle", "lot.settled_at + timedelta", "lot.created_at + timedelta"),
    "void keeps the money": (
        service, "void", "points * lot.rate_fen", "0"),
    "void of what was settled": (
        service, "_on_the_way", "lot.settled_at is not None or ", ""),
    "hold ignores what is held": (
        book, "_change", " - sums.held", ""),
    "hold ignores expiry": (
        service, "hold", "expire(tx, member, clock.now())", "None"),
    "lots that last are spent first": (
        queries, "live_lots", '{"account": account_id}))', '{"account": account_id}))[::-1]'),
    "cancel forgets the lots": (
        service, "cancel", "lot.remaining += use.amount", "lot.remaining += 0"),
    "fulfil keeps points held": (
        service, "fulfil", "held=-transfer.amount, ", ""),
    "fulfil keeps the change": (
        service, "fulfil", "value - cost)", "0)"),
    "fulfil charges the first lot": (
        service, "fulfil", "lots.split_by_value(cost_fen, values)", "[min(cost_fen, values[0]), *([0] * (len(values) - 1))]"),
    "the newest contribution is drawn first": (
        pool, "_oldest", ".order_by(PoolPart.contribution_id)", ".order_by(PoolPart.contribution_id.desc())"),
    "money goes back to the wrong contribution": (
        queries, "open_backing", ".all()", ".all()[::-1]"),
    "what is paid is noted as returned": (
        pool, "pay", '"pay"', '"return"'),
    "an accrual counts twice": (
        service, "accrue", "    if journal is None:\n        return\n", "    journal = journal or book.open_journal(tx, 'accrue', source + 'x', reason)\n"),
}  # fmt: skip


def faulty(module, name, good, bad):
    """A function of a module with one piece of its text replaced."""
    source = textwrap.dedent(inspect.getsource(getattr(module, name)))
    assert source.count(good) == 1, source
    made = {}
    exec(compile(source.replace(good, bad), f"<{name}>", "exec"), vars(module), made)  # noqa: S102
    return made[name]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_is_caught(fault, request, tmp_path, monkeypatch):
    module, name, good, bad = FAULTS[fault]
    with own_database("sqlite", request, tmp_path) as db:
        with work(db, write=True) as tx:
            town = make_town(tx)
        monkeypatch.setattr(module, name, faulty(module, name, good, bad))
        with pytest.raises(Exception, match=r"(?s).*"):  # an answer, a sum, a constraint, an audit
            histories(db, town, 25)


def histories(db, town, number):
    for seed in range(number):
        play(seed, [Real(db, town, seed)], Counter())
        assert broken(db) == []

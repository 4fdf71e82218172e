"""Random histories on SQLite, on PostgreSQL and on a page of Python: the same answers everywhere.

A history leans towards what succeeds; the floors at the end prove that it did. The seeded faults
are the test of the test: each is one line of the ledger gone wrong, and each must be caught.
"""

# ruff: noqa: E501 - one fault a line reads as a table

import inspect
import itertools
import random
import re
import textwrap
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from ledger.build import (
    BY_HAND,
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
from ledger.ledger_model import RATES, RIDERS, SHARDS, SPLITS, Model
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from app.kit import clock
from app.kit.db import work
from app.kit.errors import AppError
from app.kit.ids import new_id
from app.ledger import book, funds, pool, purses, queries, reversing, service, sharing
from app.ledger.models import (
    Account,
    Backing,
    Balance,
    Contribution,
    Debt,
    DebtPayment,
    Journal,
    Lot,
    LotUse,
    PaidPart,
    PoolPart,
    Purse,
    Transfer,
)  # fmt: skip

HISTORIES, CHUNK, STEPS = 500, 50, 16
# So many of each must succeed in every chunk; what is refused proves little.
FLOORS = {
    "contribute": 120, "accrue": 140, "settle": 90, "void": 10, "hold": 70, "fulfil": 30,
    "cancel": 10, "refund": 12, "reverse": 12, "join": 40, "leave": 4, "expire": 1, "pay_out": 4,
    "rebalance": 6, "repaid": 2, "carried": 20, "shared draws": 15,
}  # fmt: skip


class Dice:
    """Where draws begin: the same shard on every database and in the model."""

    value = 0

    def randrange(self, stop):
        return self.value % stop


DICE = Dice()


@pytest.fixture(autouse=True)
def _dice(monkeypatch):
    monkeypatch.setattr(pool, "random", DICE)


class Real:
    """One history on one database, in the words of the model."""

    def __init__(self, db, town, number):
        self.db, self.town, self.number = db, town, number
        self.by = book.Hands(town.ma.id, town.wu.id)
        self.homes, self.stays = [new_id() for _ in SPLITS], {}
        self.events = 0
        with work(db, write=True) as tx:
            self.riders = [make_rider(tx) for _ in range(RIDERS)]
            self.funds = [
                make_fund(tx, town.ma, town.wu, fen=0, rate_fen=rate, shards=shards)
                for rate, shards in zip(RATES, SHARDS, strict=True)
            ]

    def source(self, kind, number):
        return f"{self.number}-{kind}-{number}"

    def run(self, name, *args):
        """One committed unit, and its answer."""
        self.events += 1
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
            fund=self.funds[fund], points=points, life=service.Life(days), reason="report.filed",
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
            tx, source=self.source("r", number), cost_fen=cost, merchant=f"TN{self.number}",
            reason="fulfil",
        )  # fmt: skip

    def cancel(self, tx, number):
        service.cancel(tx, source=self.source("r", number), reason="cancelled")

    def refund(self, tx, number, grace):
        reversing.refund(
            tx, source=self.source("r", number), merchant=f"TN{self.number}", reason="broken",
            grace=timedelta(days=grace), by=self.by,
        )  # fmt: skip

    def reverse(self, tx, number):
        done = reversing.reverse(tx, source=self.source("a", number), reason="false", by=self.by)
        return f"{done.taken}/{done.owed}" if done else "nothing"

    def join(self, tx, rider, household):
        self.stays[rider] = household, self.source("s", self.events)
        sharing.join(
            tx, source=self.stays[rider][1], person_id=self.riders[rider].id,
            household_id=self.homes[household],
        )  # fmt: skip

    def leave(self, tx, rider):
        household, source = self.stays.pop(rider)
        members = 1 + sum(home == household for home, _ in self.stays.values())
        return sharing.leave(
            tx, source=source, person_id=self.riders[rider].id, split=SPLITS[household],
            household_id=self.homes[household], members=members,
        )  # fmt: skip

    def expire(self, tx, rider):
        return service.expire(tx, book.purse(tx, self.riders[rider].id))

    def pay_out(self, tx, fen):
        reversing.pay_out(
            tx, source=self.source("p", self.events), merchant=f"TN{self.number}", fen=fen,
            reason="statement", by=self.by,
        )  # fmt: skip

    def rebalance(self, tx, fund):
        return funds.rebalance(tx, self.funds[fund].id, self.source("b", self.events))

    def observe(self):
        # A writing unit, because the free money of a shard is read under its lock.
        with work(self.db, write=True) as tx:
            sums = [money(tx, fund) for fund in self.funds]
            payable = book.account(tx, "CNY", "payable", f"TN{self.number}")
            return {
                "points": [points(tx, rider) for rider in self.riders],
                "debts": [debt_of(tx, rider) for rider in self.riders],
                "lots": lots_of(tx, self.riders),
                "left": [left_of(tx, fund) for fund in self.funds],
                "shards": [[fen for _, fen in pool.free(tx, fund)] for fund in self.funds],
                "reserved": [reserved for _, reserved, _ in sums],
                "paid": [paid for _, _, paid in sums],
                "owed": queries.owed_fen(tx, payable),
            }


def lots_of(tx, riders):
    """What is left of each lot of these riders, in the order in which they came to be."""
    mine = select(Lot.remaining).where(Lot.earner_id.in_([rider.id for rider in riders]))
    return list(tx.scalars(mine.order_by(Lot.id)))


def debt_of(tx, rider):
    return int(tx.scalar(select(func.sum(Debt.remaining)).where(Debt.person_id == rider.id)) or 0)


def next_event(rng, model):
    """An event that mostly succeeds: of the open accruals, of the open holds, within the balance."""
    coming = [n for n, lot in model.awards.items() if not lot.settled and lot.remaining]
    settled = [n for n, lot in model.awards.items() if lot.settled and lot not in model.reversed]
    holds = {
        state: [n for n, hold in model.holds.items() if hold.state == state]
        for state in ("open", "done")
    }
    rich = [rider for rider in range(RIDERS) if model.spendable(rider)]
    alone = [rider for rider in range(RIDERS) if rider not in model.homes]
    late = any(model.overdue(rider) for rider in range(RIDERS))
    names = ["accrue"] * (8 if not model.lots else 3) + ["contribute", "rebalance", "shift", "odd"]
    names += ["settle"] * 6 * bool(coming) + ["void"] * bool(coming)
    names += ["hold"] * 5 * bool(rich) + ["fulfil"] * 5 * bool(holds["open"])
    names += ["cancel"] * 2 * bool(holds["open"]) + ["refund"] * 4 * bool(holds["done"])
    names += ["reverse"] * bool(settled) + ["pay_out"] * 2 * (model.owed > 0)
    names += (
        ["join"] * bool(alone) + ["join"] * (bool(rich) and bool(alone)) + ["expire"] * 3 * late
    )
    sharers = [rider for rider in rich if rider in model.homes]
    names += ["leave"] * 4 * bool(sharers)
    name = rng.choice(names)
    if name == "odd":
        return odd_event(rng, model)
    rider, fund = rng.choice(rich or [0]), rng.randrange(2)
    most = model.spendable(rider)
    held = rng.choice(holds["open"] or [0])
    taken = model.holds[held].taken if holds["open"] else ()
    value = sum(RATES[lot.fund] * amount for lot, amount in taken)
    arguments = {
        "contribute": lambda: (fund, rng.randint(300, 1_500)),
        "accrue": lambda: (
            len(model.awards), rng.randrange(RIDERS), fund, rng.randint(1, 12),
            rng.choice((None, 1, 2, 4, 9)),
        ),
        "settle": lambda: (rng.choice(coming),),
        "void": lambda: (rng.choice(coming),),
        "hold": lambda: (len(model.holds), rider, rng.choice((most, rng.randint(1, most)))),
        "fulfil": lambda: (held, rng.choice((0, value, rng.randint(0, value)))),
        "cancel": lambda: (held,),
        "refund": lambda: (rng.choice(holds["done"]), rng.choice((0, 3))),
        "reverse": lambda: (rng.choice(settled),),
        "join": lambda: (rng.choice(alone), rng.randrange(2)),
        "leave": lambda: (rng.choice(sharers),),
        "expire": lambda: (rng.choice([r for r in range(RIDERS) if model.overdue(r)]),),
        "pay_out": lambda: (rng.randint(1, model.owed),),
        "rebalance": lambda: (1,),
        "shift": lambda: (rng.randint(1, 3),),
    }  # fmt: skip
    return name, *arguments[name]()


def odd_event(rng, model):
    """What should be refused, or change nothing."""
    number = rng.randrange(max(len(model.awards), 1) + 1)
    used = rng.randrange(max(len(model.holds), 1) + 1)
    rider = rng.randrange(RIDERS)
    settled = [n for n, lot in model.awards.items() if lot.settled and lot.remaining] or [0]
    return rng.choice(
        [
            ("settle", number),
            ("void", number),
            ("reverse", number),
            ("refund", used, 3),
            ("pay_out", model.owed + 1),
            *[("settle", rng.choice(settled)), ("void", rng.choice(settled))] * 2,
            *[("hold", len(model.holds), rider, model.spendable(rider) + 1)] * 4,
            ("hold", used, rider, 1),
            ("fulfil", used, 10**6),
            ("cancel", used),
            ("accrue", len(model.awards), rider, 0, 10**6, None),
            ("accrue", 0, rider, 0, 1, None),
        ]
    )


def play(rng, reals, counts):
    """One history everywhere at once; raises AssertionError where they part."""
    model = Model()
    for fund in (0, 1):
        step(("contribute", fund, 2_000), model, reals, counts)
    for _ in range(STEPS):
        event = next_event(rng, model)
        DICE.value = model.dice = rng.randrange(12)
        if event[0] == "shift":
            model.today += event[1]
            clock.shift(timedelta(days=event[1]))
        else:
            step(event, model, reals, counts)
    for real in reals:
        assert real.observe() == model.observe(), (real.number, real.db.url)
    counts["repaid"] += sum(lot.repaid > 0 for lot in model.lots)
    counts["carried"] += sum(lot.award is not lot for lot in model.lots)
    counts["shared draws"] += sum(
        len({shard for _, shard in lot.backing}) > 1 for lot in model.lots
    )


def step(event, model, reals, counts):
    name, *args = event
    expected = model.answer(name, *args)
    for real in reals:
        assert real.run(name, *args) == expected, (event, real.db.url)
    counts[name] += expected == "done" or expected[0] in "123456789" or "/" in expected


LEDGER = (
    Account, Balance, Journal, Transfer, Lot, LotUse, Purse, Debt, DebtPayment, Contribution,
    PoolPart, PaidPart, Backing,
)  # fmt: skip
# What is another on each database: ids, and the codes of funds, which tests count.
OWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|fund-[0-9]+")


def dump(db):
    """Every row of the ledger in the order in which it came to be; ids are counted as they appear."""
    seen = {}

    def told(value):
        if isinstance(value, datetime):
            # The engines were asked one after the other, within moments.
            return clock.business_day(value)
        if isinstance(value, UUID | str):
            return OWN.sub(lambda own: seen.setdefault(own[0], f"#{len(seen)}"), str(value))
        return value

    with work(db, write=False) as tx:
        return {
            table.name: [
                tuple(map(told, row))
                for row in tx.execute(select(table).order_by(*table.primary_key))
            ]
            for table in (model.__table__ for model in LEDGER)
        }


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


@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(0, HISTORIES, CHUNK))
def test_random_histories_agree(towns, first):
    counts, numbers = Counter(), itertools.count(first)

    @seed(first)
    @settings(max_examples=CHUNK, deadline=None, database=None)
    @given(st.randoms(use_true_random=True))
    def histories(rng):
        number = next(numbers)
        play(rng, [Real(db, town, number) for db, town in towns], counts)

    histories()
    one, other = (dump(db) for db, _ in towns)
    assert one == other
    for db, _ in towns:
        assert broken(db, but=BY_HAND) == []
    assert all(counts[name] >= floor for name, floor in FLOORS.items()), counts


# The module, its function, what the line says, what it is made to say, and a history that shows it.
FAULTS = {
    "settle forgets that points were on the way": (
        service, "settle", "unsettled=-points", "unsettled=0", 0),
    "settle counts life from the filing": (
        service, "settle", "lots.expiry(lot.settled_at", "lots.expiry(lot.created_at", 38),
    "void keeps the money": (
        service, "void", "points * lot.rate_fen", "0", 3),
    "void of what was settled": (
        service, "_on_the_way", "lot.settled_at is not None or ", "", 9),
    "hold ignores what is held": (
        book, "_change", " - sums.held", "", 31),
    "hold ignores expiry": (
        service, "hold", "purses.expire(tx, member, clock.now())", "None", 38),
    "lots that last are spent first": (
        queries, "live_lots", '{"account": account_id}))', '{"account": account_id}))[::-1]', 19),
    "cancel forgets the lots": (
        purses, "give_back", "lot.remaining += taken.amount", "lot.remaining += 0", 1),
    "fulfil keeps points held": (
        service, "fulfil", "held=-transfer.amount, ", "", 1),
    "fulfil keeps the change": (
        service, "fulfil", "value - cost)", "0)", 1),
    "fulfil charges the first lot": (
        service, "fulfil", "lots.split_by_value(cost_fen, values)", "[min(cost_fen, values[0]), *([0] * (len(values) - 1))]", 49),
    "the newest contribution is drawn first": (
        pool, "_oldest", ".order_by(PoolPart.contribution_id)", ".order_by(PoolPart.contribution_id.desc())", 0),
    "money goes back to the wrong contribution": (
        queries, "open_backing", ".all()", ".all()[::-1]", 8),
    "what is paid is noted as returned": (
        pool, "pay", '"pay"', '"return"', 1),
    "what was paid is not counted": (
        service, "fulfil", "parts.count_paid(tx, paid)", "pass", 1),
    "an accrual counts twice": (
        service, "accrue", "    if journal is None:\n        return\n", "    journal = journal or book.open_journal(tx, 'accrue', source + 'x', reason)\n", 9),
    "a household's member spends alone": (
        book, "locked_purse", "if shared is None", "if True", 0),
    "settled points stay where they were filed": (
        service, "settle", "sharing.follow(tx, lot)", "lot", 4),
    "a debt is paid and stays": (
        purses, "_repay_from", "share.source.remaining -= share.amount", "pass", 2),
    "who joins keeps the money of their points": (
        purses, "carry", "pool.pass_on(tx, journal_id, lot, carried.id, points * lot.rate_fen)", "pass", 1),
    "carried points begin a new life": (
        purses, "carry", "expires_at=lot.expires_at", "expires_at=None", 13),
    "who joins brings what is over": (
        sharing, "join", "purses.expire(tx, own, clock.now())", "pass", 37),
    "who leaves takes what others earned": (
        sharing, "leave", " if lot.earner_id == person_id", "", 4),
    "who leaves takes all of an equal share": (
        sharing, "_equal", "sum(left) // members", "sum(left)", 50),
    "points given back stay in a purse of nobody": (
        service, "cancel", "sharing.come_home(tx, transfer.debit_account_id, back)", "back", 30),
    "a reversal forgets what was spent": (
        reversing, "reverse", "    if owed:\n", "    if False:\n", 2),
    "a reversal forgets what was carried": (
        purses, "family", " | (Lot.origin_id == lot.id)", "", 17),
    "a refund leaves the merchant's money": (
        pool, "take_back", "    if fen:\n", "    if False:\n", 1),
    "a refund backs points twice": (
        reversing, "refund", " + sum(one.fen for one in taken)", "", 0),
    "a merchant is paid more than is owed": (
        reversing, "pay_out", "if fen > queries.owed_fen(tx, payable)", "if False", 11),
    "a draw over shards takes from the first alone": (
        pool, "draw", "for part in _together(tx, fund, fen):", "for part in [Share(0, fen)]:", 0),
    "shards never give together": (
        pool, "_together", "if fund.shards > 1 else None", "if False else None", 0),
    "a rebalance leaves the contributions behind": (
        pool, "shift", "parts.change(tx, (share.source, taker), share.amount)", "pass", 3),
    "a rebalance is never needed": (
        funds, "rebalance", "2 * fen >=", "2 * fen >= 0 *", 3),
    "what was on its way is not shown after joining": (
        queries, "points", "int(row.unsettled or 0)", "0", 0),
}  # fmt: skip


def faulty(module, name, good, bad):
    """A function of a module with one piece of its text replaced."""
    source = textwrap.dedent(inspect.getsource(getattr(module, name)))
    assert source.count(good) == 1, source
    made = {}
    exec(compile(source.replace(good, bad), f"<{name}>", "exec"), vars(module), made)  # noqa: S102
    return made[name]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_is_caught(fault, request, tmp_path, monkeypatch):
    module, name, good, bad, first = FAULTS[fault]
    with own_database("sqlite", request, tmp_path) as db:
        with work(db, write=True) as tx:
            town = make_town(tx)
        monkeypatch.setattr(module, name, faulty(module, name, good, bad))
        # An answer, a sum, a constraint or an audit; an error of the harness would prove nothing.
        with pytest.raises((AssertionError, DBAPIError)):
            histories(db, town, first)


def histories(db, town, first):
    """Plays until something is wrong: first what showed the fault when it was last looked for."""
    for turn in (first, *(turn for turn in range(80) if turn != first)):
        play(random.Random(turn), [Real(db, town, turn)], Counter())
        assert broken(db, but=BY_HAND) == []

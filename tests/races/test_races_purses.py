"""Households, reversals and shards under many writers at once, on both databases."""

from collections import Counter
from datetime import timedelta

from ledger.build import (
    MERCHANT,
    earn,
    fulfil,
    hold,
    make_fund,
    make_rider,
    money,
    points,
)
from races.together import at_once
from races.units import unit
from sqlalchemy import func, select

from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import book, reversing, service, sharing
from app.ledger.models import Debt

TURNS = 5


def race(db, *calls):
    """Each call is a function and its arguments, in a unit of its own."""
    return at_once([lambda call=call: unit(db, call[0], *call[1:]) for call in calls])


def join(tx, person, home):
    return sharing.join(tx, source=str(person.id), person_id=person.id, household_id=home)


def leave(tx, person, home, members):
    return sharing.leave(
        tx, source=str(person.id), person_id=person.id, household_id=home, split="earned",
        members=members,
    )  # fmt: skip


def settle(tx, source):
    return service.settle(tx, source=source, reason="fixed")


def reverse(tx, source, town):
    by = book.Hands(town.ma.id, town.wu.id)
    return reversing.reverse(tx, source=source, reason="false", by=by)


def refund(tx, source, town):
    by = book.Hands(town.ma.id, town.wu.id)
    return reversing.refund(
        tx, source=source, merchant=MERCHANT, reason="broken", grace=timedelta(), by=by
    )


def couple(tx, town):
    """A household with one member of 10 points, and a rider of 10 points who may join."""
    home, first, second = new_id(), make_rider(tx), make_rider(tx)
    earn(tx, town.fund, first, 10)
    earn(tx, town.fund, second, 10)
    join(tx, first, home)
    return home, first, second


def seen(db, *people):
    with work(db, write=False) as tx:
        return [points(tx, person) for person in people]


def owed(db):
    with work(db, write=False) as tx:
        return int(tx.scalar(select(func.sum(Debt.remaining))) or 0)


def test_join_against_accrue(db, town):
    for _ in range(TURNS):
        with work(db, write=True) as tx:
            home, first, second = couple(tx, town)
        race(db, (join, second, home), (earn, town.fund, second, 5))
        assert seen(db, first, second) == [(25, 0, 0)] * 2


def test_join_against_settle(db, town):
    for _ in range(TURNS):
        with work(db, write=True) as tx:
            home, first, second = couple(tx, town)
            source = earn(tx, town.fund, second, 5, settled=False)
        race(db, (settle, source), (join, second, home))
        assert seen(db, first, second) == [(25, 0, 0)] * 2


def test_join_against_hold(db, town):
    for _ in range(TURNS):
        with work(db, write=True) as tx:
            home, first, second = couple(tx, town)
        race(db, (join, second, home), (hold, second, 10), (hold, first, 10))
        (spendable, _, _), (_, _, held) = seen(db, first, second)
        assert spendable == 0
        assert held in {10, 20}


def test_leave_against_hold(db, town):
    for _ in range(TURNS):
        with work(db, write=True) as tx:
            home, first, second = couple(tx, town)
            join(tx, second, home)
        race(db, (leave, second, home, 2), (hold, first, 15), (hold, second, 10))
        assert sum(spendable + held for spendable, _, held in seen(db, first, second)) == 20


def test_reverse_against_hold(db, town):
    for _ in range(TURNS):
        with work(db, write=True) as tx:
            rider = make_rider(tx)
            source, before = earn(tx, town.fund, rider, 10), owed_of(tx, rider)
        taken, held = race(db, (reverse, source, town), (hold, rider, 4))
        with work(db, write=False) as tx:
            debt = owed_of(tx, rider) - before
        if held == "PointsInsufficient":
            assert (taken.taken, taken.owed, debt) == (10, 0, 0)
        else:
            assert (taken.taken, taken.owed, debt) == (6, 4, 4)


def owed_of(tx, rider):
    mine = select(func.sum(Debt.remaining)).where(Debt.person_id == rider.id)
    return int(tx.scalar(mine) or 0)


def test_reverse_against_join(db, town):
    for _ in range(TURNS):
        with work(db, write=True) as tx:
            home, first, second = couple(tx, town)
            source = earn(tx, town.fund, second, 5)
        taken, _, _ = race(db, (reverse, source, town), (join, second, home), (hold, first, 3))
        assert (taken.taken, taken.owed) in {(5, 0), (2, 3), (3, 2), (4, 1)}


def test_reverse_twice_and_refund_twice(db, town):
    with work(db, write=True) as tx:
        source = earn(tx, town.fund, town.liu_bo, 10)
        goods = hold(tx, town.liu_bo, 4)
        fulfil(tx, goods, 300)
    answers = race(db, *[(refund, goods, town)] * 6)
    assert Counter(answers) == {4: 1, "HoldResolved": 5}
    answers = race(db, *[(reverse, source, town)] * 6)
    assert sorted(answer.taken for answer in answers if answer) == [10]
    with work(db, write=False) as tx:
        assert money(tx, town.fund) == (100_000, 0, 0)
    assert owed(db) == 0


def test_many_empty_a_pool_of_several_shards(db, town):
    with work(db, write=True) as tx:
        fund = make_fund(tx, town.ma, town.wu, fen=10_300, shards=4)
        riders = [make_rider(tx) for _ in range(16)]
    answers = race(db, *[(earn, fund, rider, 8) for rider in riders])
    assert Counter(answer == "PoolExhausted" for answer in answers) == {False: 12, True: 4}
    with work(db, write=False) as tx:
        assert money(tx, fund) == (700, 9_600, 0)

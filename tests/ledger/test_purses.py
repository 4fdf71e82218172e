"""Households, reversals, debts, refunds, payments and uneven shards, on both databases."""

from datetime import timedelta

import pytest
from ledger.build import (
    MERCHANT,
    cancel,
    contribute,
    earn,
    fulfil,
    hold,
    make_fund,
    make_rider,
    money,
    points,
)
from sqlalchemy import func, select

from app.kit import clock
from app.kit.ids import new_id
from app.ledger import book, funds, pool, queries, reversing, service, sharing
from app.ledger.errors import HoldResolved, PaymentExceedsDebt, PointsInsufficient, PoolExhausted
from app.ledger.models import Debt, Journal
from app.ledger.reversing import Reversal


@pytest.fixture
def chen(town, tx):
    return make_rider(tx, "陈")


@pytest.fixture
def home():
    return new_id()


def join(tx, person, home, stay="1"):
    return sharing.join(tx, source=f"{person.id}:{stay}", person_id=person.id, household_id=home)


def leave(tx, person, home, members, *, split="earned", stay="1"):
    return sharing.leave(
        tx, source=f"{person.id}:{stay}", person_id=person.id, household_id=home, split=split,
        members=members,
    )  # fmt: skip


def by(town):
    return book.Hands(town.ma.id, town.wu.id)


def reverse(tx, town, source):
    return reversing.reverse(tx, source=source, reason="false", by=by(town))


def refund(tx, town, source, days=0):
    return reversing.refund(
        tx, source=source, merchant=MERCHANT, reason="broken", grace=timedelta(days=days),
        by=by(town),
    )  # fmt: skip


def pay_out(tx, town, fen, source="statement-1"):
    reversing.pay_out(
        tx, source=source, merchant=MERCHANT, fen=fen, reason="statement", by=by(town)
    )


def owed(tx, person):
    return tx.scalar(select(func.sum(Debt.remaining)).where(Debt.person_id == person.id)) or 0


def next_expiry(tx, person):
    return queries.points(tx, person.id, clock.now()).next_expiry


class TestJoin:
    def test_two_share_what_both_had_with_its_expiry(self, town, tx, chen, home):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        earn(tx, town.fund, chen, 5, days=10)
        before = next_expiry(tx, chen)
        assert [join(tx, p, home) for p in (town.liu_bo, chen)] == [10, 5]
        assert points(tx, town.liu_bo) == points(tx, chen) == (15, 0, 0)
        assert next_expiry(tx, town.liu_bo) == before
        hold(tx, chen, 12)
        assert points(tx, town.liu_bo) == (3, 0, 12)
        assert money(tx, town.fund) == (98_500, 1_500, 0)

    def test_what_is_over_is_not_brought(self, town, tx, home):
        earn(tx, town.fund, town.liu_bo, 10, days=1)
        clock.shift(timedelta(days=2))
        assert join(tx, town.liu_bo, home) == 0
        assert points(tx, town.liu_bo) == (0, 0, 0)
        assert money(tx, town.fund) == (100_000, 0, 0)

    def test_what_is_on_its_way_follows_when_it_is_settled(self, town, tx, chen, home):
        source = earn(tx, town.fund, chen, 7, settled=False)
        join(tx, town.liu_bo, home)
        join(tx, chen, home)
        assert points(tx, chen) == (0, 7, 0)
        service.settle(tx, source=source, reason="fixed")
        assert points(tx, town.liu_bo) == (7, 0, 0)

    def test_what_was_held_comes_back_to_the_household(self, town, tx, chen, home):
        earn(tx, town.fund, chen, 7)
        held = hold(tx, chen, 4)
        for person in (chen, town.liu_bo):
            join(tx, person, home)
        assert (points(tx, chen), points(tx, town.liu_bo)) == ((3, 0, 4), (3, 0, 0))
        cancel(tx, held)
        assert points(tx, chen) == points(tx, town.liu_bo) == (7, 0, 0)

    def test_new_points_are_the_households(self, town, tx, chen, home):
        for person in (chen, town.liu_bo):
            join(tx, person, home)
        earn(tx, town.fund, chen, 7, settled=False)
        earn(tx, town.fund, chen, 2)
        assert points(tx, town.liu_bo) == (2, 7, 0)


class TestLeave:
    def test_earned_gives_what_is_left_of_ones_own(self, town, tx, chen, home):
        earn(tx, town.fund, town.liu_bo, 10, days=1)
        earn(tx, town.fund, chen, 5, days=2)
        for person in (chen, town.liu_bo):
            join(tx, person, home)
        fulfil(tx, hold(tx, chen, 6), 0)
        assert leave(tx, town.liu_bo, home, 2) == 4
        assert (points(tx, town.liu_bo), points(tx, chen)) == ((4, 0, 0), (5, 0, 0))

    def test_equal_shares_every_lot(self, town, tx, chen, home):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        earn(tx, town.fund, town.liu_bo, 5, days=None)
        for person in (chen, town.liu_bo):
            join(tx, person, home)
        assert leave(tx, chen, home, 2, split="equal") == 7
        out = queries.points(tx, chen.id, clock.now())
        assert (out.spendable, out.next_expiry_points) == (7, 5)
        assert points(tx, town.liu_bo) == (8, 0, 0)

    def test_points_of_an_equal_share_stay_with_who_took_them(self, town, tx, chen, home):
        """Given back, they are the leaver's, although somebody else earned them."""
        earn(tx, town.fund, town.liu_bo, 10)
        for person in (chen, town.liu_bo):
            join(tx, person, home)
        leave(tx, chen, home, 2, split="equal")
        cancel(tx, hold(tx, chen, 5))
        assert (points(tx, chen), points(tx, town.liu_bo)) == ((5, 0, 0), (5, 0, 0))

    def test_the_last_takes_everything_and_what_comes_back_later(self, town, tx, home):
        earn(tx, town.fund, town.liu_bo, 10)
        join(tx, town.liu_bo, home)
        held = hold(tx, town.liu_bo, 4)
        assert leave(tx, town.liu_bo, home, 1, split="equal") == 6
        cancel(tx, held)
        assert points(tx, town.liu_bo) == (10, 0, 0)

    def test_again_in_a_second_stay(self, town, tx, home):
        earn(tx, town.fund, town.liu_bo, 10)
        for stay in "12":
            assert join(tx, town.liu_bo, home, stay) == 10
            assert leave(tx, town.liu_bo, home, 1, stay=stay) == 10
        assert points(tx, town.liu_bo) == (10, 0, 0)


class TestReverse:
    def test_takes_what_is_left_and_owes_the_rest(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10)
        fulfil(tx, hold(tx, town.liu_bo, 4), 400)
        assert reverse(tx, town, source) == Reversal(taken=6, owed=4)
        assert (points(tx, town.liu_bo), owed(tx, town.liu_bo)) == ((0, 0, 0), 4)
        assert money(tx, town.fund) == (99_600, 0, 400)

    def test_once(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10)
        assert reverse(tx, town, source) == Reversal(10, 0)
        assert reverse(tx, town, source) is None

    def test_only_what_was_settled(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10, settled=False)
        assert reverse(tx, town, source) is None
        assert reverse(tx, town, "award-unknown") is None

    def test_later_points_pay_first(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10)
        fulfil(tx, hold(tx, town.liu_bo, 10), 0)
        reverse(tx, town, source)
        earn(tx, town.fund, town.liu_bo, 7)
        assert (points(tx, town.liu_bo), owed(tx, town.liu_bo)) == ((0, 0, 0), 3)
        earn(tx, town.fund, town.liu_bo, 7)
        assert (points(tx, town.liu_bo), owed(tx, town.liu_bo)) == ((4, 0, 0), 0)
        assert money(tx, town.fund) == (99_600, 400, 0)

    def test_held_points_pay_when_they_come_back(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10)
        held = hold(tx, town.liu_bo, 4)
        assert reverse(tx, town, source) == Reversal(6, 4)
        cancel(tx, held)
        assert (points(tx, town.liu_bo), owed(tx, town.liu_bo)) == ((0, 0, 0), 0)

    def test_what_paid_a_debt_is_owed_again(self, town, tx):
        first, second = (earn(tx, town.fund, town.liu_bo, 10, settled=False) for _ in range(2))
        service.settle(tx, source=first, reason="fixed")
        fulfil(tx, hold(tx, town.liu_bo, 10), 0)
        reverse(tx, town, first)
        service.settle(tx, source=second, reason="fixed")
        assert owed(tx, town.liu_bo) == 0
        assert reverse(tx, town, second) == Reversal(0, 10)
        assert owed(tx, town.liu_bo) == 10

    def test_what_expired_is_not_owed(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10, days=1)
        clock.shift(timedelta(days=2))
        service.expire(tx, book.purse(tx, town.liu_bo.id))
        assert reverse(tx, town, source) == Reversal(0, 0)

    def test_finds_what_was_carried_into_a_household(self, town, tx, chen, home):
        source = earn(tx, town.fund, chen, 10)
        for person in (chen, town.liu_bo):
            join(tx, person, home)
        earn(tx, town.fund, town.liu_bo, 3)
        leave(tx, chen, home, 2, split="equal")
        hold(tx, town.liu_bo, 2)
        assert reverse(tx, town, source) == Reversal(8, 2)
        assert owed(tx, chen) == 2

    def test_nobody_pays_for_another(self, town, tx, chen, home):
        """Points of an equal share are not taken for the debt of who earned them."""
        earn(tx, town.fund, chen, 10)
        false = earn(tx, town.fund, chen, 3, days=1)
        for person in (chen, town.liu_bo):
            join(tx, person, home)
        fulfil(tx, hold(tx, chen, 3), 0)
        leave(tx, town.liu_bo, home, 2, split="equal")
        assert reverse(tx, town, false) == Reversal(0, 3)
        cancel(tx, hold(tx, town.liu_bo, 5))
        assert (points(tx, town.liu_bo), owed(tx, chen)) == ((5, 0, 0), 3)


class TestRefund:
    def test_gives_points_back_and_the_money_behind_them(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        source = hold(tx, town.liu_bo, 6)
        fulfil(tx, source, 450)
        assert refund(tx, town, source) == 6
        assert points(tx, town.liu_bo) == (10, 0, 0)
        assert money(tx, town.fund) == (99_000, 1_000, 0)

    def test_once_and_only_what_was_handed_out(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        done, cancelled, held = (hold(tx, town.liu_bo, 2) for _ in range(3))
        fulfil(tx, done, 100)
        cancel(tx, cancelled)
        refund(tx, town, done)
        for source in (done, cancelled, held, "redemption-unknown"):
            with pytest.raises(HoldResolved), tx.begin_nested():
                refund(tx, town, source)
        assert points(tx, town.liu_bo) == (8, 0, 2)

    def test_lots_keep_their_expiry_or_last_for_a_grace(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        before = next_expiry(tx, town.liu_bo)
        first, second = (hold(tx, town.liu_bo, 5) for _ in range(2))
        for source in (first, second):
            fulfil(tx, source, 0)
        refund(tx, town, first, days=7)
        assert next_expiry(tx, town.liu_bo) == before
        clock.shift(timedelta(days=40))
        refund(tx, town, second, days=7)
        # What was left of the lot was over, and stays so.
        assert points(tx, town.liu_bo) == (5, 0, 0)
        left = next_expiry(tx, town.liu_bo) - clock.now()
        assert timedelta(days=6, hours=23) < left <= timedelta(days=7)

    def test_refused_when_the_pool_cannot_back_them_again(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=1_000)
        earn(tx, fund, town.liu_bo, 10)
        source = hold(tx, town.liu_bo, 10)
        fulfil(tx, source, 400)
        earn(tx, fund, town.liu_bo, 6)
        with pytest.raises(PoolExhausted), tx.begin_nested():
            refund(tx, town, source)
        assert money(tx, fund) == (0, 600, 400)

    def test_pays_a_reversal_first(self, town, tx):
        award = earn(tx, town.fund, town.liu_bo, 10)
        source = hold(tx, town.liu_bo, 10)
        fulfil(tx, source, 900)
        reverse(tx, town, award)
        refund(tx, town, source)
        assert (points(tx, town.liu_bo), owed(tx, town.liu_bo)) == ((0, 0, 0), 0)
        assert money(tx, town.fund) == (100_000, 0, 0)


class TestPayOut:
    def test_at_most_what_is_owed_and_once(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        fulfil(tx, hold(tx, town.liu_bo, 5), 400)
        with pytest.raises(PaymentExceedsDebt), tx.begin_nested():
            pay_out(tx, town, 401)
        for _ in range(2):
            pay_out(tx, town, 300)
        payable = book.account(tx, "CNY", "payable", MERCHANT)
        assert queries.owed_fen(tx, payable) == 100
        with pytest.raises(PaymentExceedsDebt), tx.begin_nested():
            pay_out(tx, town, 101, "statement-2")

    def test_a_refund_of_what_was_paid_is_owed_by_the_merchant(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        source = hold(tx, town.liu_bo, 5)
        fulfil(tx, source, 400)
        pay_out(tx, town, 400)
        refund(tx, town, source)
        assert queries.owed_fen(tx, book.account(tx, "CNY", "payable", MERCHANT)) == -400


class TestRebalance:
    def make(self, tx, town):
        """Four shards of 250; the first and the second are empty by now."""
        fund = make_fund(tx, town.ma, town.wu, fen=600, shards=4)
        contribute(tx, fund.id, town.ma, town.wu, 400)
        for shard in (0, 1):
            earn_from(tx, fund, town.liu_bo, shard)
        return fund

    def test_evens_the_shards_and_keeps_every_contribution(self, town, tx):
        fund = self.make(tx, town)
        assert [fen for _, fen in pool.free(tx, fund)] == [50, 50, 250, 250]
        assert funds.rebalance(tx, fund.id, "1") == 200
        assert [fen for _, fen in pool.free(tx, fund)] == [150, 150, 150, 150]
        assert money(tx, fund) == (600, 400, 0)
        # The money behind lots still goes back to the shard that it came from.
        service.void(tx, source="shard-0", reason="false")
        assert [fen for _, fen in pool.free(tx, fund)] == [350, 150, 150, 150]

    def test_nothing_is_left_for_the_next_turn(self, town, tx):
        fund = self.make(tx, town)
        assert [funds.rebalance(tx, fund.id, turn) for turn in "112"] == [200, 0, 0]
        kinds = select(func.count()).where(Journal.kind == "rebalance")
        assert tx.scalar(kinds) == 1

    def test_shards_of_nothing(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=0, shards=4)
        assert funds.rebalance(tx, fund.id, "1") == 0


def earn_from(tx, fund, person, shard):
    """Two yuan from one shard, whatever the dice say."""
    start, pool.random = pool.random, Start(shard)
    try:
        service.accrue(
            tx, source=f"shard-{shard}", person_id=person.id, fund=fund, points=2,
            life=service.Life(), reason="report.filed",
        )  # fmt: skip
    finally:
        pool.random = start


class Start:
    def __init__(self, shard):
        self.shard = shard

    def randrange(self, _stop):
        return self.shard


def test_a_stranger_to_the_household_spends_nothing_of_it(town, tx, chen, home):
    earn(tx, town.fund, town.liu_bo, 10)
    join(tx, town.liu_bo, home)
    with pytest.raises(PointsInsufficient), tx.begin_nested():
        hold(tx, chen, 1)

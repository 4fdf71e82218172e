"""What each event of the ledger does to points, lots and money, on both databases."""

from datetime import timedelta

import pytest
from cast import DISTRICT, STREET
from ledger.build import (
    actor,
    cancel,
    contribute,
    earn,
    fulfil,
    hold,
    left_of,
    make_fund,
    make_rider,
    money,
    points,
)
from sqlalchemy import func, select

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.errors import Forbidden
from app.ledger import book, funds, purses, queries, service
from app.ledger.errors import (
    ContributionApproved,
    ContributionNotFound,
    CostExceedsValue,
    FundNotFound,
    HoldResolved,
    PointsInsufficient,
    PoolExhausted,
    SecondPersonNeeded,
)
from app.ledger.models import (
    Account,
    Backing,
    Contributor,
    Journal,
    Lot,
    LotUse,
    PoolPart,
    Transfer,
)
from app.ledger.schemas import ContributionDraft


def count(tx, model):
    return tx.scalar(select(func.count()).select_from(model))


def remainders(tx, person):
    """What is left of each lot of a person, in the order in which they were earned."""
    member = book.account(tx, "PTS", "member", str(person.id))
    return list(tx.scalars(select(Lot.remaining).where(Lot.account_id == member).order_by(Lot.id)))


class TestAccrue:
    def test_points_are_on_the_way_and_backed(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, settled=False)
        assert points(tx, town.liu_bo) == (0, 10, 0)
        assert money(tx, town.fund) == (99_000, 1_000, 0)

    def test_once_for_each_source(self, town, tx):
        for _ in range(3):
            service.accrue(
                tx, source="award-x", person_id=town.liu_bo.id, fund=town.fund, points=10,
                life=service.Life(), reason="report.filed",
            )  # fmt: skip
        assert points(tx, town.liu_bo) == (0, 10, 0)
        assert money(tx, town.fund) == (99_000, 1_000, 0)

    def test_unsettled_points_are_not_spendable(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, settled=False)
        earn(tx, town.fund, town.liu_bo, 3)
        with pytest.raises(PointsInsufficient), tx.begin_nested():
            hold(tx, town.liu_bo, 4)
        assert points(tx, town.liu_bo) == (3, 10, 0)

    def test_an_exhausted_pool_leaves_nothing_behind(self, town, db):
        tables = (Account, Journal, Transfer, Lot, Backing)
        with work(db, write=True) as tx:
            before = [count(tx, table) for table in tables]
            with pytest.raises(PoolExhausted), tx.begin_nested():
                earn(tx, town.fund, town.liu_bo, 1_001)
            assert [count(tx, table) for table in tables] == before
            assert points(tx, town.liu_bo) == (0, 0, 0)
            assert money(tx, town.fund) == (100_000, 0, 0)

    def test_the_last_fen_can_be_reserved(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 1_000)
        assert money(tx, town.fund) == (0, 100_000, 0)

    def test_the_oldest_contribution_is_drawn_first(self, town, tx):
        contribute(tx, town.fund.id, town.ma, town.wu, 500)
        earn(tx, town.fund, town.liu_bo, 999)
        assert left_of(tx, town.fund) == [100, 500]
        earn(tx, town.fund, town.liu_bo, 3)
        assert left_of(tx, town.fund) == [0, 300]


class TestSettle:
    def test_makes_points_spendable_and_starts_their_life(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10, days=30, settled=False)
        clock.shift(timedelta(days=5))
        assert service.settle(tx, source=source, reason="fixed") == 10
        out = queries.points(tx, town.liu_bo.id, clock.now())
        assert (out.spendable, out.on_the_way, out.next_expiry_points) == (10, 0, 10)
        left = out.next_expiry - clock.now()
        assert timedelta(days=29, hours=23) < left <= timedelta(days=30)

    def test_once(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10)
        first = queries.points(tx, town.liu_bo.id, clock.now())
        clock.shift(timedelta(days=1))
        assert service.settle(tx, source=source, reason="again") == 0
        assert queries.points(tx, town.liu_bo.id, clock.now()) == first

    @pytest.mark.usefixtures("town")
    def test_nothing_for_an_unknown_source(self, tx):
        assert service.settle(tx, source="award-unknown", reason="fixed") == 0


class TestVoid:
    def test_gives_the_money_back(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10, settled=False)
        assert service.void(tx, source=source, reason="false") == 10
        assert points(tx, town.liu_bo) == (0, 0, 0)
        assert money(tx, town.fund) == (100_000, 0, 0)

    def test_once(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10, settled=False)
        assert [service.void(tx, source=source, reason="false") for _ in range(2)] == [10, 0]

    def test_nothing_after_settling(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10)
        assert service.void(tx, source=source, reason="late") == 0
        assert points(tx, town.liu_bo) == (10, 0, 0)

    def test_a_voided_accrual_cannot_be_settled(self, town, tx):
        source = earn(tx, town.fund, town.liu_bo, 10, settled=False)
        service.void(tx, source=source, reason="false")
        assert service.settle(tx, source=source, reason="fixed") == 0
        assert points(tx, town.liu_bo) == (0, 0, 0)

    @pytest.mark.usefixtures("town")
    def test_nothing_for_an_unknown_source(self, tx):
        assert service.void(tx, source="award-unknown", reason="false") == 0


class TestHold:
    def test_takes_the_earliest_expiry_first_and_what_never_expires_last(self, town, tx):
        for days in (None, 90, 30, 60):
            earn(tx, town.fund, town.liu_bo, 10, days=days)
        hold(tx, town.liu_bo, 15)
        assert remainders(tx, town.liu_bo) == [10, 10, 0, 5]
        hold(tx, town.liu_bo, 16)
        assert remainders(tx, town.liu_bo) == [9, 0, 0, 0]
        assert points(tx, town.liu_bo) == (9, 0, 31)

    def test_exactly_the_balance(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        hold(tx, town.liu_bo, 10)
        assert points(tx, town.liu_bo) == (0, 0, 10)

    def test_one_more_than_the_balance_is_refused(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        with pytest.raises(PointsInsufficient), tx.begin_nested():
            hold(tx, town.liu_bo, 11)
        assert points(tx, town.liu_bo) == (10, 0, 0)

    def test_held_points_are_not_spendable_again(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        hold(tx, town.liu_bo, 6)
        with pytest.raises(PointsInsufficient), tx.begin_nested():
            hold(tx, town.liu_bo, 5)
        assert points(tx, town.liu_bo) == (4, 0, 6)

    @pytest.mark.usefixtures("town")
    def test_nobody_without_points_holds_any(self, tx):
        with pytest.raises(PointsInsufficient), tx.begin_nested():
            hold(tx, make_rider(tx), 1)

    def test_a_source_holds_once(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        source = hold(tx, town.liu_bo, 4)
        with pytest.raises(HoldResolved), tx.begin_nested():
            service.hold(tx, source=source, person_id=town.liu_bo.id, points=4, reason="redeem")
        assert points(tx, town.liu_bo) == (6, 0, 4)

    def test_money_stays_reserved(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        hold(tx, town.liu_bo, 10)
        assert money(tx, town.fund) == (99_000, 1_000, 0)


class TestFulfil:
    def test_pays_the_cost_and_gives_the_rest_back(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        fulfil(tx, hold(tx, town.liu_bo, 5), 400)
        assert points(tx, town.liu_bo) == (5, 0, 0)
        assert money(tx, town.fund) == (99_100, 500, 400)

    @pytest.mark.parametrize(("cost", "paid"), [(0, 0), (500, 500)])
    def test_costs_between_nothing_and_the_value(self, town, tx, cost, paid):
        earn(tx, town.fund, town.liu_bo, 5)
        fulfil(tx, hold(tx, town.liu_bo, 5), cost)
        assert money(tx, town.fund) == (100_000 - paid, 0, paid)

    def test_a_cost_over_the_value_is_refused(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 5)
        source = hold(tx, town.liu_bo, 5)
        with pytest.raises(CostExceedsValue), tx.begin_nested():
            fulfil(tx, source, 501)
        assert points(tx, town.liu_bo) == (0, 0, 5)

    def test_splits_the_cost_over_funds_by_value(self, town, tx):
        cheap = make_fund(tx, town.ma, town.wu, fen=10_000, rate_fen=70)
        earn(tx, town.fund, town.liu_bo, 3, days=1)
        earn(tx, cheap, town.liu_bo, 2, days=2)
        fulfil(tx, hold(tx, town.liu_bo, 5), 400)
        # 300 and 140 fen stand behind; 400 splits into 272.73 and 127.27.
        assert money(tx, town.fund) == (100_000 - 273, 0, 273)
        assert money(tx, cheap) == (10_000 - 127, 0, 127)

    def test_spans_two_contributions_in_their_order(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=300)
        contribute(tx, fund.id, town.ma, town.wu, 700)
        earn(tx, fund, town.liu_bo, 10)
        fulfil(tx, hold(tx, town.liu_bo, 10), 400)
        # The first 400 of 300 + 700 are paid; the other 600 come from the second alone.
        assert left_of(tx, fund) == [0, 600]

    def test_once(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        source = hold(tx, town.liu_bo, 5)
        fulfil(tx, source, 400)
        for again in (lambda: fulfil(tx, source, 400), lambda: cancel(tx, source)):
            with pytest.raises(HoldResolved), tx.begin_nested():
                again()
        assert money(tx, town.fund) == (99_100, 500, 400)

    @pytest.mark.usefixtures("town")
    def test_an_unknown_hold_is_refused(self, tx):
        with pytest.raises(HoldResolved), tx.begin_nested():
            fulfil(tx, "redemption-unknown", 1)


class TestCancel:
    def test_gives_every_lot_what_was_taken(self, town, tx):
        for days in (None, 30, 60):
            earn(tx, town.fund, town.liu_bo, 10, days=days)
        source = hold(tx, town.liu_bo, 25)
        cancel(tx, source)
        assert remainders(tx, town.liu_bo) == [10, 10, 10]
        assert points(tx, town.liu_bo) == (30, 0, 0)
        assert money(tx, town.fund) == (97_000, 3_000, 0)

    def test_once(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        source = hold(tx, town.liu_bo, 5)
        cancel(tx, source)
        for again in (lambda: cancel(tx, source), lambda: fulfil(tx, source, 1)):
            with pytest.raises(HoldResolved), tx.begin_nested():
                again()
        assert points(tx, town.liu_bo) == (10, 0, 0)

    def test_a_refunded_lot_keeps_its_expiry(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        before = queries.points(tx, town.liu_bo.id, clock.now()).next_expiry
        source = hold(tx, town.liu_bo, 10)
        clock.shift(timedelta(days=10))
        cancel(tx, source)
        assert queries.points(tx, town.liu_bo.id, clock.now()).next_expiry == before

    def test_what_expired_while_held_does_not_come_back_to_life(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        source = hold(tx, town.liu_bo, 10)
        clock.shift(timedelta(days=31))
        cancel(tx, source)
        assert points(tx, town.liu_bo) == (0, 0, 0)
        with pytest.raises(PointsInsufficient), tx.begin_nested():
            hold(tx, town.liu_bo, 1)


class TestExpire:
    def test_on_touch_with_its_money(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        earn(tx, town.fund, town.liu_bo, 5, days=60)
        clock.shift(timedelta(days=31))
        assert points(tx, town.liu_bo) == (5, 0, 0), "gone before it is booked"
        assert money(tx, town.fund) == (98_500, 1_500, 0)
        hold(tx, town.liu_bo, 5)
        assert remainders(tx, town.liu_bo) == [0, 0]
        assert money(tx, town.fund) == (99_500, 500, 0)

    def test_a_refilled_lot_expires_again(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        source = hold(tx, town.liu_bo, 4)
        clock.shift(timedelta(days=31))
        member = book.account(tx, "PTS", "member", str(town.liu_bo.id))
        assert purses.expire(tx, member, clock.now()) == 6
        cancel(tx, source)
        assert purses.expire(tx, member, clock.now()) == 4
        assert purses.expire(tx, member, clock.now()) == 0
        assert money(tx, town.fund) == (100_000, 0, 0)

    def test_unsettled_and_everlasting_points_stay(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, days=1, settled=False)
        earn(tx, town.fund, town.liu_bo, 7, days=None)
        clock.shift(timedelta(days=3_650))
        member = book.account(tx, "PTS", "member", str(town.liu_bo.id))
        assert purses.expire(tx, member, clock.now()) == 0
        assert points(tx, town.liu_bo) == (7, 10, 0)

    def test_at_the_very_moment(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10, days=30)
        at = queries.points(tx, town.liu_bo.id, clock.now()).next_expiry
        assert queries.points(tx, town.liu_bo.id, at - timedelta(microseconds=1)).spendable == 10
        assert queries.points(tx, town.liu_bo.id, at).spendable == 0
        member = book.account(tx, "PTS", "member", str(town.liu_bo.id))
        assert purses.expire(tx, member, at - timedelta(microseconds=1)) == 0
        assert purses.expire(tx, member, at) == 10


class TestShards:
    def test_money_is_spread_and_everything_comes_back_to_its_shard(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=1_003, shards=4)
        assert self.shards(tx, fund) == [251, 251, 251, 250]
        sources = [earn(tx, fund, town.liu_bo, 2, settled=False) for _ in range(4)]
        assert sorted(self.shards(tx, fund)) == [50, 51, 51, 51], "every shard gave once"
        for source in sources:
            service.void(tx, source=source, reason="false")
        assert self.shards(tx, fund) == [251, 251, 251, 250]

    def test_redeeming_over_shards(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=1_000, shards=4)
        contribute(tx, fund.id, town.ma, town.wu, 400)
        for _ in range(4):
            earn(tx, fund, town.liu_bo, 3)
        fulfil(tx, hold(tx, town.liu_bo, 12), 700)
        assert money(tx, fund) == (700, 0, 700)

    def test_several_shards_give_together_what_none_has_alone(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=1_000, shards=4)
        source = earn(tx, fund, town.liu_bo, 3, settled=False)
        assert self.shards(tx, fund) == [0, 200, 250, 250]
        service.void(tx, source=source, reason="false")
        assert self.shards(tx, fund) == [250, 250, 250, 250]

    def test_nobody_backs_more_than_there_is(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=1_000, shards=4)
        with pytest.raises(PoolExhausted), tx.begin_nested():
            earn(tx, fund, town.liu_bo, 11)
        assert money(tx, fund) == (1_000, 0, 0)
        earn(tx, fund, town.liu_bo, 10)
        assert money(tx, fund) == (0, 1_000, 0)

    def test_a_single_shard_raises(self, town, tx):
        fund = make_fund(tx, town.ma, town.wu, fen=200)
        with pytest.raises(PoolExhausted), tx.begin_nested():
            earn(tx, fund, town.liu_bo, 3)

    @staticmethod
    def shards(tx, fund):
        query = select(PoolPart.available).where(PoolPart.fund_id == fund.id)
        return list(tx.scalars(query.order_by(PoolPart.shard)))


class TestStatement:
    def test_entries_add_up_to_what_is_on_the_account(self, town, tx):
        first = earn(tx, town.fund, town.liu_bo, 10, days=30)
        service.settle(tx, source=first, reason="again")
        service.void(tx, source=earn(tx, town.fund, town.liu_bo, 7, settled=False), reason="false")
        earn(tx, town.fund, town.liu_bo, 20)
        fulfil(tx, hold(tx, town.liu_bo, 6), 100)
        cancel(tx, hold(tx, town.liu_bo, 9))
        clock.shift(timedelta(days=31))
        hold(tx, town.liu_bo, 5)
        earn(tx, town.fund, town.liu_bo, 2, settled=False)

        page = queries.entries(tx, town.liu_bo.id, 100, None)
        assert [(e.kind, e.points) for e in reversed(page.items)] == [
            ("accrue", 10), ("accrue", 7), ("void", -7), ("accrue", 20), ("redeem", -6),
            ("fulfil", 0), ("redeem", -9), ("cancel", 9), ("expire", -4), ("redeem", -5),
            ("accrue", 2),
        ]  # fmt: skip
        spendable, on_the_way, held = points(tx, town.liu_bo)
        assert (spendable, on_the_way, held) == (15, 2, 5)
        assert sum(entry.points for entry in page.items) == spendable + on_the_way

    def test_pages_of_one_say_the_same(self, town, tx):
        for n in range(1, 4):
            earn(tx, town.fund, town.liu_bo, n)
        cursor, seen = None, []
        while True:
            page = queries.entries(tx, town.liu_bo.id, 1, cursor)
            seen += [entry.points for entry in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [3, 2, 1]

    def test_nobody_sees_another_ones(self, town, tx):
        earn(tx, town.fund, town.liu_bo, 10)
        assert queries.entries(tx, make_rider(tx).id, 20, None).items == []


class TestContributions:
    DRAFT = ContributionDraft(kind=Contributor.VILLAGER, contributor="村民", fen=500)

    def propose(self, tx, town):
        return funds.propose(tx, actor(town.ma, Role.FUND_MANAGER), town.fund.id, self.DRAFT)

    def test_nothing_moves_before_approval(self, town, tx):
        proposed = self.propose(tx, town)
        assert (proposed.state, money(tx, town.fund)) == ("proposed", (100_000, 0, 0))
        approved = funds.approve(tx, actor(town.wu, Role.FUND_APPROVER), town.fund.id, proposed.id)
        assert (approved.state, approved.available_fen) == ("approved", 500)
        assert money(tx, town.fund) == (100_500, 0, 0)

    def test_the_proposer_never_approves(self, town, tx):
        proposed = self.propose(tx, town)
        with pytest.raises(SecondPersonNeeded), tx.begin_nested():
            funds.approve(tx, actor(town.ma, Role.FUND_APPROVER), town.fund.id, proposed.id)
        assert money(tx, town.fund) == (100_000, 0, 0)

    def test_approved_once(self, town, tx):
        proposed = self.propose(tx, town)
        wu = actor(town.wu, Role.FUND_APPROVER)
        funds.approve(tx, wu, town.fund.id, proposed.id)
        with pytest.raises(ContributionApproved), tx.begin_nested():
            funds.approve(tx, wu, town.fund.id, proposed.id)
        assert money(tx, town.fund) == (100_500, 0, 0)

    def test_a_contribution_belongs_to_its_fund(self, town, tx):
        proposed = self.propose(tx, town)
        other = make_fund(tx, town.ma, town.wu, fen=0)
        with pytest.raises(ContributionNotFound), tx.begin_nested():
            funds.approve(tx, actor(town.wu, Role.FUND_APPROVER), other.id, proposed.id)

    @pytest.mark.parametrize("region", ["/500153000000/", f"/{DISTRICT}/{STREET}/"])
    def test_a_fund_outside_the_region_does_not_exist(self, town, tx, region):
        stranger = actor(town.ma, Role.FUND_MANAGER, region)
        with pytest.raises(FundNotFound), tx.begin_nested():
            funds.propose(tx, stranger, town.fund.id, self.DRAFT)

    @pytest.mark.parametrize("role", [Role.FUND_APPROVER, Role.AUDITOR, Role.ADMINISTRATOR])
    def test_who_only_reads_a_fund_does_not_propose(self, town, tx, role):
        with pytest.raises(Forbidden), tx.begin_nested():
            funds.propose(tx, actor(town.ma, role), town.fund.id, self.DRAFT)

    def test_who_manages_a_fund_does_not_approve(self, town, tx):
        proposed = self.propose(tx, town)
        with pytest.raises(Forbidden), tx.begin_nested():
            funds.approve(tx, actor(town.wu, Role.FUND_MANAGER), town.fund.id, proposed.id)


class TestOverHttp:
    """Contributions as staff make them: strangers 404, other roles 403, the second person."""

    def test_from_proposal_to_money(self, client, town, db, as_):
        with work(db, write=True) as tx:
            identity.grant(tx, None, town.ma.id, Role.FUND_MANAGER, DISTRICT)
            identity.grant(tx, None, town.ma.id, Role.FUND_APPROVER, DISTRICT)
            identity.grant(tx, None, town.wu.id, Role.FUND_APPROVER, DISTRICT)
            stranger = make_rider(tx, "外人")
            identity.grant(tx, None, stranger.id, Role.FUND_MANAGER, STREET)
        url = f"/v1/funds/{town.fund.id}/contributions"
        draft = {"kind": "villager", "contributor": "村民", "fen": 500}

        def post(person, path, body, key):
            return client.post(
                path, json=body, headers=as_(person, **{"Idempotency-Key": f"key-{key:08}"})
            )

        assert post(town.liu_bo, url, draft, 1).status_code == 403
        assert post(town.wu, url, draft, 2).status_code == 403
        assert post(stranger, url, draft, 3).status_code == 404
        for fen in (0, -1, 1.5, "5", True, 10**13):
            assert post(town.ma, url, {**draft, "fen": fen}, 4).status_code == 422, fen
        proposed = post(town.ma, url, draft, 5)
        assert proposed.status_code == 201, proposed.text
        again = post(town.ma, url, draft, 5)
        assert again.json() == proposed.json()
        approve = f"{url}/{proposed.json()['id']}/approve"
        own = post(town.ma, approve, None, 6)
        assert (own.status_code, own.json()["code"]) == (403, "second_person_needed")
        assert post(town.wu, approve, None, 7).json()["state"] == "approved"
        late = post(town.wu, approve, None, 8)
        assert (late.status_code, late.json()["code"]) == (409, "contribution_approved")
        fund = client.get("/v1/funds", headers=as_(town.wu)).json()["items"][0]
        assert (fund["contributed_fen"], fund["available_fen"]) == (100_500, 100_500)


def test_a_long_history_leaves_rows_for_every_use(town, tx):
    """Takes and returns are rows; nothing is ever edited away."""
    earn(tx, town.fund, town.liu_bo, 10)
    for _ in range(3):
        cancel(tx, hold(tx, town.liu_bo, 10))
    fulfil(tx, hold(tx, town.liu_bo, 10), 900)
    kinds = list(tx.scalars(select(LotUse.kind).order_by(LotUse.id)))
    assert kinds == ["take", "return"] * 3 + ["take"]

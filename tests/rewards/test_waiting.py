"""The line before an empty pool: strict, in sight, and told of to whoever can bring money."""

from datetime import timedelta

import pytest
from cast import DISTRICT, STREET, contribute, make_rule
from ledger.build import broken, make_fund, make_rider, make_town, money
from races.together import at_once
from sqlalchemy import select, update

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Fund
from app.notify.models import Message
from app.rewards import jobs, service, waiting
from app.rewards.models import Award, Rule
from app.rewards.rules import Spot

EVENT = "report.filed"
NOW = timedelta()
HERE = Spot(f"/{DISTRICT}/")


@pytest.fixture
def town(db):
    with work(db, write=True) as tx:
        built = make_town(tx, fen=0)
        for person, role in ((built.ma, Role.FUND_MANAGER), (built.wu, Role.FUND_APPROVER)):
            identity.grant(tx, None, person.id, role, DISTRICT)
    yield built
    assert broken(db) == []


@pytest.fixture
def line(db, town):
    """Awards of these points that wait in this order, each another rider's and closed."""

    def make(*sizes, fund=None):
        with work(db, write=True) as tx:
            for n, points in enumerate(sizes):
                make_rule(tx, fund or town.fund, points=points)
                grant = {"event": EVENT, "source": f"{fund.code if fund else 'a'}-{n}"}
                service.grant(
                    tx, **grant, person_id=make_rider(tx).id, reported_at=clock.now(), spot=HERE
                )
                service.close(tx, **grant, after=NOW)

    return make


def states(db, fund=None):
    """The states of a fund's awards in the order in which they came."""
    with work(db, write=False) as tx:
        query = select(Award.state).join(Rule, Rule.id == Award.rule_id)
        if fund is not None:
            query = query.where(Rule.fund_id == fund.id)
        return list(tx.scalars(query.order_by(Award.created_at, Award.id)))


def feed(db, town, fen, fund=None):
    with work(db, write=True) as tx:
        contribute(tx, (fund or town.fund).id, town.ma, town.wu, fen)


def told(db):
    with work(db, write=False) as tx:
        rows = tx.scalars(select(Message).where(Message.kind == "fund.exhausted"))
        return [(row.person_id, row.data) for row in rows]


class TestOrder:
    def test_an_older_big_one_is_not_passed_by_small_ones(self, db, town, line, drain):
        line(10, 30, 5, 5)
        feed(db, town, 3_900)
        drain()
        # 29 points are left after the first: not enough for the second, plenty for the others.
        assert states(db) == ["settled", "waiting", "waiting", "waiting"]
        with work(db, write=False) as tx:
            assert money(tx, town.fund) == (2_900, 1_000, 0)
        feed(db, town, 100)
        drain()
        assert states(db) == ["settled", "settled", "waiting", "waiting"]
        feed(db, town, 600)
        drain()
        assert states(db) == ["settled", "settled", "settled", "waiting"]

    def test_every_hour_money_that_came_back_goes_on_in_order(self, db, town, line, drain):
        line(10, 4)
        feed(db, town, 1_000)
        drain()
        assert states(db) == ["settled", "waiting"]
        with work(db, write=True) as tx:
            jobs.awards_retried(tx, {})
        drain()
        assert states(db) == ["settled", "waiting"]

    def test_one_line_is_not_held_up_by_anothers(self, db, town, line, drain):
        with work(db, write=True) as tx:
            other = make_fund(tx, town.ma, town.wu, fen=0)
        line(30)
        line(5, 6, fund=other)
        feed(db, town, 100)
        feed(db, town, 500, other)
        drain()
        assert (states(db, town.fund), states(db, other)) == (["waiting"], ["settled", "waiting"])

    def test_a_voided_one_leaves_the_line(self, db, town, line, drain):
        line(30, 5)
        with work(db, write=True) as tx:
            service.void(tx, event=EVENT, source="a-0", reason="rejected")
        feed(db, town, 500)
        drain()
        assert states(db) == ["voided", "settled"]

    def test_a_closed_fund_pays_nobody(self, db, town, line, drain):
        line(5)
        feed(db, town, 500)
        with work(db, write=True) as tx:
            tx.execute(update(Fund).where(Fund.id == town.fund.id).values(state="closed"))
        drain()
        assert states(db) == ["waiting"]

    def test_many_at_once_never_pass_one_another(self, db, town, line):
        """Six workers on one line: what is paid is its beginning, each award once."""
        line(*[10, 20, 5, 10, 1, 1, 1, 1])
        with work(db, write=True) as tx:
            contribute(tx, town.fund.id, town.ma, town.wu, 3_600)

        def go_on(_worker):
            for _ in range(6):
                with work(db, write=True) as tx:
                    waiting.pay_oldest(tx, town.fund.id)

        at_once([lambda n=n: go_on(n) for n in range(6)])
        # 35 points are paid; the fourth does not fit, so the one-point awards stay behind it.
        assert states(db) == ["settled"] * 3 + ["waiting"] * 5
        with work(db, write=False) as tx:
            assert money(tx, town.fund) == (100, 3_500, 0)


class TestTelling:
    def test_managers_of_the_region_once_a_day(self, db, town, line, drain):
        with work(db, write=True) as tx:
            outsider = make_rider(tx)
            identity.grant(tx, None, outsider.id, Role.FUND_MANAGER, STREET)
        line(10, 5)
        for _ in range(2):
            with work(db, write=True) as tx:
                jobs.awards_retried(tx, {})
            drain()
        assert told(db) == [(town.ma.id, {"fund": "暖新基金", "count": 2, "points": 15})]
        clock.shift(timedelta(days=1))
        with work(db, write=True) as tx:
            jobs.awards_retried(tx, {})
        drain()
        assert [person for person, _ in told(db)] == [town.ma.id] * 2

    def test_nobody_when_all_were_paid(self, db, town, line, drain):
        line(10, 5)
        feed(db, town, 1_500)
        drain()
        assert states(db) == ["settled", "settled"]
        assert told(db) == []

    def test_what_is_left_after_some_were_paid(self, db, town, line, drain):
        line(10, 5, 7)
        feed(db, town, 1_000)
        drain()
        assert told(db) == [(town.ma.id, {"fund": "暖新基金", "count": 2, "points": 12})]


class TestLineOverHttp:
    def test_in_order_without_names(self, client, as_, db, town, line):
        line(10, 5, 7)
        clock.shift(timedelta(days=3))
        with work(db, write=True) as tx:
            contribute(tx, town.fund.id, town.ma, town.wu, 900)
        url = f"/v1/funds/{town.fund.id}/waiting"
        shown = client.get(url, headers=as_(town.wu), params={"limit": 2}).json()
        items = shown.pop("items")
        assert shown == {
            "fund_id": str(town.fund.id), "count": 3, "points": 22, "fen": 2_200,
            "available_fen": 900, "days": 3,
        }  # fmt: skip
        assert [(i["points"], i["days"], i["event"]) for i in items] == [
            (10, 3, EVENT), (5, 3, EVENT),
        ]  # fmt: skip
        assert all(set(item) == {"id", "event", "points", "days"} for item in items)

    def test_an_empty_line(self, client, as_, town):
        shown = client.get(f"/v1/funds/{town.fund.id}/waiting", headers=as_(town.ma)).json()
        assert (shown["count"], shown["points"], shown["days"], shown["items"]) == (0, 0, None, [])

    def test_for_fund_readers_only(self, client, as_, db, town):
        with work(db, write=True) as tx:
            identity.grant(tx, None, town.liu_bo.id, Role.GRID_STAFF, DISTRICT)
        answer = client.get(f"/v1/funds/{town.fund.id}/waiting", headers=as_(town.liu_bo))
        assert (answer.status_code, answer.json()["code"]) == (404, "fund_not_found")

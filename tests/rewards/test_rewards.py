"""Awards: which event earns how many points, within which caps, and when they may be spent."""

from datetime import UTC, datetime, timedelta

import pytest
from cast import DISTRICT, contribute, make_rule
from ledger.build import broken, make_fund, make_rider, make_town, money, points
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.kit import clock
from app.kit.db import work
from app.ledger import sums as ledger
from app.notify.models import Message
from app.rewards import service
from app.rewards.models import Award, AwardChange, CapCounter
from app.rewards.rules import Spot, periods, within_caps

EVENT = "report.filed"
NOW = timedelta()
HERE = Spot(f"/{DISTRICT}/")


@pytest.fixture
def town(db):
    """A town whose rule gives 10 points, at most 45 a day; the audit is clean afterwards."""
    with work(db, write=True) as tx:
        built = make_town(tx)
        make_rule(tx, built.fund)
    yield built
    assert broken(db) == []


def grant(tx, person, source, at=None):
    service.grant(
        tx, event=EVENT, source=source, person_id=person.id, reported_at=at or clock.now(),
        spot=HERE,
    )  # fmt: skip


def award(tx, source):
    return tx.scalars(select(Award).where(Award.source == source)).one()


def seen(tx, source):
    found = award(tx, source)
    return found.state, found.points, found.reason


def used(tx):
    rows = tx.scalars(select(CapCounter).order_by(CapCounter.period))
    return {row.period.partition(":")[0]: row.used for row in rows}


@pytest.mark.parametrize(
    ("today", "month", "granted"),
    [(0, 0, 10), (35, 35, 10), (40, 40, 5), (45, 45, 0), (0, 1_345, 5), (50, 0, 0)],
)
def test_within_caps(today, month, granted):
    assert within_caps(10, today, 45, month, 1_350) == granted


def test_periods():
    day = clock.business_day(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert periods(day) == ("day:2026-12-01", "month:2026-12")


class TestGrant:
    def test_points_are_on_the_way_with_their_reason(self, town, tx):
        grant(tx, town.liu_bo, "0001")
        assert seen(tx, "0001") == ("granted", 10, "rule")
        assert award(tx, "0001").inputs["rule"] == "verified_problem"
        assert points(tx, town.liu_bo) == (0, 10, 0)

    def test_once_for_each_event_source_and_person(self, town, tx):
        other = make_rider(tx)
        for person in (town.liu_bo, town.liu_bo, other):
            grant(tx, person, "0001")
        grant(tx, town.liu_bo, "0002")
        assert points(tx, town.liu_bo) == (0, 20, 0)
        assert points(tx, other) == (0, 10, 0)

    def test_no_rule_no_award(self, town, tx):
        service.grant(
            tx, event="rating.given", source="0001", person_id=town.liu_bo.id,
            reported_at=clock.now(), spot=HERE,
        )  # fmt: skip
        grant(tx, town.liu_bo, "0002", clock.now() - timedelta(days=1))
        assert tx.scalars(select(Award)).all() == []

    def test_the_day_cap_cuts_and_counts(self, town, tx):
        for n in range(1, 7):
            grant(tx, town.liu_bo, f"000{n}")
        assert seen(tx, "0004") == ("granted", 10, "rule")
        assert seen(tx, "0005") == ("granted", 5, "cut_to_cap")
        assert seen(tx, "0006") == ("capped", 0, "cap_reached")
        assert used(tx) == {"day": 45, "month": 45}
        assert points(tx, town.liu_bo) == (0, 45, 0)

    def test_the_month_cap_holds_over_days(self, town, tx):
        service.add_rule(
            tx, code="verified_problem", event=EVENT, names=("核实", "Verified"), points=10,
            caps=(10, 25), validity_days=365, fund_id=town.fund.id,
        )  # fmt: skip
        first = datetime(2027, 3, 1, 4, tzinfo=UTC)
        for n in range(4):
            grant(tx, town.liu_bo, f"000{n}", first + timedelta(days=n))
        assert [seen(tx, f"000{n}")[1] for n in range(4)] == [10, 10, 5, 0]
        grant(tx, town.liu_bo, "0009", first + timedelta(days=31))
        assert seen(tx, "0009")[1] == 10, "April is another month"

    def test_the_day_begins_at_midnight_in_shanghai(self, town, tx):
        midnight = datetime(2027, 3, 1, 16, 0, tzinfo=UTC)
        for n in range(5):
            grant(tx, town.liu_bo, f"000{n}", midnight - timedelta(microseconds=1))
        grant(tx, town.liu_bo, "0009", midnight)
        assert (seen(tx, "0004")[1], seen(tx, "0009")[1]) == (5, 10)
        assert (award(tx, "0004").day, award(tx, "0009").day) == ("2027-03-01", "2027-03-02")

    def test_caps_are_each_persons_own(self, town, tx):
        other = make_rider(tx)
        for n in range(5):
            grant(tx, town.liu_bo, f"000{n}")
        grant(tx, other, "0009")
        assert seen(tx, "0009") == ("granted", 10, "rule")

    def test_a_new_version_does_not_touch_what_was_granted(self, town, tx):
        grant(tx, town.liu_bo, "0001")
        before = clock.now()
        make_rule(tx, town.fund, points=7)
        grant(tx, town.liu_bo, "0002")
        grant(tx, town.liu_bo, "0003", before)
        assert [seen(tx, f"000{n}")[1] for n in (1, 2, 3)] == [10, 7, 10]
        assert award(tx, "0002").inputs["version"] == 2

    def test_versions_follow_each_other_without_a_gap(self, town, tx):
        make_rule(tx, town.fund, points=7)
        old, new = tx.scalars(
            select(service.Rule).order_by(service.Rule.version)
        ).all()  # fmt: skip
        assert old.effective_to == new.effective_from


class TestVoid:
    def test_takes_points_back_and_frees_the_caps(self, town, tx):
        for n in range(1, 6):
            grant(tx, town.liu_bo, f"000{n}")
        service.void(tx, event=EVENT, source="0001", reason="rejected")
        assert seen(tx, "0001") == ("voided", 10, "rejected")
        assert used(tx) == {"day": 35, "month": 35}
        grant(tx, town.liu_bo, "0009")
        assert seen(tx, "0009")[1] == 10
        assert points(tx, town.liu_bo) == (0, 45, 0)

    def test_once_and_not_after_settling(self, town, tx):
        grant(tx, town.liu_bo, "0001")
        grant(tx, town.liu_bo, "0002")
        service.close(tx, event=EVENT, source="0002", after=NOW)
        for _ in range(2):
            for source in ("0001", "0002"):
                service.void(tx, event=EVENT, source=source, reason="rejected")
        assert used(tx) == {"day": 10, "month": 10}
        assert points(tx, town.liu_bo) == (10, 0, 0)


class TestRounds:
    """What was taken back is asked again in a later round of its case."""

    def taken_back(self, tx, person, source="0001"):
        grant(tx, person, source)
        service.void(tx, event=EVENT, source=source, reason="unable")

    def again(self, tx, person, nth, source="0001"):
        service.grant(
            tx, event=EVENT, source=source, person_id=person.id, reported_at=clock.now(),
            round=nth, spot=HERE,
        )  # fmt: skip

    def states(self, tx):
        return [(a.source, a.state, a.points) for a in tx.scalars(select(Award).order_by(Award.id))]

    def test_once_in_each_and_only_beside_the_voided(self, town, tx):
        self.taken_back(tx, town.liu_bo)
        self.again(tx, town.liu_bo, 2)
        self.again(tx, town.liu_bo, 2)
        self.again(tx, town.liu_bo, 3)
        assert self.states(tx) == [("0001", "voided", 10), ("0001/2", "granted", 10)]
        service.void(tx, event=EVENT, source="0001", reason="unable")
        self.again(tx, town.liu_bo, 2)
        assert [state for _, state, _ in self.states(tx)] == ["voided", "voided"]
        self.again(tx, town.liu_bo, 3)
        service.close(tx, event=EVENT, source="0001", after=NOW)
        self.again(tx, town.liu_bo, 4)
        assert [state for _, state, _ in self.states(tx)] == ["voided", "voided", "settled"]
        assert points(tx, town.liu_bo) == (10, 0, 0)

    def test_the_caps_of_the_reports_day_count_again(self, town, tx):
        self.taken_back(tx, town.liu_bo)
        for n in range(2, 6):
            grant(tx, town.liu_bo, f"000{n}")
        self.again(tx, town.liu_bo, 2)
        assert self.states(tx)[-1] == ("0001/2", "granted", 5)
        assert used(tx) == {"day": 45, "month": 45}

    def test_a_neighbouring_number_is_another_source(self, town, tx):
        for source in ("0001", "00010", "0001-2", "0001.2", "00"):
            grant(tx, town.liu_bo, source)
        service.void(tx, event=EVENT, source="0001", reason="unable")
        assert [a for a in self.states(tx) if a[1] == "voided"] == [("0001", "voided", 10)]

    def test_the_database_holds_one_a_round(self, town, tx):
        self.taken_back(tx, town.liu_bo)
        self.again(tx, town.liu_bo, 2)
        first, second = tx.scalars(select(Award).order_by(Award.id))
        with pytest.raises(IntegrityError), tx.begin_nested():
            tx.execute(update(Award).where(Award.id == first.id).values(source=second.source))


class TestClose:
    def test_at_once_without_an_objection_window(self, town, tx):
        grant(tx, town.liu_bo, "0001")
        for _ in range(2):
            service.close(tx, event=EVENT, source="0001", after=NOW)
        assert seen(tx, "0001")[0] == "settled"
        assert points(tx, town.liu_bo) == (10, 0, 0)

    def test_after_the_objection_window_by_a_job_that_tells(self, town, db, drain):
        with work(db, write=True) as tx:
            grant(tx, town.liu_bo, "0001")
            service.close(tx, event=EVENT, source="0001", after=timedelta(hours=72))
        drain()
        clock.shift(timedelta(hours=71, minutes=59))
        assert drain() == 0
        clock.shift(timedelta(minutes=2))
        assert drain() == 1
        with work(db, write=False) as tx:
            assert points(tx, town.liu_bo) == (10, 0, 0)
            told = tx.scalars(select(Message)).one()
        assert (told.kind, told.data["points"]) == ("points.settled", 10)

    def test_an_objection_within_the_window_wins(self, town, db, drain):
        with work(db, write=True) as tx:
            grant(tx, town.liu_bo, "0001")
            service.close(tx, event=EVENT, source="0001", after=timedelta(hours=72))
            service.void(tx, event=EVENT, source="0001", reason="objection")
        drain()
        clock.shift(timedelta(hours=73))
        assert drain() == 1
        with work(db, write=False) as tx:
            assert points(tx, town.liu_bo) == (0, 0, 0)
            assert tx.scalars(select(Message)).all() == []

    def test_every_change_has_its_row(self, town, tx):
        grant(tx, town.liu_bo, "0001")
        service.close(tx, event=EVENT, source="0001", after=NOW)
        changes = tx.scalars(select(AwardChange).order_by(AwardChange.id))
        assert [(c.state, c.points) for c in changes] == [("granted", 10), ("settled", 10)]


class TestEmptyPool:
    """Nothing is promised that the fund cannot pay, and nothing that was earned is lost."""

    @pytest.fixture
    def poor(self, town, db):
        with work(db, write=True) as tx:
            fund = make_fund(tx, town.ma, town.wu, fen=500)
            make_rule(tx, fund)
        return fund

    def test_the_award_waits_in_sight(self, town, poor, tx):
        grant(tx, town.liu_bo, "0001")
        assert seen(tx, "0001") == ("waiting", 10, "pool_exhausted")
        assert points(tx, town.liu_bo) == (0, 0, 0)
        assert money(tx, poor) == (500, 0, 0)
        changes = tx.scalars(select(AwardChange.state).order_by(AwardChange.id)).all()
        assert changes == ["granted", "waiting"]

    def test_a_waiting_award_can_be_voided(self, town, poor, tx):
        grant(tx, town.liu_bo, "0001")
        service.void(tx, event=EVENT, source="0001", reason="rejected")
        assert seen(tx, "0001")[0] == "voided"
        assert used(tx) == {"day": 0, "month": 0}

    def test_paid_in_order_when_money_arrives(self, town, poor, db, drain):
        with work(db, write=True) as tx:
            riders = [make_rider(tx) for _ in range(3)]
            for n, rider in enumerate(riders):
                grant(tx, rider, f"000{n}")
                service.close(tx, event=EVENT, source=f"000{n}", after=timedelta(minutes=n))
        drain()
        with work(db, write=True) as tx:
            assert {seen(tx, f"000{n}")[0] for n in range(3)} == {"waiting"}
            contribute(tx, poor.id, town.ma, town.wu, 1_500)
        drain()
        with work(db, write=True) as tx:
            # Paid in order; the second's window is still open, the third waits for money.
            assert [points(tx, rider)[0] for rider in riders] == [10, 0, 0]
            assert [seen(tx, f"000{n}")[0] for n in range(3)] == ["settled", "granted", "waiting"]
        clock.shift(timedelta(minutes=5))
        drain()
        with work(db, write=True) as tx:
            assert [points(tx, rider)[0] for rider in riders] == [10, 10, 0]
            assert seen(tx, "0002")[0] == "waiting"
            contribute(tx, poor.id, town.ma, town.wu, 1_000)
        drain()
        with work(db, write=False) as tx:
            assert [points(tx, rider)[0] for rider in riders] == [10, 10, 10]
            assert money(tx, poor) == (0, 3_000, 0)


class TestAwardsOverHttp:
    def test_why_these_points(self, client, db, town, as_):
        with work(db, write=True) as tx:
            for n in range(1, 7):
                grant(tx, town.liu_bo, f"000{n}")
            service.close(tx, event=EVENT, source="0001", after=NOW)
        liu = as_(town.liu_bo)
        shown = client.get("/v1/points/awards", headers=liu).json()["items"]
        assert [(a["source"], a["state"], a["points"], a["reason"]) for a in shown] == [
            ("0006", "capped", 0, "cap_reached"), ("0005", "granted", 5, "cut_to_cap"),
            ("0004", "granted", 10, "rule"), ("0003", "granted", 10, "rule"),
            ("0002", "granted", 10, "rule"), ("0001", "settled", 10, "rule"),
        ]  # fmt: skip
        assert {(a["rule"], a["asked"]) for a in shown} == {("verified_problem/1", 10)}
        assert client.get("/v1/points/awards").status_code == 401
        other = client.get("/v1/points/awards", headers=as_(town.ma)).json()
        assert other["items"] == []

    def test_the_rules_are_public(self, client, db, town):
        with work(db, write=True) as tx:
            make_rule(tx, town.fund, points=7)
            assert ledger.lowest_rate(tx) == 100
        rules = client.get("/v1/points/rules").json()["items"]
        assert [(r["version"], r["points"], r["day_cap"]) for r in rules] == [(2, 7, 45)]

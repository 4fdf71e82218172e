"""Which rule pays, and what places, caps and campaigns leave of it; on one stage."""

from datetime import UTC, date, timedelta

import pytest
from cast import DISTRICT, INSIDE, STREET, VILLAGE
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from races.together import at_once
from rewards.build import (  # noqa: F401
    HERE,
    THERE,
    _clean,
    campaign,
    event,
    far_fund,
    fund_of,
    grant,
    rule,
    used,
)
from sqlalchemy import select

from app.cases.models import Case
from app.identity import service as identity
from app.identity.models import Occupation
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Lot
from app.rewards import service
from app.rewards.models import Award, Campaign, CapCounter
from app.rewards.rules import Spot, extra, place

STREETS = Spot(f"/{DISTRICT}/{STREET}/")
VILLAGES = Spot(f"/{DISTRICT}/{STREET}/{VILLAGE}/")


@pytest.fixture(scope="module")
def far(db, cast):
    """The second district's fund."""
    with work(db, write=True) as tx:
        return far_fund(tx, cast)


@pytest.fixture
def rider(tx):
    """Makes people in the test's own unit: another would wait for it."""
    return lambda: identity.add_person(tx, "新来的骑手", Occupation.RIDER)


def paid_by(tx, _person):
    return tx.scalars(select(Lot).order_by(Lot.id.desc()).limit(1)).one().fund_id


class TestPlace:
    def test_a_square_has_its_width_on_the_ground(self):
        day = date(2026, 11, 22)
        here = place(30.2055, 105.8405, 50, day)
        assert here.endswith(":2026-11-22")
        metre = 1 / 111_320
        inside = {place(30.2055 + n * metre, 105.8405, 50, day) for n in range(100)}
        assert len(inside) == 3
        east = 1 / (111_320 * 0.8643)
        assert len({place(30.2055, 105.8405 + n * east, 50, day) for n in range(100)}) == 3
        assert place(30.2055, 105.8405, 50, date(2026, 11, 23)) != here

    @pytest.mark.parametrize(
        ("points", "percent", "more"), [(10, 150, 5), (3, 150, 1), (1, 150, 0), (10, 1000, 90)]
    )
    def test_a_campaign_drops_parts_of_points(self, points, percent, more):
        assert extra(points, percent) == more


class TestRuleChoice:
    def test_each_district_pays_its_own(self, tx, cast, far, rider):
        of, liu = event(), rider()
        rule(tx, cast.fund, of, 10)
        assert grant(tx, liu, of, THERE) is None, "no other district's money pays for it"
        rule(tx, far, of, 20)
        assert grant(tx, liu, of, THERE).points == 20
        assert paid_by(tx, liu) == far.id
        assert grant(tx, liu, of, VILLAGES).points == 10
        assert paid_by(tx, liu) == cast.fund.id
        assert grant(tx, liu, of, Spot("/500240000000/")) is None

    def test_the_smallest_region_comes_first(self, tx, cast, rider):
        of, liu = event(), rider()
        rule(tx, fund_of(tx, cast, VILLAGE), of, 7, effective_to=None)
        rule(tx, cast.fund, of, 10, category_code="C0101")
        assert grant(tx, liu, of, Spot(VILLAGES.path, "C0101")).points == 7
        assert grant(tx, liu, of, Spot(STREETS.path, "C0101")).points == 10
        assert grant(tx, liu, of, STREETS) is None

    def test_the_closer_category_comes_first(self, tx, cast, rider):
        of, liu = event(), rider()
        rule(tx, cast.fund, of, 12, category_code="C0101")
        rule(tx, cast.fund, of, 11, category_code="C01")
        rule(tx, cast.fund, of, 10)
        given = [
            grant(tx, liu, of, Spot(HERE.path, code)).points
            for code in ("C0101", "C0102", "E0102", None)
        ]
        assert given == [12, 11, 10, 10]

    def test_only_what_is_in_force(self, tx, cast, rider):
        of, liu, now = event(), rider(), clock.now()
        rule(tx, cast.fund, of, 10, effective_to=now - timedelta(days=2))
        assert grant(tx, liu, of, at=now - timedelta(days=3)).points == 10
        assert grant(tx, liu, of, at=now - timedelta(days=2)) is None

    def test_over_http_a_case_is_paid_by_its_district(self, db, cast, far, desk, newcomer):
        with work(db, write=True) as tx:
            rule(tx, far, "report.filed", 20)
        desk.filed(reporter=newcomer())
        with work(db, write=False) as tx:
            award = tx.scalars(select(Award).where(Award.person_id == desk.reporter.id)).one()
            assert (award.points, award.region_code) == (10, desk_region(tx, award))
            assert award.inputs["category"] == "C0101"
            assert abs(award.inputs["lat"] - INSIDE["lat"]) < 0.01


def desk_region(tx, award):
    return tx.scalars(select(Case.region_code).where(Case.number == award.source)).one()


SPOT = Spot(HERE.path, "C0101", 30.2055, 105.8405)
BESIDE = Spot(HERE.path, "C0101", 30.2155, 105.8405)


class TestPlacesPayOnceADay:
    def test_one_person_one_place_one_day(self, tx, cast, rider):
        of, liu, chen = event(), rider(), rider()
        code = rule(tx, cast.fund, of, 10, place_m=50).code
        now = clock.now()
        first, again = grant(tx, liu, of, SPOT, at=now), grant(tx, liu, of, SPOT, at=now)
        assert (first.state, again.state, again.reason) == ("granted", "capped", "place_paid")
        assert grant(tx, liu, of, BESIDE, at=now).points == 10
        assert grant(tx, chen, of, SPOT, at=now).points == 10
        assert grant(tx, liu, of, SPOT, at=now + timedelta(days=1)).points == 10
        assert used(tx, liu, code)["day"] in {10, 20}
        assert "place" not in again.inputs

    def test_where_nobody_knows_it_does_not_matter(self, tx, cast, rider):
        of, liu = event(), rider()
        rule(tx, cast.fund, of, 10, place_m=50)
        assert [grant(tx, liu, of, HERE).points for _ in "12"] == [10, 10]

    def test_what_is_taken_back_frees_its_place(self, tx, cast, rider):
        of, liu = event(), rider()
        code = rule(tx, cast.fund, of, 10, place_m=50).code
        first = grant(tx, liu, of, SPOT)
        service.void(tx, event=of, source=first.source, reason="rejected")
        assert used(tx, liu, code) == {"day": 0, "month": 0, "place": 0}
        assert grant(tx, liu, of, SPOT).points == 10

    def test_two_at_once(self, db, cast, newcomer):
        of, liu = event(), newcomer()
        with work(db, write=True) as tx:
            rule(tx, cast.fund, of, 10, place_m=50)

        def one():
            with work(db, write=True) as tx:
                return grant(tx, liu, of, SPOT).points

        assert sorted(at_once([one] * 4)) == [0, 0, 0, 10]


class TestCampaigns:
    def test_add_their_part_and_count_against_caps(self, tx, cast, rider):
        of, liu = event(), rider()
        code = rule(tx, cast.fund, of, 10, caps=(32, 1350)).code
        on = campaign(tx, cast.fund, of)
        given = [grant(tx, liu, of) for _ in range(4)]
        assert [(a.asked, a.points, a.bonus, a.reason) for a in given] == [
            (15, 15, 5, "campaign"), (15, 15, 5, "campaign"), (15, 2, 0, "cut_to_cap"),
            (15, 0, 0, "cap_reached"),
        ]  # fmt: skip
        assert {a.campaign_id for a in given} == {on.id}
        assert used(tx, liu, code)["day"] == 32
        tx.refresh(on)
        assert on.used == 10

    def test_their_budget_is_never_passed(self, tx, cast, rider):
        of, liu = event(), rider()
        rule(tx, cast.fund, of, 10)
        on = campaign(tx, cast.fund, of, budget=8)
        given = [grant(tx, liu, of) for _ in range(3)]
        assert [(a.points, a.reason) for a in given] == [
            (15, "campaign"), (13, "cut_to_budget"), (10, "cut_to_budget"),
        ]  # fmt: skip
        service.void(tx, event=of, source=given[0].source, reason="rejected")
        tx.refresh(on)
        assert on.used == 3
        assert grant(tx, liu, of).points == 15

    def test_between_their_dates_with_their_own_money(self, tx, cast, far, rider):
        of, liu, now = event(), rider(), clock.now()
        for fund in (cast.fund, far):
            rule(tx, fund, of, 10)
        campaign(tx, far, of, days=(-2, -1))
        past, running = (now - timedelta(days=d) for d in (1.5, 0))
        assert grant(tx, liu, of, THERE, at=past).points == 15
        assert grant(tx, liu, of, THERE, at=running).points == 10
        assert grant(tx, liu, of, HERE, at=past).points == 10

    def test_many_at_once_share_a_budget(self, db, cast, newcomer):
        of, people = event(), [newcomer() for _ in range(6)]
        with work(db, write=True) as tx:
            rule(tx, cast.fund, of, 10)
            on = campaign(tx, cast.fund, of, budget=12)

        def one(person):
            with work(db, write=True) as tx:
                return grant(tx, person, of).bonus

        given = at_once([lambda person=person: one(person) for person in people])
        assert sorted(given) == [0, 0, 0, 2, 5, 5]
        with work(db, write=False) as tx:
            assert tx.get_one(Campaign, on.id).used == 12


def test_the_end_of_the_year_is_the_rules_word(tx, cast, rider):
    of, liu = event(), rider()
    rule(tx, cast.fund, of, 10, validity_days=30, expiry_day="12-31")
    award = grant(tx, liu, of)
    service.close(tx, event=of, source=award.source, after=timedelta())
    lot = tx.scalars(select(Lot).where(Lot.earner_id == liu.id)).one()
    assert (lot.validity_days, lot.expiry_day) == (30, "12-31")
    assert lot.expires_at.astimezone(UTC).strftime("%m-%dT%H:%M") == "12-31T16:00"


def test_a_cap_is_one_persons_however_many_ask_at_once(db, cast, newcomer):
    of, liu = event(), newcomer()
    with work(db, write=True) as tx:
        code = rule(tx, cast.fund, of, 10, caps=(25, 25)).code

    def one():
        with work(db, write=True) as tx:
            return grant(tx, liu, of).points

    assert sorted(at_once([one] * 5)) == [0, 0, 5, 10, 10]
    with work(db, write=False) as tx:
        rows = tx.scalars(select(CapCounter).where(CapCounter.rule_code == code)).all()
        assert {row.used for row in rows} == {25}

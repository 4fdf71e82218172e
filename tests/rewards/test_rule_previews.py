"""What a rule would have paid last month, told by the cases: also where no rule paid then."""

from datetime import timedelta

import pytest
from cast import GRID, INSIDE, VILLAGE
from flows.story import find_case, report, upload
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import Desk, _quick  # noqa: F401
from rewards.build import _clean, fund_of, rule  # noqa: F401
from sqlalchemy import select

from app.cases import opening
from app.cases.opening import Finding
from app.identity import service as identity
from app.identity.models import Occupation, Role
from app.kit import clock
from app.kit.db import work
from app.rewards.models import Rule

URL = "/v1/points/rules/preview"
# 暴露垃圾: no hazard, as manholes are.
LITTER = "E0102"


@pytest.fixture(scope="module")
def month(client, db, cast, as_, drain, newcomer, app):
    """A month of cases: fixed, unsolved, withdrawn, rejected and open ones, with co-reporters, and
    one of a patrol; then the clock is in the next month."""
    clock.unshift()
    # All on one day, also late in the evening; who works signs in after that.
    if clock.business_day(clock.now()) != clock.business_day(clock.now() + timedelta(hours=2)):
        clock.shift(timedelta(hours=2))
    day, desk = clock.business_day(clock.now()), Desk(client, cast, as_, drain, newcomer)
    with work(db, write=True) as tx:
        tx.scalars(select(Rule).where(Rule.code == "verified_problem")).one().place_m = None
        courier = identity.add_person(tx, "陈", Occupation.COURIER)
    many = newcomer()
    for _ in range(6):
        desk.closed("fixed", reporter=many)
    case = desk.filed()
    for person in (courier, newcomer()):
        report(client, as_(person), INSIDE, joins=case["number"])
    drain()
    desk.closed("unable")
    desk.moved(desk.reported(), "file", category_code=LITTER)
    desk.moved(desk.reported(reporter=courier), "file", category_code=LITTER)
    desk.filed()
    client.post(f"/v1/reports/{desk.report['id']}/withdraw", json={}, headers=desk.liu)
    desk.reported()
    walker = newcomer((Role.GRID_STAFF, GRID))
    photo = upload(client, as_(walker))
    with work(db, write=True) as tx:
        found = Finding(
            "patrol", walker.id, "垃圾", LITTER, (photo,), lat=INSIDE["lat"], lng=INSIDE["lng"]
        )
        number = opening.open_case(tx, app.state.grids, found).number
    drain()
    found = desk.moved(find_case(client, desk.qian, number), "verify")
    desk.moved(found, "file", category_code=LITTER)
    drain()
    yield f"{day:%Y-%m}"
    clock.unshift()


@pytest.fixture
def preview(client, as_, cast, month):
    def asked(fund=None, **more):
        draft = {
            "event": "report.filed", "fund_id": str((fund or cast.fund).id), "points": 10,
            "day_cap": 45, "month_cap": 1350, "month": month, **more,
        }  # fmt: skip
        answer = client.post(URL, json=draft, headers=as_(cast.sun))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        would, was = body["would_pay"], body["was_paid"]
        return (would["awards"], would["points"]), (was["awards"], was["points"])

    return asked


class TestCases:
    def test_the_rule_that_was_in_force_would_pay_what_was_paid(self, preview):
        would, was = preview()
        # Five of one person within the cap of a day, and one each of three others.
        assert would == was == (8, 75)
        assert preview(day_cap=1000)[0] == (9, 90)

    def test_a_category_that_no_rule_named(self, preview):
        assert preview(category_code=LITTER, points=20) == ((2, 40), (2, 20))
        assert preview(category_code="C01", points=20)[0] == (4, 65)

    def test_an_occupation_that_no_rule_named(self, preview):
        assert preview(occupation="courier", points=20) == ((1, 20), (1, 10))
        assert preview(occupation="truck_driver") == ((0, 0), (0, 0))

    def test_outcomes(self, preview):
        assert preview(outcomes=["unable"], day_cap=1000)[0] == (4, 40)

    def test_events_that_no_rule_named(self, preview):
        assert preview(event="report.joined", points=2) == ((2, 4), (0, 0))
        assert preview(event="report.joined", points=2, occupation="courier")[0] == (1, 2)
        assert preview(event="patrol.found", points=3) == ((1, 3), (0, 0))
        assert preview(event="patrol.found", points=3, category_code="C01")[0] == (0, 0)
        assert preview(event="hazard.reported", points=5, day_cap=5)[0] == (2, 10)

    def test_another_month_and_another_region(self, preview, db, cast, month):
        assert preview(month="2025-01") == ((0, 0), (0, 0))
        with work(db, write=True) as tx:
            near, far = fund_of(tx, cast, VILLAGE), fund_of(tx, cast, GRID)
        assert preview(near)[0] == (8, 75)
        assert preview(far)[0] == (8, 75)

    def test_what_a_more_special_rule_paid_is_left_to_it(self, preview, db, cast, desk, drain):
        with work(db, write=True) as tx:
            rule(tx, cast.fund, "report.filed", 12, category_code="C0102")
        before = preview(day_cap=1000)
        desk.moved(desk.reported(), "file", category_code="C0102")
        assert preview(day_cap=1000) == before
        assert preview(day_cap=1000, category_code="C0102", points=7) == ((1, 7), (1, 12))

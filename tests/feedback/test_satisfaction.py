"""Satisfaction over HTTP: figures that anyone recomputes from the listed cases."""

import itertools
from datetime import timedelta
from fractions import Fraction

import pytest
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, STREET, VILLAGE
from flows.story import upload
from matrix.stage import Desk, public_word

from app.cases import service
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work


def code(answer):
    return answer.status_code, answer.json()["code"]


def today(plus=0):
    return clock.business_day(clock.now() + timedelta(days=plus)).isoformat()


def asked(client, headers, region=GRID, first=None, last=None, path="", **more):
    params = {"region": region, "from": first or today(), "to": last or today(), **more}
    return client.get(f"/v1/satisfaction{path}", headers=headers, params=params)


def figures(client, headers, **how):
    answer = asked(client, headers, **how)
    assert answer.status_code == 200, answer.text
    return answer.json()


def cases(client, headers, **how):
    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = asked(client, headers, path="/cases", limit=2, **how, **more).json()
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return found


def rate(client, desk, stars):
    url = f"/v1/reports/{desk.report['id']}/rating"
    assert client.post(url, json={"stars": stars}, headers=desk.liu).status_code == 201


def call(client, headers, case, verdict):
    body = {"reached": verdict is not None, "verdict": verdict}
    url = f"/v1/cases/{case['id']}/follow-ups"
    assert client.post(url, json=body, headers=headers).status_code == 201


def half_up(part, whole, scale):
    return (Fraction(part * scale, whole) + Fraction(1, 2)).__floor__() if whole else None


def recomputed(items):
    """The figures again, from nothing but the list."""
    stars = [n for item in items for n in item["stars"]]
    verdicts = [item["verdict"] for item in items if item["verdict"]]
    good, satisfied = sum(n >= 4 for n in stars), verdicts.count("satisfied")
    return {
        "closed": len(items), "rated": sum(bool(item["stars"]) for item in items),
        "ratings": len(stars), "average_hundredths": half_up(sum(stars), len(stars), 100),
        "good": good, "good_permille": half_up(good, len(stars), 1000), "reached": len(verdicts),
        "satisfied": satisfied, "partly": verdicts.count("partly"),
        "dissatisfied": verdicts.count("dissatisfied"),
        "satisfied_permille": half_up(satisfied, len(verdicts), 1000),
    }  # fmt: skip


class TestDays:
    @pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "9999-12-31", "3000-01-01"])
    def test_off_the_calendar_422(self, client, desk, day):
        for path in ("", "/cases"):
            for how in ({"first": day}, {"last": day}, {"first": day, "last": day}):
                assert code(asked(client, desk.sun, path=path, **how)) == (422, "unprocessable")


_days = itertools.count(50, 50)


@pytest.fixture
def quiet_days():
    """Days that no other test here has cases on."""
    clock.shift(timedelta(days=next(_days)))


@pytest.fixture
def new_staff(client, cast, as_, drain, newcomer):
    """Makes a desk with tokens that are valid at the moment."""
    return lambda: Desk(client, cast, as_, drain, newcomer)


@pytest.fixture
def staff(quiet_days, new_staff):
    return new_staff()


def test_nothing_yet(client, staff):
    shown = figures(client, staff.qian)
    assert (shown["closed"], shown["ratings"], shown["reached"]) == (0, 0, 0)
    nothing = ("average_hundredths", "good_permille", "satisfied_permille")
    assert [shown[name] for name in nothing] == [None] * 3
    assert cases(client, staff.qian) == []


def test_the_figures_are_those_of_the_list(client, staff):
    made = []
    for stars, verdicts in (
        (5, ["satisfied"]), (4, [None, "partly"]), (2, ["dissatisfied", "satisfied", None]),
        (None, [None]), (None, ["dissatisfied"]),
    ):  # fmt: skip
        made.append(staff.closed())
        if stars:
            rate(client, staff, stars)
        for verdict in verdicts:
            call(client, staff.qian, made[-1], verdict)
    items = cases(client, staff.qian)
    assert [item["number"] for item in items] == [case["number"] for case in made][::-1]
    assert [item["stars"] for item in items] == [[], [], [2], [4], [5]]
    verdicts = ["dissatisfied", None, "satisfied", "partly", "satisfied"]
    assert [item["verdict"] for item in items] == verdicts
    shown = figures(client, staff.qian)
    assert shown == recomputed(items) | {
        "region_code": GRID, "first_day": today(), "last_day": today(),
    }  # fmt: skip
    assert (shown["average_hundredths"], shown["good_permille"]) == (367, 667)
    assert (shown["reached"], shown["satisfied_permille"]) == (4, 500)


def test_only_what_is_closed_now(client, staff, db):
    staff.moved(staff.reported(), "reject", reason_code="not_found", public_note="没有发现")
    staff.resolved()
    reopened = staff.closed()
    rate(client, staff, 1)
    closed = staff.closed()
    assert figures(client, staff.qian)["closed"] == 2
    with work(db, write=True) as tx:
        service.decide(tx, None, reopened["id"], "reopen", note=None)
    assert [item["number"] for item in cases(client, staff.qian)] == [closed["number"]]
    shown = figures(client, staff.qian)
    assert (shown["closed"], shown["ratings"]) == (1, 0)


def test_the_day_of_the_last_closing_counts(client, staff, db, cast, as_):
    staff.closed()
    rate(client, staff, 3)
    case = cases(client, staff.qian)[0]
    clock.shift(timedelta(days=1))
    wang, sun, qian = (as_(person) for person in (cast.wang, cast.sun, cast.qian))
    with work(db, write=True) as tx:
        service.decide(tx, None, case["id"], "reopen", note=None)
    for name, who in (("accept", wang), ("resolve", wang), ("close", sun)):
        more = {"close": {"outcome": "fixed"}, "accept": {}}.get(
            name, {"photo_ids": [upload(client, wang)], "note": "好了"}
        )
        fresh = client.get(f"/v1/cases/{case['id']}", headers=qian).json()
        staff.moved(fresh, name, by=who, **more)
    assert figures(client, qian, first=today(-1), last=today(-1))["closed"] == 0
    shown = figures(client, qian)
    assert (shown["closed"], shown["average_hundredths"]) == (1, 300)
    assert figures(client, qian, first=today(-1))["closed"] == 1
    assert shown["closed"] == len(cases(client, qian))


def test_business_days_are_counted_in_shanghai_and_inclusive(client, quiet_days, new_staff):
    """Closed half an hour before midnight, and half an hour after."""
    start = clock.day_start(clock.business_day(clock.now() + timedelta(days=1)))
    clock.shift(start - clock.now() - timedelta(minutes=30))
    day = today()
    new_staff().closed()
    clock.shift(timedelta(hours=1))
    assert today() != day
    staff = new_staff()
    staff.closed()
    count = lambda first, last: figures(client, staff.qian, first=first, last=last)["closed"]  # noqa: E731
    assert (count(day, day), count(today(), today()), count(day, today())) == (1, 1, 2)


def test_a_subtree_is_the_sum_of_its_grids(client, staff):
    staff.closed(place=INSIDE)
    rate(client, staff, 5)
    staff.closed(place=INSIDE)
    there = staff.reported(place=INSIDE_OTHER)
    there = staff.moved(there, "file", by=staff.qian, category_code="C0101")
    by = {str(region): figures(client, staff.qian, region=region)["closed"]
          for region in (GRID, OTHER_GRID, VILLAGE, STREET, DISTRICT)}  # fmt: skip
    assert by == {GRID: 2, OTHER_GRID: 0, VILLAGE: 2, STREET: 2, DISTRICT: 2}


class TestWhoReads:
    def test_ones_own_region_and_below(self, client, staff, newcomer, as_):
        head = as_(newcomer((Role.GRID_HEAD, VILLAGE)))
        for region in (VILLAGE, GRID, OTHER_GRID):
            assert asked(client, head, region).status_code == 200

    @pytest.mark.parametrize("path", ["", "/cases"])
    def test_a_region_that_is_not_wholly_ones_own_404(self, client, staff, path):
        for region in (VILLAGE, DISTRICT, OTHER_GRID):
            strange = asked(client, staff.wang, region, path=path)
            assert code(strange) == (404, "region_not_found")
            nowhere = asked(client, staff.wang, "nowhere", path=path)
            assert public_word(strange) == public_word(nowhere)

    @pytest.mark.parametrize("role", [Role.KEEPER, Role.FUND_MANAGER, Role.HANDLER])
    def test_staff_who_read_no_cases_404(self, client, staff, newcomer, as_, role):
        assert code(asked(client, as_(newcomer((role, DISTRICT))), DISTRICT))[0] == 404

    def test_a_reporter_403(self, client, staff, cast, as_):
        assert code(asked(client, as_(cast.chen))) == (403, "staff_only")


@pytest.mark.parametrize("path", ["", "/cases"])
class TestPeriods:
    def test_at_most_four_hundred_days(self, client, staff, path):
        first, last = "2025-01-01", "2026-02-04"
        assert asked(client, staff.qian, first=first, last=last, path=path).status_code == 200
        refused = asked(client, staff.qian, first=first, last="2026-02-05", path=path)
        assert code(refused) == (422, "period_invalid")

    def test_days_that_are_no_period(self, client, staff, path):
        refused = asked(client, staff.qian, first="2026-02-02", last="2026-02-01", path=path)
        assert code(refused) == (422, "period_invalid")

    def test_a_cursor_of_another_period(self, client, staff, path):
        if not path:
            return
        staff.closed(), staff.closed()
        page = asked(client, staff.qian, path=path, limit=1).json()
        refused = asked(client, staff.qian, path=path, first=today(-1), cursor=page["next_cursor"])
        assert code(refused) == (400, "cursor_invalid")

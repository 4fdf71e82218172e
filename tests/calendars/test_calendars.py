"""A district's calendar: read by everyone, changed by its administrator, counted at each change."""

from datetime import date, timedelta

import pytest
from cast import DISTRICT, GRID, STREET
from sqlalchemy import event, func, select

from app.calendars import queries
from app.calendars.models import CalendarDay, WorkingHours
from app.calendars.worktime import USUAL
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

USUAL_HOURS = [["08:00", "12:00"], ["14:00", "18:00"]]
FESTIVAL = {"day": "2026-06-01", "working": False, "name": "涪江龙舟节"}


@pytest.fixture
def district(db, cast, request):
    """A district of the test's own."""
    code = f"9{abs(hash(request.node.nodeid)) % 10**11:011}"
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(code, "新区", "新区", 0, "区", None)])
    return code


@pytest.fixture
def admin(as_, newcomer, district):
    return as_(newcomer((Role.ADMINISTRATOR, district)))


@pytest.fixture
def put(client, admin, district):
    def send(what, headers=admin, **body):
        return client.put(
            f"/v1/calendar/{what}", json={"region_code": district, **body}, headers=headers
        )

    return send


def read(client, district, **params):
    answer = client.get("/v1/calendar", params={"region": district, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def days_of(calendar, **only):
    return {
        day["day"]: day
        for day in calendar["days"]
        if all(day[name] == value for name, value in only.items())
    }


class TestReading:
    def test_the_nations_year(self, client, district):
        found = read(client, district, year=2026)
        assert (found["version"], found["known"], found["spans"]) == (0, True, USUAL_HOURS)
        days = days_of(found)
        assert days["2026-10-01"] == {
            "day": "2026-10-01", "working": False, "name": "国庆节", "name_en": "National Day",
            "own": False,
        }  # fmt: skip
        assert days["2026-10-10"]["working"]
        assert days["2026-10-10"]["name"] == "国庆节调休上班"
        # A Saturday inside the holiday week is free in any week.
        assert "2026-10-03" not in days
        assert all(
            day["working"] != (date.fromisoformat(day["day"]).weekday() < 5)
            for day in found["days"]
        )

    def test_a_year_that_nobody_announced(self, client, district):
        found = read(client, district, year=2090)
        assert (found["known"], found["days"]) == (False, [])

    def test_a_grid_is_told_its_districts(self, client, cast):
        for code in (DISTRICT, STREET, GRID):
            assert read(client, code)["region_code"] == DISTRICT

    def test_no_such_region(self, client, cast):
        answer = client.get("/v1/calendar", params={"region": "nowhere"})
        assert (answer.status_code, answer.json()["code"]) == (404, "region_not_found")


class TestDays:
    def test_works_and_counts(self, client, db, put, district):
        answer = put("days", days=[FESTIVAL, {**FESTIVAL, "day": "2026-06-06", "working": True}])
        assert answer.status_code == 200, answer.text
        assert answer.json() == read(client, district, year=2026)
        assert answer.json()["version"] == 1
        assert days_of(answer.json(), own=True) == {
            "2026-06-01": {**FESTIVAL, "name_en": None, "own": True},
            "2026-06-06": {
                **FESTIVAL, "day": "2026-06-06", "working": True, "name_en": None, "own": True,
            },
        }  # fmt: skip
        with work(db, write=False) as tx:
            calendar = queries.calendar_of(tx, district)
            assert queries.calendar_of(tx, DISTRICT) == USUAL
        assert calendar.version == 1
        assert calendar.own_days == {date(2026, 6, 1): False, date(2026, 6, 6): True}
        assert calendar.spans == USUAL.spans

    def test_the_same_again_changes_nothing(self, put):
        assert put("days", days=[FESTIVAL]).json()["version"] == 1
        assert put("days", days=[FESTIVAL]).json()["version"] == 1
        assert put("days", days=[{**FESTIVAL, "name": "龙舟节"}]).json()["version"] == 2

    def test_a_holiday_that_is_worked_here(self, put):
        day = {"day": "2026-10-01", "working": True, "name": "抗洪"}
        found = days_of(put("days", days=[day]).json())
        assert found["2026-10-01"] == {**day, "name_en": None, "own": True}

    def test_forgotten_the_nation_counts_again(self, client, db, put, district):
        put("days", days=[FESTIVAL])
        found = put("days", days=[{"day": FESTIVAL["day"], "working": None}]).json()
        assert (found["version"], days_of(found, own=True)) == (2, {})
        again = put("days", days=[{"day": FESTIVAL["day"], "working": None}]).json()
        assert again["version"] == 2
        with work(db, write=False) as tx:
            count = select(func.count()).select_from(CalendarDay)
            assert tx.scalar(count.where(CalendarDay.region_code == district)) == 0

    def test_what_is_logged(self, db, put, district):
        put("days", days=[FESTIVAL])
        put("days", days=[FESTIVAL])
        put("hours", spans=[["09:00", "17:00"]])
        with work(db, write=False) as tx:
            query = select(StaffAction).where(StaffAction.object_id == district)
            rows = tx.scalars(query.order_by(StaffAction.id)).all()
        assert [(row.action, row.object_kind) for row in rows] == [
            ("calendar.changed", "region")
        ] * 2
        assert rows[0].detail == {"version": 1, "days": ["2026-06-01"]}
        assert rows[1].detail == {"version": 2, "spans": [["09:00", "17:00"]]}

    def test_refused_leaves_nothing(self, client, db, put, as_, cast, newcomer, district):
        reporter, stranger = as_(newcomer()), as_(cast.sun)
        checker = as_(newcomer((Role.CHECKER, district)))
        for headers, code in (
            (reporter, "role_missing"), (checker, "role_missing"), (stranger, "district_not_held"),
        ):  # fmt: skip
            for what, body in (
                ("days", {"days": [FESTIVAL]}), ("hours", {"spans": [["09:00", "17:00"]]}),
            ):  # fmt: skip
                answer = put(what, headers, **body)
                assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert read(client, district, year=2026)["version"] == 0
        with work(db, write=False) as tx:
            assert tx.get(WorkingHours, district) is None

    def test_only_a_district_has_one(self, put):
        for code, refusal in ((STREET, "district_needed"), ("nowhere", "region_unknown")):
            answer = put("days", region_code=code, days=[FESTIVAL])
            assert (answer.status_code, answer.json()["code"]) == (422, refusal)


class TestNoWorkingTime:
    """A calendar that never works would stop every new report."""

    def free(self, first, days):
        off = (first + timedelta(days=n) for n in range(days))
        return [{"day": day.isoformat(), "working": False, "name": "停摆"} for day in off]

    @pytest.mark.parametrize("begins", [0, 90])
    def test_is_refused_whole(self, client, db, put, district, begins):
        first = clock.business_day(clock.now()) + timedelta(days=begins)
        assert put("days", days=self.free(first, 366)).status_code == 200
        more = self.free(first + timedelta(days=366), 100)
        answer = put("days", days=more)
        assert (answer.status_code, answer.json()["code"]) == (409, "no_working_time")
        assert read(client, district)["version"] == 1
        with work(db, write=False) as tx:
            calendar = queries.calendar_of(tx, district)
        assert len(calendar.own_days) == 366
        for days in range(begins + 366):
            assert calendar.due(clock.now() + timedelta(days=days), 3600, "working")

    def test_one_day_of_work_is_enough(self, put):
        first = clock.business_day(clock.now())
        put("days", days=self.free(first, 366))
        more = self.free(first + timedelta(days=366), 100)
        more[10]["working"] = True
        assert put("days", days=more).status_code == 200
        # And neither may it be taken away again, also not by forgetting it on a weekend.
        answer = put("days", days=[{**more[10], "working": False}])
        assert (answer.status_code, answer.json()["code"]) == (409, "no_working_time")

    def test_what_is_past_does_no_harm(self, put):
        first = clock.business_day(clock.now()) - timedelta(days=700)
        assert put("days", days=self.free(first, 366)).status_code == 200
        more = self.free(first + timedelta(days=366), 334)
        assert put("days", days=more).status_code == 200

    def test_hours_of_a_calendar_that_never_works(self, client, db, put, district):
        put("hours", spans=[["09:00", "17:00"]])
        first = clock.business_day(clock.now())
        # As it may stand from before this was refused.
        with work(db, write=True) as tx:
            tx.add_all(
                CalendarDay(
                    region_code=district, day=(first + timedelta(days=n)).isoformat(),
                    working=False, name="停摆",
                )
                for n in range(500)
            )  # fmt: skip
        answer = put("hours", spans=[["09:00", "18:00"]])
        assert (answer.status_code, answer.json()["code"]) == (409, "no_working_time")


class TestHours:
    def test_works_and_counts(self, client, db, put, district):
        spans = [["09:00", "12:30"], ["12:30", "24:00"]]
        answer = put("hours", spans=spans)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["version"], answer.json()["spans"]) == (1, spans)
        assert answer.json() == read(client, district)
        with work(db, write=False) as tx:
            assert queries.calendar_of(tx, district).spans == ((540, 750), (750, 1440))
        assert put("hours", spans=spans).json()["version"] == 1
        assert put("hours", spans=USUAL_HOURS).json()["version"] == 2

    def test_the_usual_hours_are_no_change(self, put):
        assert put("hours", spans=USUAL_HOURS).json()["version"] == 0

    def test_hours_and_days_share_the_version(self, put):
        put("hours", spans=[["09:00", "17:00"]])
        found = put("days", days=[FESTIVAL]).json()
        assert (found["version"], found["spans"]) == (2, [["09:00", "17:00"]])


def test_two_statements_at_most(db, put, district):
    for expected in (1, 2):
        seen = []
        engine = db.reader
        event.listen(engine, "before_cursor_execute", lambda *given, s=seen: s.append(given[2]))
        with work(db, write=False) as tx:
            queries.calendar_of(tx, district)
        assert len([text for text in seen if text.startswith("SELECT")]) == expected
        put("days", days=[FESTIVAL])

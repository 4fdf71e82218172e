"""Working time: the nation's days, the district's own, and the arithmetic of seconds."""

import time as timer
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.calendars.errors import NoWorkingTime
from app.calendars.worktime import NATIONAL, USUAL, Calendar, knows, minute_of
from app.kit.clock import SHANGHAI

HOUR = 3600


def at(text: str) -> datetime:
    """An instant by the clock of Asia/Shanghai, in UTC as the house keeps it."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


class TestDays:
    @pytest.mark.parametrize(
        ("first", "days"),
        [
            ("2025-10-01", 8),  # National Day and 中秋 together
            ("2026-10-01", 7),
            ("2026-02-15", 9),  # 春节
        ],
    )
    def test_a_holiday_week(self, first, days):
        start = date.fromisoformat(first)
        assert not any(USUAL.is_working(start + timedelta(days=n)) for n in range(days))
        assert USUAL.is_working(start + timedelta(days=days))
        assert USUAL.is_working(start - timedelta(days=1))

    @pytest.mark.parametrize(
        "day", ["2025-09-28", "2025-10-11", "2026-09-20", "2026-02-14", "2026-10-10"]
    )
    def test_a_weekend_day_worked_in_exchange(self, day):
        given = date.fromisoformat(day)
        assert given.weekday() >= 5
        assert USUAL.is_working(given)
        assert "调休" in NATIONAL[given].name.zh

    def test_ordinary_weeks(self):
        week = [date(2026, 6, 1) + timedelta(days=n) for n in range(7)]
        assert [USUAL.is_working(day) for day in week] == [True] * 5 + [False] * 2

    def test_the_districts_word_comes_first(self):
        holiday, saturday, weekday = date(2026, 10, 1), date(2026, 10, 10), date(2026, 6, 1)
        own = Calendar(own_days={holiday: True, saturday: False, weekday: False})
        assert own.is_working(holiday)
        assert not own.is_working(saturday)
        assert not own.is_working(weekday)

    def test_a_year_before_its_notice_is_monday_to_friday(self):
        assert knows(2026)
        assert not knows(2090)
        day = date(2090, 10, 2)
        assert not USUAL.knows(day)
        assert USUAL.is_working(day) == (day.weekday() < 5)
        assert Calendar(own_days={day: False}).knows(day)
        assert USUAL.knows(date(2026, 6, 1))

    def test_minutes(self):
        assert [minute_of(text) for text in ("00:00", "08:30", "24:00")] == [0, 510, 1440]


class TestDue:
    @pytest.mark.parametrize(
        ("start", "hours", "due"),
        [
            ("2026-06-05T17:30", 1, "2026-06-08T08:30"),  # over the weekend
            ("2026-06-01T09:00", 1, "2026-06-01T10:00"),
            ("2026-06-01T11:30", 1, "2026-06-01T14:30"),  # over noon
            ("2026-06-01T10:00", 2, "2026-06-01T12:00"),  # the end of a span, not the next start
            ("2026-06-01T12:30", 1, "2026-06-01T15:00"),
            ("2026-06-01T06:00", 8, "2026-06-01T18:00"),
            ("2026-06-01T20:00", 9, "2026-06-03T09:00"),
            ("2026-06-06T10:00", 1, "2026-06-08T09:00"),  # a Saturday
            ("2026-09-30T17:00", 2, "2026-10-08T09:00"),  # over National Day
            ("2025-09-30T17:00", 2, "2025-10-09T09:00"),
            ("2025-10-10T17:00", 2, "2025-10-11T09:00"),  # to a Saturday that is worked
            ("2026-10-09T17:30", 1, "2026-10-10T08:30"),
        ],
    )
    def test_working(self, start, hours, due):
        assert USUAL.due(at(start), hours * HOUR, "working") == at(due)

    def test_the_hours_of_the_district(self):
        day = Calendar(spans=((0, 1440),))
        assert day.due(at("2026-06-05T23:00"), 2 * HOUR, "working") == at("2026-06-08T01:00")

    def test_continuous_knows_no_holiday(self):
        start = at("2026-09-30T17:00")
        assert USUAL.due(start, 2 * HOUR, "continuous") == start + timedelta(hours=2)

    def test_nothing_to_wait_for(self):
        assert USUAL.due(at("2026-06-06T10:00"), 0, "working") == at("2026-06-06T10:00")

    def test_a_district_that_never_works_is_an_error(self):
        start = date(2026, 1, 1)
        never = {start + timedelta(days=n): False for n in range(800)}
        with pytest.raises(NoWorkingTime):
            Calendar(own_days=never).due(at("2026-01-02T08:00"), 1, "working")
        with pytest.raises(NoWorkingTime):
            Calendar(spans=()).due(at("2026-01-02T08:00"), 1, "working")
        assert Calendar(own_days=never).worked(at("2026-01-02T08:00"), at("2027-08-01T00:00")) == 0

    def test_work_long_after_an_idle_time_is_counted(self):
        start = date(2026, 1, 1)
        idle = Calendar(own_days={start + timedelta(days=n): False for n in range(430)})
        assert idle.worked(at("2026-01-01T08:00"), at("2027-03-08T10:00")) == 2 * HOUR

    def test_ten_working_days_are_quick(self):
        start, rounds = at("2026-09-24T15:17"), 200
        best = min(_timed(start, rounds) for _ in range(5))
        assert best / rounds < 0.001


def _timed(start: datetime, rounds: int) -> float:
    began = timer.process_time()
    for _ in range(rounds):
        USUAL.due(start, 80 * HOUR, "working")
    return timer.process_time() - began


class TestWorked:
    @pytest.mark.parametrize(
        ("start", "end", "seconds"),
        [
            ("2026-06-01T08:00", "2026-06-01T18:00", 8 * HOUR),
            ("2026-06-01T11:00", "2026-06-01T15:00", 2 * HOUR),
            ("2026-06-06T00:00", "2026-06-08T00:00", 0),
            ("2026-06-01T18:00", "2026-06-02T08:00", 0),
            ("2026-10-01T00:00", "2026-10-08T00:00", 0),
            ("2026-06-02T08:00", "2026-06-01T08:00", 0),
            ("2026-06-01T08:00", "2026-06-08T08:00", 40 * HOUR),
        ],
    )
    def test_between(self, start, end, seconds):
        assert USUAL.worked(at(start), at(end)) == seconds


instants = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - the strategy gives the zone itself
    datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
seconds = st.integers(1, 200 * HOUR)


@st.composite
def calendars(draw):
    """Any hours in order, and any own days."""
    edges = sorted(draw(st.sets(st.integers(0, 1440), min_size=2, max_size=8)))
    spans = tuple(zip(edges[::2], edges[1::2], strict=False))
    days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
    return Calendar(spans, draw(st.dictionaries(days, st.booleans(), max_size=30)), 1)


def inside(calendar: Calendar, moment: datetime) -> bool:
    local = moment.astimezone(SHANGHAI)
    # The end of the day belongs to the day that ends.
    for day in (local.date(), local.date() - timedelta(days=1)):
        since = (local - datetime.combine(day, time(), SHANGHAI)) / timedelta(minutes=1)
        if calendar.is_working(day) and any(a < since <= b for a, b in calendar.spans):
            return True
    return False


class TestLaws:
    @settings(max_examples=150, deadline=None)
    @given(calendars(), instants, st.integers(1, 20 * HOUR))
    def test_what_was_allowed_is_what_was_worked(self, calendar, start, allowed):
        due = calendar.due(start, allowed, "working")
        assert calendar.worked(start, due) == allowed
        assert inside(calendar, due)
        assert due.tzinfo is UTC

    @settings(max_examples=150, deadline=None)
    @given(calendars(), instants, st.integers(0, 20 * HOUR), st.integers(0, 20 * HOUR))
    def test_more_time_is_never_sooner(self, calendar, start, less, more):
        assume(less < more)
        assert calendar.due(start, less, "working") < calendar.due(start, more, "working")

    @settings(max_examples=150, deadline=None)
    @given(instants, instants, seconds)
    def test_a_later_start_is_never_due_sooner(self, one, other, allowed):
        early, late = sorted((one, other))
        assert USUAL.due(early, allowed, "working") <= USUAL.due(late, allowed, "working")

    @settings(max_examples=150, deadline=None)
    @given(instants, seconds, seconds)
    def test_time_adds_up(self, start, first, second):
        middle = USUAL.due(start, first, "working")
        assert USUAL.due(middle, second, "working") == USUAL.due(start, first + second, "working")

    @settings(max_examples=100, deadline=None)
    @given(calendars(), instants, st.integers(-(10**6), 10**6))
    def test_continuous_is_addition(self, calendar, start, allowed):
        assert calendar.due(start, allowed, "continuous") == start + timedelta(seconds=allowed)

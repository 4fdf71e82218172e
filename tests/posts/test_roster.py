"""The roster's hours on the clock of Asia/Shanghai, compared with a model that counts minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.clock import SHANGHAI
from app.posts import roster
from app.posts.roster import Shift

# A Monday.
MIDNIGHT = datetime(2026, 11, 23, tzinfo=SHANGHAI)
MINUTES, WEEK = 24 * 60, 7 * 24 * 60


def at(weekday, hour, minute=0):
    return MIDNIGHT + timedelta(days=weekday - 1, hours=hour, minutes=minute)


def text(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


@pytest.mark.parametrize(
    ("shift", "moment", "on"),
    [
        (Shift(1, "08:00", "17:30"), at(1, 8), True),
        (Shift(1, "08:00", "17:30"), at(1, 7, 59), False),
        (Shift(1, "08:00", "17:30"), at(1, 17, 29), True),
        (Shift(1, "08:00", "17:30"), at(1, 17, 30), False),
        (Shift(1, "08:00", "17:30"), at(2, 9), False),
        (Shift(5, "22:00", "06:00"), at(5, 23), True),
        (Shift(5, "22:00", "06:00"), at(6, 5, 59), True),
        (Shift(5, "22:00", "06:00"), at(6, 6), False),
        (Shift(5, "22:00", "06:00"), at(5, 5), False),
        (Shift(7, "22:00", "06:00"), at(1, 3), True),
        (Shift(7, "22:00", "06:00"), at(7, 3), False),
        (Shift(3, "18:00", "24:00"), at(3, 23, 59), True),
        (Shift(3, "18:00", "24:00"), at(4, 0), False),
        (Shift(3, "00:00", "00:00"), at(3, 12), True),
        (Shift(3, "00:00", "00:00"), at(4, 0), False),
    ],
)
def test_edges(shift, moment, on):
    assert roster.is_on([shift], roster.moment(moment)) is on


def test_without_shifts_always():
    assert roster.is_on([], roster.moment(at(7, 3)))


def test_the_zone_is_shanghai_whatever_the_instant_says():
    # Sunday 20:00 in UTC is Monday 04:00 here.
    assert roster.is_on([Shift(1, "04:00", "05:00")], roster.moment(at(1, 4).astimezone(UTC)))


shifts = st.lists(
    st.builds(
        Shift, st.integers(1, 7), st.integers(0, MINUTES - 1).map(text),
        st.integers(0, MINUTES).map(text),
    ),
    max_size=5,
)  # fmt: skip


def minute_of(word):
    return int(word[:2]) * 60 + int(word[3:])


def model(some, minute_of_week):
    """The minutes of the week that each shift covers, laid out one by one."""
    for shift in some:
        start, end = minute_of(shift.starts), minute_of(shift.ends)
        length = end - start if end > start else end - start + MINUTES
        first = (shift.weekday - 1) * MINUTES + start
        if (minute_of_week - first) % WEEK < length:
            return True
    return not some


@given(shifts, st.integers(0, WEEK - 1), st.integers(-60, 60), st.integers(0, 59))
def test_as_counted_by_the_minute(some, minute, weeks, second):
    moment = MIDNIGHT + timedelta(weeks=weeks, minutes=minute, seconds=second)
    assert roster.is_on(some, roster.moment(moment)) == model(some, minute)


@given(shifts)
def test_what_is_joined_is_read_again(some):
    joined = ",".join(f"{s.weekday}{s.starts}{s.ends}" for s in some)
    assert list(roster.read(joined or None)) == some

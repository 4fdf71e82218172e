"""Opening hours on the clock of Asia/Shanghai, past midnight too."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.clock import SHANGHAI
from app.store.hours import is_open

MIDNIGHT = datetime(2026, 11, 22, tzinfo=SHANGHAI)


def at(hour, minute=0):
    return MIDNIGHT + timedelta(hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("hours", "time", "open_"),
    [
        (["08:30-12:00", "14:00-20:30"], at(8, 29), False),
        (["08:30-12:00", "14:00-20:30"], at(8, 30), True),
        (["08:30-12:00", "14:00-20:30"], at(11, 59), True),
        (["08:30-12:00", "14:00-20:30"], at(12), False),
        (["08:30-12:00", "14:00-20:30"], at(13), False),
        (["08:30-12:00", "14:00-20:30"], at(20, 29), True),
        (["22:00-02:00"], at(21, 59), False),
        (["22:00-02:00"], at(23, 59), True),
        (["22:00-02:00"], at(0), True),
        (["22:00-02:00"], at(1, 59), True),
        (["22:00-02:00"], at(2), False),
        (["22:00-00:00"], at(23), True),
        (["22:00-00:00"], at(0), False),
        (["00:00-24:00"], at(0), True),
        (["00:00-24:00"], at(23, 59), True),
        ([], at(12), False),
    ],
)
def test_is_open(hours, time, open_):
    assert is_open(hours, time) is open_


def test_the_clock_is_shanghai_wherever_the_instant_was_written():
    assert is_open(["08:00-09:00"], datetime(2026, 11, 22, 0, 30, tzinfo=UTC))
    assert not is_open(["08:00-09:00"], datetime(2026, 11, 22, 8, 30, tzinfo=UTC))


minutes = st.integers(0, 24 * 60 - 1)


@given(minutes, minutes, minutes)
def test_a_span_and_the_span_from_its_end_to_its_start_share_the_day(start, end, now):
    spans = ["{:02}:{:02}-{:02}:{:02}".format(*divmod(a, 60), *divmod(b, 60))
             for a, b in ((start, end), (end, start))]  # fmt: skip
    time = MIDNIGHT + timedelta(minutes=now)
    inside = [is_open([span], time) for span in spans]
    assert inside.count(True) == (1 if start != end else 2)


@pytest.mark.parametrize("span", ["25:00-26:00", "8-", "aa:00-09:00", "-1:00-02:00"])
def test_hours_that_are_none(span):
    with pytest.raises(ValueError, match=r".*"):
        is_open([span], at(12))

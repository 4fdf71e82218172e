"""Words of the edge: what lies off the calendar is refused before it is counted with."""

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from app.kit.schema import Day, Instant

INSTANT, DAY = TypeAdapter(Instant), TypeAdapter(Day)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+08:00", "3000-01-01T00:00:00Z", "2026-01-01T00:00:00",
    ],
)  # fmt: skip
def test_no_instant(text):
    with pytest.raises(ValidationError):
        INSTANT.validate_python(text)


def test_an_instant_is_kept_in_utc():
    at = INSTANT.validate_python("2999-12-31T23:59:59+08:00")
    assert (at, at.tzinfo) == (datetime(2999, 12, 31, 15, 59, 59, tzinfo=UTC), UTC)
    assert INSTANT.validate_python("2000-01-01T00:00:00Z") == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01", "1999-12-31", "3000-01-01", "9999-12-31"])
def test_no_day(text):
    with pytest.raises(ValidationError):
        DAY.validate_python(text)


def test_the_first_and_the_last_day():
    assert DAY.validate_python("2000-01-01") == date(2000, 1, 1)
    assert DAY.validate_python("2999-12-31") == date(2999, 12, 31)

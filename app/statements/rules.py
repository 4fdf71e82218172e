"""Periods of business days, and the months in them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.kit import clock
from app.statements.errors import PeriodInvalid

MOST_DAYS = 366


@dataclass(frozen=True)
class Period:
    """Business days (Asia/Shanghai), both of them in it."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return clock.day_start(self.first)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return clock.day_start(self.last + timedelta(days=1))


def period(first: date, last: date) -> Period:
    """Raises PeriodInvalid: it ends before it begins, or has more than 366 days."""
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise PeriodInvalid
    return Period(first, last)


def months(of: Period) -> list[tuple[str, datetime]]:
    """The calendar months that a period touches, each with the first instant after its part."""
    found = []
    first = of.first
    while first <= of.last:
        following = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
        found.append((first.isoformat()[:7], min(clock.day_start(following), of.end)))
        first = following
    return found

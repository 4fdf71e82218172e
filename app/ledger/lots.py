"""Pure arithmetic of lots: which points are spent first, and who pays which fen."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from app.kit import clock

K = TypeVar("K")
# A worker that was away tells of an expiry to come so much late.
LATE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Share(Generic[K]):
    """An amount taken from, or put to, one source."""

    source: K
    amount: int


def take_in_order(available: Iterable[tuple[K, int]], wanted: int) -> list[Share[K]] | None:
    """Takes `wanted` from the sources in their order; None when together they hold less."""
    shares = []
    for source, amount in available:
        part = min(amount, wanted)
        if part > 0:
            shares.append(Share(source, part))
            wanted -= part
    return shares if wanted == 0 else None


def split_by_value(total: int, values: Sequence[int]) -> list[int]:
    """Splits `total` in proportion to `values` by largest remainder; ties go to the first.

    Each part is at most its value as long as `total` is at most their sum.
    """
    whole = sum(values)
    if whole == 0:
        return [0 for _ in values]
    parts = [total * value // whole for value in values]
    remainders = sorted(range(len(values)), key=lambda i: (-(total * values[i] % whole), i))
    for i in remainders[: total - sum(parts)]:
        parts[i] += 1
    return parts


def expiry(settled: datetime, days: int | None, day: str | None) -> datetime | None:
    """When points settled at an instant expire; None: never.

    `days` is their validity; with `day` (MM-DD) they last to the end of the first such business
    day that is not before it. 02-29 is the last of February in a year that has none.
    """
    if day is None:
        return None if days is None else settled + timedelta(days=days)
    least = clock.business_day(settled + timedelta(days=days or 0))
    years = (_in_year(year, day) for year in (least.year, least.year + 1))
    last = next(found for found in years if found >= least)
    return clock.day_start(last + timedelta(days=1))


def last_day(expires: datetime) -> date:
    """The last business day on which points that expire then can be spent."""
    return clock.business_day(expires - timedelta(microseconds=1))


def days_between(first: date, last: date) -> tuple[datetime, datetime]:
    """Expiries (after, until] of points whose last day is one of these."""
    return clock.day_start(first), clock.day_start(last + timedelta(days=1))


def _in_year(year: int, day: str) -> date:
    month, wanted = (int(part) for part in day.split("-"))
    return date(year, month, min(wanted, monthrange(year, month)[1]))

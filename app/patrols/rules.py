"""The arithmetic of patrols: hours of a day, nearness to a stop, and the length of a way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from app.grids.cells import distance_m
from app.kit.clock import SHANGHAI, day_start
from app.patrols.errors import DaysInvalid

REACH_M = 100
# A phone that claims to know nothing would otherwise be near everything.
MOST_ACCURACY_M = 100
FASTEST_M_PER_S = 60
# Days of a list.
USUAL_DAYS, MOST_DAYS = 31, 100


@dataclass(frozen=True)
class Fix:
    """Where somebody was (WGS-84), and when."""

    lat: float
    lng: float
    at: datetime


def moment(day: date, hours: str) -> datetime:
    """The instant of `HH:MM` on a business day."""
    return datetime.combine(day, time.fromisoformat(hours), SHANGHAI)


def end_of_day(day: date) -> datetime:
    """The last second of a business day."""
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)


def too_far_m(
    stop: tuple[float, float], place: tuple[float, float], accuracy_m: float
) -> float | None:
    """The metres to a stop when they are more than 100 and the accuracy (100 at most); or None."""
    away_m = distance_m(*stop, *place)
    return away_m if away_m > REACH_M + min(accuracy_m, MOST_ACCURACY_M) else None


def in_order(fixes: Sequence[Fix], started: datetime, last: Fix | None, until: datetime) -> bool:
    """Whether each fix is later than the one before, none before the start, none after `until`."""
    times = [*([last.at] if last else []), *(fix.at for fix in fixes)]
    steps = pairwise(times)
    forward = all(earlier < later for earlier, later in steps)
    return forward and started <= times[0] and times[-1] <= until


def walk(last: Fix | None, fixes: Sequence[Fix]) -> tuple[list[Fix], float]:
    """The fixes without jumps, which nobody walks or rides (over 60 m/s), and their way in metres.

    A jump is left out, so that the way goes on from where the person really was.
    """
    kept: list[Fix] = []
    total_m = 0.0
    for fix in fixes:
        step_m = distance_m(last.lat, last.lng, fix.lat, fix.lng) if last else 0.0
        if last and step_m > FASTEST_M_PER_S * (fix.at - last.at).total_seconds():
            continue
        kept.append(fix)
        total_m += step_m
        last = fix
    return kept, total_m


def between(first: date | None, last: date | None, today: date) -> tuple[datetime, datetime]:
    """From when until before when these business days last: until today, 31 of them.

    Raises DaysInvalid when they are out of order or more than 100.
    """
    last = last or today
    first = first or last - timedelta(days=USUAL_DAYS - 1)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise DaysInvalid
    return day_start(first), day_start(last + timedelta(days=1))

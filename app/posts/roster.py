"""The duty roster (值班表): whether somebody's hours hold an instant; knows no database."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from app.kit.clock import SHANGHAI


class Shift(NamedTuple):
    """Hours that begin on a weekday (1 Monday .. 7 Sunday), `HH:MM`, the end not included.

    An end at or before the start lies on the next day; `24:00` is the end of the day.
    """

    weekday: int
    starts: str
    ends: str


class Moment(NamedTuple):
    """An instant on the clock of Asia/Shanghai, taken apart once for many rosters."""

    today: int
    yesterday: int
    time: str


def moment(at: datetime) -> Moment:
    """What `is_on` asks of an instant."""
    local = at.astimezone(SHANGHAI)
    today = local.isoweekday()
    return Moment(today, (today - 2) % 7 + 1, f"{local.hour:02}:{local.minute:02}")


# A district has few rosters and many people: each is taken apart once.
@lru_cache(maxsize=1024)
def read(text: str | None) -> tuple[Shift, ...]:
    """The shifts that a select has joined to one text, `108:0017:30,522:0006:00`; none for None.

    A shift is a word of fixed width: weekday, start, end.
    """
    words = text.split(",") if text else []
    return tuple(Shift(int(word[0]), word[1:6], word[6:]) for word in words)


def is_on(shifts: Iterable[Shift], at: Moment) -> bool:
    """Whether one of the shifts holds the moment; without any shift a person is always on duty."""
    empty = True
    for shift in shifts:
        if _holds(shift, at):
            return True
        empty = False
    return empty


def _holds(shift: Shift, at: Moment) -> bool:
    weekday, starts, ends = shift
    # Times are of fixed width, so they compare as text.
    past_midnight = ends <= starts
    if weekday == at.today and starts <= at.time:
        return past_midnight or at.time < ends
    return past_midnight and weekday == at.yesterday and at.time < ends

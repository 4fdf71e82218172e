"""Working time: which days are worked, and when so many working seconds have passed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from chinese_calendar import Holiday, holidays, workdays

from app.calendars.errors import NoWorkingTime
from app.kit.clock import SHANGHAI
from app.kit.errors import Words

Spans = tuple[tuple[int, int], ...]

# 08:00-12:00 and 14:00-18:00, in minutes since midnight.
USUAL_SPANS: Spans = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
# The longest national holiday has nine days; a calendar idle for this long is a mistake.
MOST_IDLE_DAYS = 400
SATURDAY = 5
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day of the State Council's yearly notice: a holiday, or one worked for it (调休)."""

    working: bool
    name: Words


def _national() -> dict[date, SpecialDay]:
    names = {holiday.value: Words(holiday.chinese, holiday.value) for holiday in Holiday}
    free = {day: SpecialDay(working=False, name=names[name]) for day, name in holidays.items()}
    worked = {
        day: SpecialDay(
            working=True,
            name=Words(f"{names[name].zh}调休上班", f"Worked in exchange for {names[name].en}"),
        )
        for day, name in workdays.items()
    }
    return free | worked


# Read once: the library's own functions look for the last year it knows at every call.
NATIONAL: Mapping[date, SpecialDay] = _national()
_FIRST_YEAR, _LAST_YEAR = min(NATIONAL).year, max(NATIONAL).year


def is_weekday(day: date) -> bool:
    """Monday to Friday."""
    return day.weekday() < SATURDAY


def knows(year: int) -> bool:
    """Whether the national calendar of a year is known; before its notice Monday-Friday counts."""
    return _FIRST_YEAR <= year <= _LAST_YEAR


def minute_of(text: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A district's working time: its hours (minutes since midnight, in order) and its own days."""

    spans: Spans = USUAL_SPANS
    own_days: Mapping[date, bool] = field(default_factory=dict)
    version: int = 0

    def is_working(self, day: date) -> bool:
        """The district's own word first, then the nation's, then Monday to Friday."""
        own = self.own_days.get(day)
        if own is not None:
            return own
        special = NATIONAL.get(day)
        return is_weekday(day) if special is None else special.working

    def knows(self, day: date) -> bool:
        """Whether somebody said of this day that it is worked or free."""
        return day in self.own_days or knows(day.year)

    def due(self, start: datetime, seconds: int, mode: str) -> datetime:
        """The instant (UTC) when `seconds` have passed since `start`: of all time when `mode` is
        continuous, else of working time; the end of a span rather than the start of the next.

        Nothing to wait for is over at once. Raises NoWorkingTime.
        """
        if mode == "continuous":
            return start + timedelta(seconds=seconds)
        left = timedelta(seconds=seconds)
        if left <= timedelta():
            return start
        for opens, closes in self._stretches(start):
            if left <= closes - opens:
                return (opens + left).astimezone(UTC)
            left -= closes - opens
        raise NoWorkingTime

    def require_working_time(self, today: date) -> None:
        """Raises NoWorkingTime when `due` would, for some start on this day or later."""
        # After the last day of its own a calendar is the nation's, which is never idle so long.
        last, idle = max(self.own_days, default=today), 0
        for number in range((last - today).days + 1):
            idle = 0 if self.is_working(today + number * _DAY) else idle + 1
            if idle >= MOST_IDLE_DAYS:
                raise NoWorkingTime

    def worked(self, start: datetime, end: datetime) -> int:
        """The whole seconds of working time between two instants; 0 when the end comes first."""
        last = end.astimezone(SHANGHAI)
        total = timedelta()
        for opens, closes in self._stretches(start, last.date()):
            if opens >= last:
                break
            total += min(closes, last) - opens
        return total // _SECOND

    def _stretches(
        self, start: datetime, last: date = date.max
    ) -> Iterator[tuple[datetime, datetime]]:
        """What is left of each span from `start` to the last day, or till nobody works any more."""
        local = start.astimezone(SHANGHAI)
        day, idle = local.date(), 0
        while day <= last and (idle < MOST_IDLE_DAYS or last != date.max):
            idle += 1
            if self.is_working(day):
                midnight = datetime.combine(day, time(), SHANGHAI)
                for opens, closes in self.spans:
                    idle = 0
                    end = midnight + timedelta(minutes=closes)
                    if end > local:
                        yield max(local, midnight + timedelta(minutes=opens)), end
            day += _DAY


USUAL = Calendar()

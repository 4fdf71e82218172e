"""Reads of calendars: a district's working time, and a year of it as people read it."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.calendars.models import CalendarDay, WorkingHours
from app.calendars.schemas import CalendarOut, DayOut
from app.calendars.worktime import (
    NATIONAL,
    USUAL,
    USUAL_SPANS,
    Calendar,
    SpecialDay,
    is_weekday,
    knows,
    minute_of,
)  # fmt: skip
from app.kit.columns import CodeText
from app.kit.db import core

_DISTRICT = bindparam("district", type_=CodeText)
_HOURS = select(WorkingHours.spans, WorkingHours.version).where(
    WorkingHours.region_code == _DISTRICT
)
_DAYS = select(CalendarDay.day, CalendarDay.working, CalendarDay.name).where(
    CalendarDay.region_code == _DISTRICT
)


def calendar_of(tx: Session, district: str) -> Calendar:
    """The working time of a district, in two statements; the national one when it has no own."""
    hours = core(tx).execute(_HOURS, {"district": district}).first()
    # Every change of a day makes the row of hours too, so without it there is no day either.
    if hours is None:
        return USUAL
    own = {day: row.working for day, row in own_days(tx, district).items()}
    spans = tuple((minute_of(opens), minute_of(closes)) for opens, closes in hours.spans)
    return Calendar(spans, own, hours.version)


def own_days(tx: Session, district: str) -> dict[date, Any]:
    """The days that a district declared itself, with `working` and `name`."""
    rows = core(tx).execute(_DAYS, {"district": district})
    return {date.fromisoformat(row.day): row for row in rows}


def year_of(tx: Session, district: str, year: int) -> CalendarOut:
    """A year of a district's calendar: its hours, and the days that are not as in other weeks."""
    calendar, own = calendar_of(tx, district), own_days(tx, district)
    days = [_day(day, own.get(day), NATIONAL.get(day)) for day in _days(year)]
    return CalendarOut(
        region_code=district, year=year, known=knows(year), version=calendar.version,
        spans=texts(calendar.spans), days=[day for day in days if day is not None],
    )  # fmt: skip


def texts(spans: tuple[tuple[int, int], ...] = USUAL_SPANS) -> list[tuple[str, str]]:
    """Spans as `HH:MM`."""
    return [(_text(opens), _text(closes)) for opens, closes in spans]


def _text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days(year: int) -> list[date]:
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    return [first + timedelta(days=n) for n in range((after - first).days)]


def _day(day: date, own: Any, special: SpecialDay | None) -> DayOut | None:
    if own is not None:
        return DayOut(day=day, working=own.working, name=own.name, name_en=None, own=True)
    # The weekend inside a long holiday is free anyway.
    if special is None or special.working == is_weekday(day):
        return None
    name, name_en = special.name
    return DayOut(day=day, working=special.working, name=name, name_en=name_en, own=False)

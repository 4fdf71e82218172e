"""The only place where time is read; tests and the demo move it."""

from datetime import UTC, date, datetime, timedelta, timezone

# China has kept one zone without daylight saving since 1991, so a fixed offset is exact.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

_shift = timedelta(0)


def now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC) + _shift  # noqa: TID251


def business_day(at: datetime) -> date:
    """The calendar day in Asia/Shanghai on which caps and statements count this instant."""
    return at.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The instant at which a business day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def moment(at: datetime | None) -> str:
    """An instant as people here read it, to the minute; nothing for None."""
    return "" if at is None else at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def shift(by: timedelta) -> None:
    """Moves this process's clock for good (tests, and the demo's closed windows)."""
    global _shift  # noqa: PLW0603
    _shift += by


def unshift() -> None:
    """Puts the clock back to the machine's time."""
    global _shift  # noqa: PLW0603
    _shift = timedelta(0)

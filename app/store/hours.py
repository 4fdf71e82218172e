"""Opening hours: spans `HH:MM-HH:MM`, past midnight where the end comes before the start."""

from datetime import datetime

from app.kit.clock import SHANGHAI

MINUTES_A_DAY = 24 * 60


def is_open(hours: list[str], at: datetime) -> bool:
    """Whether one of the spans holds the moment, on the clock of Asia/Shanghai."""
    local = at.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    return any(_within(span, minute) for span in hours)


def _within(span: str, minute: int) -> bool:
    start, end = (_minute(part) for part in span.split("-"))
    return start <= minute < end if start < end else minute >= start or minute < end


def _minute(text: str) -> int:
    """Minutes since midnight; raises ValueError. `24:00` is the end of the day."""
    hour, _, minute = text.partition(":")
    total = int(hour) * 60 + int(minute)
    if not 0 <= total <= MINUTES_A_DAY:
        raise ValueError(text)
    return total

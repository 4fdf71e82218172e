"""Pure decisions of earning: how much a cap leaves, which periods count, what an award is of."""

from datetime import date


def periods(day: date) -> tuple[str, str]:
    """The names of the day and the month that an award counts in (Asia/Shanghai)."""
    return f"day:{day.isoformat()}", f"month:{day.isoformat()[:7]}"


# What parts a source, which never holds it, from its round; and the character after that.
ROUND, AFTER_ROUND = "/", "0"


def in_round(source: str, round: int) -> str:  # noqa: A002 - the case's own word
    """The natural key of an award of a source: the source alone in round 0, else with its round."""
    return f"{source}{ROUND}{round}" if round else source


def source_of(key: str) -> str:
    """The source that an award is of, whatever its round."""
    return key.partition(ROUND)[0]


def within_caps(points: int, used_today: int, day_cap: int, used_month: int, month_cap: int) -> int:
    """What may be granted: the award is cut to what the tighter cap leaves, never below 0."""
    return max(0, min(points, day_cap - used_today, month_cap - used_month))

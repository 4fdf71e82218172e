"""Pure decisions of earning: how much a cap leaves, and which periods count."""

from datetime import date


def periods(day: date) -> tuple[str, str]:
    """The names of the day and the month that an award counts in (Asia/Shanghai)."""
    return f"day:{day.isoformat()}", f"month:{day.isoformat()[:7]}"


def within_caps(points: int, used_today: int, day_cap: int, used_month: int, month_cap: int) -> int:
    """What may be granted: the award is cut to what the tighter cap leaves, never below 0."""
    return max(0, min(points, day_cap - used_today, month_cap - used_month))

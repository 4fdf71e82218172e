"""The arithmetic of clocks: what is left, when to warn, when the worker has to look again."""

from datetime import datetime
from typing import Any

from app.calendars.worktime import Calendar
from app.clocks.schemas import Mark

HOUR_S = 3600
# A warning comes when this part of the allowed time is left.
WARN_PART = 5
ESCALATE_HOURS, LEVELS = 24, 5


def seconds_left(clock: Any, now: datetime, calendar: Calendar) -> int:
    """Whole seconds until the deadline in the clock's mode, negative once it has passed."""
    due: datetime = clock.due_at
    if now <= due:
        return _between(now, due, clock.mode, calendar)
    # Past due outside working hours is past due all the same.
    return min(-1, -_between(due, now, clock.mode, calendar))


def _between(start: datetime, end: datetime, mode: str, calendar: Calendar) -> int:
    if mode == "continuous":
        return int((end - start).total_seconds())
    return calendar.worked(start, end)


def first(now: datetime, allowed_s: int, mode: str, calendar: Calendar) -> dict[str, Any]:
    """The deadline of a clock that starts now, and its warning at four fifths of the time."""
    warn_at = calendar.due(now, allowed_s - allowed_s // WARN_PART, mode)
    due_at = calendar.due(now, allowed_s, mode)
    return {"due_at": due_at, "warn_at": warn_at, "look_at": warn_at}


def resumed(clock: Any, now: datetime, calendar: Calendar) -> dict[str, Any]:
    """A paused clock running again: the deadline moves by the pause, unless it had passed."""
    left: int = clock.left_s
    due_at = calendar.due(now, left, clock.mode) if left > 0 else clock.due_at
    warn_at = _warn_at(now, left, clock.allowed_s, due_at, clock.mode, calendar)
    look_at = _look(clock, now, left, (warn_at, due_at), calendar)
    return {"due_at": due_at, "warn_at": warn_at, "look_at": look_at, **_marks(clock)}


def extended(clock: Any, seconds: int, now: datetime, calendar: Calendar) -> dict[str, Any]:
    """A live clock with more time: warned and overdue again only when that comes again."""
    paused = clock.state == "paused"
    left = (clock.left_s if paused else seconds_left(clock, now, calendar)) + seconds
    allowed_s = clock.allowed_s + seconds
    due_at = calendar.due(clock.due_at, seconds, clock.mode)
    warn_at = _warn_at(now, left, allowed_s, due_at, clock.mode, calendar)
    marks = _marks(clock)
    if left > allowed_s // WARN_PART:
        marks["warned_at"] = None
    if left >= 0:
        marks |= {"overdue_at": None, "level": 0}
    values = {"allowed_s": allowed_s, "due_at": due_at, "warn_at": warn_at, **marks}
    if paused:
        return {**values, "left_s": left, "look_at": None}
    look_at = _look(clock, now, left, (warn_at, due_at), calendar, marks)
    return {**values, "left_s": None, "look_at": look_at}


def marked(clock: Any, now: datetime, calendar: Calendar) -> tuple[Mark, dict[str, Any]]:
    """What is due at a running clock whose `look_at` has come, and what it becomes.

    A worker that comes too late for the warning marks it overdue at once. Escalations follow the
    deadline step by step, however late the worker is.
    """
    marks, look_at = _marks(clock), clock.look_at
    if clock.overdue_at is None and now < clock.due_at:
        return "warned", {**marks, "warned_at": now, "look_at": clock.due_at}
    found: Mark = "overdue"
    if clock.overdue_at is None:
        marks["overdue_at"], look_at = now, clock.due_at
    else:
        found, marks["level"] = "escalate", clock.level + 1
    wait = calendar.due(look_at, _step_s(clock), clock.mode)
    return found, {**marks, "look_at": wait if marks["level"] < _levels(clock) else None}


def _marks(clock: Any) -> dict[str, Any]:
    return {
        "warned_at": clock.warned_at, "overdue_at": clock.overdue_at, "level": clock.level,
    }  # fmt: skip


def _warn_at(
    now: datetime, left: int, allowed_s: int, due_at: datetime, mode: str, calendar: Calendar
) -> datetime:
    early = left - allowed_s // WARN_PART
    return min(calendar.due(now, early, mode) if early > 0 else now, due_at)


def _look(
    clock: Any,
    now: datetime,
    left: int,
    at: tuple[datetime, datetime],
    calendar: Calendar,
    marks: dict[str, Any] | None = None,
) -> datetime | None:
    """The next thing for the worker; `at` is the warning and the deadline."""
    known = marks or _marks(clock)
    if known["overdue_at"] is None:
        return at[0] if known["warned_at"] is None else at[1]
    if known["level"] >= _levels(clock):
        return None
    # The time it was overdue before a pause counts, the pause does not.
    return calendar.due(now, max(0, _step_s(clock) * (known["level"] + 1) + left), clock.mode)


def _step_s(clock: Any) -> int:
    return int(clock.rule.get("escalate_hours", ESCALATE_HOURS)) * HOUR_S


def _levels(clock: Any) -> int:
    return int(clock.rule.get("levels", LEVELS))

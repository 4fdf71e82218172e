"""When a person is reached beyond the inbox: topics, urgency, quiet hours, waits. All pure."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.kit import clock

DAY_MINUTES = 24 * 60
# 22:00 to 07:00 in Shanghai, for whoever chose nothing else.
QUIET = (22 * 60, 7 * 60)
# Staff are told of these at any hour.
URGENT = frozenset({"clock.overdue", "clock.escalated", "supervision.ordered"})
# More than this many that wait at once are told as one.
MANY = 3
# Before each attempt but the first; the last one is for all that follow.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))
# What is older than this is only in the inbox.
TOO_OLD = timedelta(hours=24)
# After so many attempts without an answer it may have gone as often: no more.
MOST_UNCLEAR = 2
# Whom WeChat refused so often in a row rests, whatever their mini-program says of grants.
FAILING_AFTER = 5
REST = timedelta(days=1)


class Topic(StrEnum):
    """What people choose by when they say what is to reach them."""

    REPORTS = "reports"
    WORK = "work"
    POINTS = "points"
    STORE = "store"
    OTHER = "other"


_TOPICS = {
    "report": Topic.REPORTS,
    **dict.fromkeys(("case", "approval", "clock", "supervision", "rule", "patrol", "group"),
                    Topic.WORK),
    **dict.fromkeys(("fund", "correction", "settlement"), Topic.WORK),
    **dict.fromkeys(("points", "award", "objection", "notice"), Topic.POINTS),
    **dict.fromkeys(("redemption", "item", "till", "household"), Topic.STORE),
}  # fmt: skip


def topic(kind: str) -> Topic:
    """The topic of a kind of message."""
    return _TOPICS.get(kind.partition(".")[0], Topic.OTHER)


def quiet_until(at: datetime, starts: int | None, ends: int | None) -> datetime | None:
    """The end of the quiet hours that an instant falls into, or None.

    `starts` and `ends` are minutes of the day in Shanghai; without them, and where they are the
    same, there is no quiet.
    """
    if starts is None or ends is None:
        return None
    local = at.astimezone(clock.SHANGHAI)
    since = (local.hour * 60 + local.minute - starts) % DAY_MINUTES
    left = (ends - starts) % DAY_MINUTES - since
    if left <= 0:
        return None
    minute = local.replace(second=0, microsecond=0)
    return (minute + timedelta(minutes=left)).astimezone(UTC)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts (1 or more)."""
    return WAITS[min(attempts, len(WAITS)) - 1]


def minutes(hour_minute: str) -> int:
    """The minute of the day that `22:00` is."""
    hour, _, minute = hour_minute.partition(":")
    return int(hour) * 60 + int(minute)


def written(minute: int) -> str:
    """A minute of the day as `22:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"

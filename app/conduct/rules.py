"""From history to trust, and what one day may hold; nothing here reads a database.

The thresholds are this service's own: no standard names any. Ten verified reports are what a rider
who reports once or twice a week brings together in two months; three untrue ones in thirty days are
no mistakes any more. Both windows are counted from the time of the report.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from app.conduct.schemas import Level
from app.kit.errors import Words

Lane = Literal["fast", "review"]

WINDOW = timedelta(days=180)
TRUSTED_VERIFIED = 10
# Of all that was judged; below this.
TRUSTED_FALSE_PERCENT = 5
WATCHED_WINDOW = timedelta(days=30)
WATCHED_FALSE = 3

REASONS = {
    "false_reports": Words("多次上报不实信息", "reports that were not true"),
    "flooding": Words("短时间内大量重复上报", "many reports in a short time"),
    "abuse": Words("上报内容含有辱骂或违法信息", "abusive or unlawful content"),
    "fraud": Words("涉嫌骗取积分", "suspected fraud for points"),
    "other": Words("其他原因", "another reason"),
}


@dataclass(frozen=True, slots=True)
class Caps:
    """What one person may send on one business day; None does not limit."""

    reports: int | None = None
    photo_bytes: int | None = None


NO_CAPS = Caps()


class Judged(NamedTuple):
    """One case that staff judged: when the person reported it, and whether it was true."""

    reported_at: datetime
    true: bool


class Verdict(NamedTuple):
    """What a history amounts to, and when that changes without anything happening."""

    verified: int
    false_reports: int
    level: Level
    renew_at: datetime | None


def verdict(history: Iterable[Judged], now: datetime) -> Verdict:
    """The standing (信用等级) that a history of judged cases gives at an instant."""
    counted = [judged for judged in history if judged.reported_at + WINDOW > now]
    verified = sum(judged.true for judged in counted)
    untrue = [judged.reported_at for judged in counted if not judged.true]
    lately = [at for at in untrue if at + WATCHED_WINDOW > now]
    ends = [judged.reported_at + WINDOW for judged in counted]
    ends += [at + WATCHED_WINDOW for at in lately]
    level: Level = "new"
    if len(lately) >= WATCHED_FALSE:
        level = "watched"
    elif verified >= TRUSTED_VERIFIED and (
        len(untrue) * 100 < TRUSTED_FALSE_PERCENT * len(counted)
    ):
        level = "trusted"
    return Verdict(verified, len(untrue), level, min(ends, default=None))


def lane(level: str | None, *, anonymous: bool) -> Lane | None:
    """How a new report's case starts: at once to filing, with a second look, or as any other.

    An anonymous report shows nothing good of whoever made it, so it has no fast lane; but to hide
    is no way around a second look.
    """
    if level == "watched":
        return "review"
    return "fast" if level == "trusted" and not anonymous else None

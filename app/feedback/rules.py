"""The rules of feedback: who rates until when, the arithmetic of figures, what templates may say.

Nothing here reads a database.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import get_args

from app.cases.workflow import OUTCOMES, REJECT_REASONS
from app.feedback.errors import (
    PeriodInvalid,
    PlaceholderUnknown,
    RatingWindowOver,
    ReasonUnknown,
)  # fmt: skip
from app.feedback.schemas import RatingReason
from app.kit import clock
from app.kit.errors import Words

MOST_DAYS = 400
GOOD_STARS = 4
REASONS: Mapping[str, Words] = {
    "slow": Words("处置慢", "slow"),
    "not_fixed": Words("没修好", "not fixed"),
    "attitude": Words("态度差", "unfriendly"),
    "fast": Words("处置快", "fast"),
    "good_work": Words("修得好", "good work"),
    "polite": Words("态度好", "friendly"),
}
assert set(REASONS) == set(get_args(RatingReason))
# What a template may be narrowed to; a move that is absent knows no reasons.
REASONS_OF_MOVES: Mapping[str, Mapping[str, Words]] = {"reject": REJECT_REASONS, "close": OUTCOMES}
_PLACEHOLDER = re.compile(r"\{(number|category|grid)\}")


def require_open_window(closed_at: datetime, now: datetime, window: timedelta) -> None:
    """Raises RatingWindowOver when more than `window` has passed since the closing."""
    if now - closed_at > window:
        raise RatingWindowOver


def period(first: date, last: date) -> tuple[datetime, datetime]:
    """The instants at which these business days (both counted) begin and are over.

    Raises PeriodInvalid when they are out of order, more than 400, or in no century of ours.
    """
    # The bounds keep a day's start inside the calendar of the machine.
    in_reach = first.year >= 2000 and last.year < 3000  # noqa: PLR2004
    if not in_reach or not 0 <= (last - first).days < MOST_DAYS:
        raise PeriodInvalid
    return clock.day_start(first), clock.day_start(last + timedelta(days=1))


def share(part: int, whole: int, scale: int) -> int | None:
    """`part / whole` in units of 1/scale, half up, in whole numbers; None of nothing."""
    return (2 * part * scale + whole) // (2 * whole) if whole else None


def require_placeholders(text: str) -> None:
    """Raises PlaceholderUnknown for any brace that is not part of a placeholder we fill."""
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise PlaceholderUnknown


def require_reason(move: str, reason: str | None) -> None:
    """Raises ReasonUnknown for a reason that the move does not know."""
    if reason is not None and reason not in REASONS_OF_MOVES.get(move, {}):
        raise ReasonUnknown


def fill(text: str, values: Mapping[str, str | None]) -> str | None:
    """The text with its placeholders filled in, or None when a value that it needs is absent."""
    if any(not values.get(name) for name in _PLACEHOLDER.findall(text)):
        return None
    # Once through: what was filled in is never looked at again.
    return _PLACEHOLDER.sub(lambda found: values[found[1]] or "", text)

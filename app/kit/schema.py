"""The base of every word at the edge: no unknown fields, instants with a zone, strict integers."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from app.kit.fields import Unfit


class Draft(BaseModel):
    """What a caller sends: unknown fields are refused, a number is never taken from a bool."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Out(BaseModel):
    """What we answer: built once, inside the unit that read it."""

    # Hidden, because an answer that fails to build would log somebody's data.
    model_config = ConfigDict(from_attributes=True, extra="forbid", hide_input_in_errors=True)

    # Fields that a stored answer must not hold; the endpoint's `replay` fills them again.
    not_stored: ClassVar[frozenset[str]] = frozenset()

    def response_headers(self) -> dict[str, str]:
        """Headers that belong to this answer, such as its ETag."""
        return {}


# C0 controls but tab and line feed, DEL, and lone surrogates (which no database stores).
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _no_control(text: str) -> str:
    if CONTROL.search(text):
        raise Unfit("不能有控制字符", "control characters are not text")
    return text


PlainText = Annotated[str, AfterValidator(_no_control)]
Name = Annotated[PlainText, StringConstraints(min_length=1, max_length=64)]
Note = Annotated[PlainText, StringConstraints(min_length=1, max_length=2000)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,40}$")]
Points = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
Fen = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000_000)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


# Beyond these a zone, or a day more, would fall off the calendar that the language knows.
_FIRST, _AFTER = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


def _in_our_time(at: datetime) -> datetime:
    if not _FIRST <= at < _AFTER:
        raise Unfit("时间应在 2000 至 2999 年", "an instant lies in the years 2000 to 2999")
    return at.astimezone(UTC)


def day_in_our_time(day: date) -> date:
    """A day of the years 2000 to 2999. Raises Unfit."""
    if not _FIRST.date() <= day < _AFTER.date():
        raise Unfit("日期应在 2000 至 2999 年", "a day lies in the years 2000 to 2999")
    return day


Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
Day = Annotated[date, AfterValidator(day_in_our_time)]

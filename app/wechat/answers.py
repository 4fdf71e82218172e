"""What WeChat answers, call by call: the shapes that it sends, and what we make of them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pydantic import Field
from typing_extensions import override

from app.wechat.line import Answer

PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True, slots=True)
class WechatIdentity:
    """Who WeChat says the user is; hidden from `repr`, so that no log line can tell."""

    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class WechatPhone:
    """A phone number without its country's code, and that code ("86"); hidden from `repr`."""

    number: str = field(repr=False)
    country: str = field(repr=False)


class Scene(StrEnum):
    """Where a text or picture is to appear; WeChat judges each by its own measure."""

    PROFILE = "1"
    COMMENT = "2"
    FORUM = "3"
    SOCIAL = "4"


class Suggestion(StrEnum):
    """What WeChat suggests to do with a text or picture."""

    PASS = "pass"  # noqa: S105 - a verdict
    REVIEW = "review"
    RISKY = "risky"


@dataclass(frozen=True, slots=True)
class Verdict:
    """WeChat's judgement; the label says of what kind the trouble is (100 is none)."""

    suggestion: Suggestion
    label: int


class Delivery(StrEnum):
    """What became of a message: it went, or its user does not want it (and it is given up)."""

    SENT = "sent"
    NOT_WANTED = "not_wanted"


class SessionAnswer(Answer):
    """The answer of code2Session; `session_key` is left out on purpose and never kept."""

    openid: str = ""
    unionid: str | None = None


class _Watermark(Answer):
    appid: str = ""


class _PhoneInfo(Answer):
    number: str = Field("", alias="purePhoneNumber")
    country: str = Field("", alias="countryCode", coerce_numbers_to_str=True)
    watermark: _Watermark = _Watermark()


class PhoneAnswer(Answer):
    phone_info: _PhoneInfo = _PhoneInfo()


class _Result(Answer):
    suggest: Suggestion
    label: int = 0


class CheckedAnswer(Answer):
    result: _Result | None = None


class TrackedAnswer(Answer):
    trace_id: str = ""


class PictureAnswer(Answer):
    """An image, or the error that came in its place."""

    image: bytes = b""

    @classmethod
    @override
    def read(cls, content: bytes) -> Self:
        if content.startswith(tuple(PICTURES)):
            return cls(image=content)
        return super().read(content)


def media_type(picture: bytes) -> str:
    """What a picture of WeChat's is; it may give either kind."""
    return next(kind for start, kind in PICTURES.items() if picture.startswith(start))

"""The words of messages at the edge: the inbox, grants of WeChat's, and how one is reached."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.schema import Draft, Instant, Out

TemplateId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
HourMinute = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class MessageOut(Out):
    id: UUID
    kind: str = Field(examples=["report.closed"])
    subject: str = Field(description="What it is about, such as a case number")
    title: str
    text: str
    created_at: Instant
    read_at: Instant | None


class GrantAnswer(StrEnum):
    """What `wx.requestSubscribeMessage` says of a template."""

    ACCEPT = "accept"
    REJECT = "reject"
    BAN = "ban"
    FILTER = "filter"


class SubscriptionsDraft(Draft):
    results: dict[TemplateId, GrantAnswer] = Field(
        min_length=1,
        max_length=20,
        description="What `wx.requestSubscribeMessage` gave, without `errMsg`;"
        " templates that are no longer used are passed over",
        examples=[{"pZ8x-closed": "accept"}],
    )


class SubscriptionOut(Out):
    template_id: str
    kinds: list[str] = Field(description="What it brings", examples=[["report.closed"]])
    left: int = Field(description="How many messages WeChat may still bring")
    answer: GrantAnswer | None = Field(description="What was said when last asked; null: never")


class SubscriptionsOut(Out):
    items: list[SubscriptionOut] = Field(
        description="The templates to ask for with `wx.requestSubscribeMessage` at the next tap,"
        " those with the fewest messages left first"
    )


class Topics(Draft):
    """What WeChat may bring: news of one's reports, of one's work, of points, of the store."""

    reports: bool
    work: bool
    points: bool
    store: bool
    other: bool


class QuietHours(Draft):
    """Hours of Shanghai, also across midnight; whatever comes in them waits for their end."""

    starts: HourMinute = Field(examples=["22:00"])
    ends: HourMinute = Field(examples=["07:00"])


class PreferencesDraft(Draft):
    wechat: Topics
    quiet: QuietHours | None = Field(description="null: no quiet hours")
    digest: bool = Field(description="Whether many messages at once come as one")
    language: Literal["zh", "en"]


class PreferencesOut(Out):
    wechat: Topics
    quiet: QuietHours | None
    digest: bool
    language: Literal["zh", "en"]

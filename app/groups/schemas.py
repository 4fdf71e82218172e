"""The words of groups at the edge; a robot's address comes in and never goes out."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from app.kit.fields import Unfit
from app.kit.schema import Code, Draft, Instant, Name, Out, PlainText

# The one host and path, without port, user, further parameters or another spelling of them.
WEBHOOK = re.compile(
    r"https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key="
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
)


def _is_webhook(address: SecretStr) -> SecretStr:
    if not WEBHOOK.fullmatch(address.get_secret_value()):
        raise Unfit("不是企业微信机器人的地址", "not the address of a WeCom robot")
    return address


Webhook = Annotated[SecretStr, AfterValidator(_is_webhook)]
NoticeText = Annotated[PlainText, StringConstraints(min_length=1, max_length=500)]


def key_of(webhook: SecretStr) -> str:
    """The key in a robot's address."""
    return webhook.get_secret_value().rpartition("=")[2]


class GroupDraft(Draft):
    name: Name = Field(examples=["莲花社区第一网格群"])
    members: int = Field(strict=True, ge=0, le=100_000)
    grid_codes: list[Code] = Field(min_length=1, max_length=200)
    webhook: Webhook | None = Field(
        None,
        description="The robot's whole address; when absent the robot stays, null removes it",
    )
    active: bool = Field(default=True, strict=True)


class NoticeDraft(Draft):
    text: NoticeText = Field(examples=["今晚 23 点至次日 6 点停水检修，请提前储水"])


class RegionNoticeDraft(NoticeDraft):
    region_code: Code = Field(description="A region: every group of a grid in its whole subtree")


class GroupGridOut(Out):
    code: str
    name: str


class GroupOut(Out):
    id: UUID
    name: str
    region_code: str = Field(description="The smallest region that holds all its grids")
    members: int
    grids: list[GroupGridOut]
    robot: bool = Field(description="Whether it has a robot; the address is never told")
    active: bool
    waiting: int = Field(description="Messages that the robot has still to say")
    failed: int = Field(description="Messages that it could not say")
    created_at: Instant
    updated_at: Instant


class NoticeOut(Out):
    id: UUID
    text: str
    state: Literal["waiting", "sent", "failed"]
    created_at: Instant


class RegionNoticeOut(Out):
    id: UUID
    region_code: str
    text: str
    groups: int = Field(description="Groups whose robots will say it within minutes")
    silent: int = Field(description="Groups that are inactive or have no robot")
    created_at: Instant

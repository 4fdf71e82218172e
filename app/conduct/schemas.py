"""The words of conduct at the edge."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from pydantic import Field

from app.conduct.models import LEVELS, REASONS
from app.kit.schema import Code, Draft, Instant, Note, Out

Level = Literal["new", "trusted", "watched"]
Reason = Literal["false_reports", "flooding", "abuse", "fraud", "other"]


class BlockDraft(Draft):
    member_no: Code = Field(description="Whose reporting is paused", examples=["1000000017"])
    region_code: Code = Field(description="The district that decides", examples=["500152000000"])
    reason: Reason
    note: Note = Field(description="Told to the person", examples=["三次上报的问题现场均不存在"])
    until: Instant | None = Field(None, description="When it ends by itself; null: when lifted")


class BlockOut(Out):
    id: UUID
    member_no: str
    name: str = Field(description="Masked", examples=["刘*"])
    region_code: str
    reason: Reason
    note: str
    created_at: Instant = Field(description="From when it holds")
    until: Instant | None
    active: bool
    created_by: str = Field(description="By display name")
    lifted_by: str | None
    lifted_at: Instant | None


class OwnBlock(Out):
    """A block as the blocked person reads it."""

    reason: Reason
    reason_text: str
    reason_text_en: str
    note: str
    created_at: datetime
    until: Instant | None = Field(description="Null: until it is lifted")


class OwnStanding(Out):
    level: Level = Field(description="`trusted`: staff may file one's reports at once")
    verified: int = Field(description="One's reports of 180 days that were found true")
    false_reports: int = Field(description="And those that were found untrue")
    block: OwnBlock | None = Field(description="While one's reporting is paused")


class StandingOut(Out):
    member_no: str
    name: str = Field(description="Masked", examples=["刘*"])
    level: Level
    verified: int
    false_reports: int
    counted_at: Instant


assert get_args(Level) == LEVELS
assert get_args(Reason) == REASONS

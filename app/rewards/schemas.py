"""The words of rewards at the edge."""

from uuid import UUID

from pydantic import Field

from app.kit.schema import Instant, Out


class RuleOut(Out):
    code: str = Field(examples=["report_fixed"])
    version: int
    event: str
    name: str
    name_en: str
    points: int
    day_cap: int
    month_cap: int
    validity_days: int | None
    effective_from: Instant


class RuleList(Out):
    items: list[RuleOut]


class AwardOut(Out):
    id: UUID
    event: str
    source: str = Field(description="The case's number")
    rule: str = Field(description="Code and version of the rule", examples=["report_fixed/1"])
    asked: int = Field(description="What the rule gives")
    points: int = Field(description="What was granted after caps")
    state: str = Field(description="granted, capped, waiting (for the fund), settled, voided")
    reason: str
    created_at: Instant

"""The words of content safety at the edge; only reviewers read them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit.schema import Draft, Instant, Note, Out

HoldState = Literal["held", "hidden", "passed"]
Why = Literal["pass", "manual", "review", "risky", "failed", "away", "late", "hide"]


class HoldBrief(Out):
    id: UUID = Field(description="Of the photo, or of the report whose words it is about")
    kind: Literal["text", "photo"]
    state: Literal["passed", "waiting", "held", "hidden"]
    why: Why | None = Field(
        description="What WeChat said (`pass`, `review`, `risky`, `failed`), or why nothing:"
        " `manual` by setting, `away` no user of the last two hours, `late` no word in 35 minutes"
    )
    case_id: UUID
    case_number: str = Field(examples=["500152-20261121-0001"])
    region_code: str
    created_at: Instant
    updated_at: Instant


class FindingOut(Out):
    source: Literal["wechat", "service", "person"]
    finding: str
    label: int | None = Field(description="WeChat's kind of trouble; 100 is none")
    by: str | None = Field(description="By display name")
    note: str | None
    created_at: Instant


class HoldOut(HoldBrief):
    """With what it is about, unless that is hidden: then it is evidence."""

    description: str | None
    address: str | None
    photo: str | None = Field(description="Signed, expires; longest side 1600 px")
    findings: list[FindingOut] = Field(description="The oldest first")


class EvidenceOut(Out):
    description: str | None
    address: str | None
    photo: str | None = Field(description="Signed, expires; longest side 1600 px")


class HoldDecisionDraft(Draft):
    decision: Literal["pass", "hide"]
    note: Note = Field(examples=["含他人身份证号码"])

"""The words of approvals at the edge."""

from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field

from app.approvals.models import KINDS, STATES
from app.kit.schema import Day, Draft, Instant, Note, Out

Kind = Literal["extension", "suspension", "reopening", "appeal"]
State = Literal["pending", "granted", "refused", "withdrawn"]
Hours = Annotated[int, Field(strict=True, ge=1, le=720, examples=[24])]


class ExtensionDraft(Draft):
    hours: Hours = Field(description="More time, in the clock's own mode")
    text: Note = Field(description="Why", examples=["配件须从外地调运"])


class SuspensionDraft(Draft):
    review_on: Day = Field(description="A business day, Asia/Shanghai", examples=["2026-12-01"])
    text: Note = Field(description="Why", examples=["须待汛期结束"])


class RequestDraft(Draft):
    text: Note = Field(description="Why", examples=["井盖又松动了"])


class DecisionDraft(Draft):
    granted: Annotated[bool, Field(strict=True)]
    answer: Note = Field(description="Read by whoever asked")


class RequestOut(Out):
    """What a reporter asked for, as they see it."""

    id: UUID
    report_id: UUID
    kind: Kind
    state: State
    text: str
    asked_at: Instant
    decided_at: Instant | None
    answer: str | None


class ApprovalOut(Out):
    id: UUID
    kind: Kind = Field(description="延期, 挂账, 重新办理, 申诉")
    state: State
    case_id: UUID
    case_number: str
    case_status: str
    region_code: str
    text: str
    hours: int | None = Field(description="Of an extension")
    review_on: Day | None = Field(description="Of a suspension")
    asked_by: str | None = Field(description="By display name; null is a reporter, who is unnamed")
    asked_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    answer: str | None
    may_decide: bool = Field(description="Whether this caller may decide on it now")


assert set(get_args(Kind)) == set(KINDS)
assert set(get_args(State)) == set(STATES)

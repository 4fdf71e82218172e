"""The words of supervision at the edge."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.clocks.schemas import Kind
from app.kit.schema import Draft, Instant, Note, Out

State = Literal["open", "answered"]


class SupervisionDraft(Draft):
    text: Note = Field(examples=["请于今日内派人现场防护并书面回复"])
    due_hours: Annotated[int, Field(strict=True, ge=1, le=720)] = Field(
        description="Hours by the clock until the answer is due", examples=[24]
    )


class AnswerDraft(Draft):
    text: Note


class SupervisionOut(Out):
    id: UUID
    number: str = Field(examples=["DB-500152-2026-0001"])
    case_id: UUID
    case_number: str
    region_code: str
    state: State
    text: str
    due_at: Instant
    overdue: bool = Field(description="Due, and not answered")
    ordered_by: str = Field(description="By display name")
    ordered_at: Instant
    answered_by: str | None
    answered_at: Instant | None
    answer: str | None


class EscalationOut(Out):
    clock: Kind
    level: int = Field(description="Steps of this clock, from 1 when it was overdue")
    region_code: str = Field(description="Whose heads were told")
    region_name: str
    told: list[str] = Field(description="By display name; empty where the region has no head")
    created_at: Instant


class EscalationList(Out):
    items: list[EscalationOut]

"""The words of cases at the edge."""

from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import override

from app.cases.models import OUTCOMES, STATUSES
from app.kit.fields import each_once
from app.kit.schema import Code, Day, Draft, Instant, Note, Out
from app.media.schemas import PhotoOut, PlaceOut
from app.reports.schemas import PlaceDraft

Status = Literal[
    "reported", "verifying", "filed", "dispatched", "in_progress", "resolved",
    "closed", "rejected", "merged", "suspended", "withdrawn",
]  # fmt: skip
MoveName = Literal[
    "verify", "file", "reject", "withdraw", "dispatch", "accept", "return", "resolve", "close",
    "rework", "make_safe", "escalate", "recall", "hand_down", "correct", "merge", "unmerge",
    "suspend", "resume",
]  # fmt: skip
Outcome = Literal["fixed", "no_action_needed", "not_responsible", "unable", "referred"]
Reason = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Number = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,40}$", examples=["500152-20261121-0001"])]


class CaseMoveDraft(Draft):
    """A move; which fields it needs stands in the case's `moves`."""

    move: MoveName
    category_code: Code | None = Field(None, examples=["C0101"])
    answers: dict[Code, str | int | float | bool] | None = Field(
        None, max_length=20, description="To the category's extra questions"
    )
    assignee_id: UUID | None = None
    unit_code: Code | None = Field(None, description="Instead of a person: one of its people signs")
    reason_code: Reason | None = None
    proposed_id: UUID | None = Field(None, description="Whom the one who returns it proposes")
    proposed_unit: Code | None = None
    place: PlaceDraft | None = Field(None, description="Where it really is")
    region_code: Code | None = Field(None, description="Region of a correction, or level below")
    into: Number | None = Field(None, description="Number of the case that this one is merged into")
    review_on: Day | None = Field(None, examples=["2026-12-01"])
    outcome: Outcome | None = None
    photo_ids: list[UUID] = Field(default=[], max_length=9, description="After-photos, own, unused")
    note: Note | None = Field(None, description="For staff")
    public_note: Note | None = Field(None, description="For the reporter")

    @model_validator(mode="after")
    def names_photos_once(self) -> Self:
        """Each photo is named once."""
        each_once(self.photo_ids, "照片", "a photo")
        return self


class WithdrawDraft(Draft):
    note: Note | None = None


class NoteDraft(Draft):
    text: Note


class ChoiceOfReason(Out):
    code: str
    label: str
    label_en: str


class MoveOffer(Out):
    move: MoveName
    label: str = Field(examples=["立案"])
    label_en: str
    to: Status = Field(description="The status after it; the same one when only facts change")
    required: list[str] = Field(examples=[["category_code"]])
    one_of: list[str] = Field(description="Exactly one of these is needed too")
    optional: list[str]
    reasons: list[ChoiceOfReason] = Field(description="For `reason_code`, when it is required")


class AssigneeOut(Out):
    id: UUID
    name: str
    role: str
    region_code: str
    proposed: bool = Field(description="Routing would ask this person now")


class AssigneeList(Out):
    unit_code: str | None = Field(description="The unit that routing would ask now")
    items: list[AssigneeOut] = Field(description="The proposed first, then the nearest post")


class CaseBrief(Out):
    id: UUID
    number: str = Field(examples=["500152-20261121-0001"])
    version: int
    status: Status
    region_code: str
    grid_code: str | None
    grid_name: str | None
    category_code: str | None
    net_code: str | None
    source: Literal["report", "patrol", "split"]
    level_code: str | None = Field(description="Region whose level handles it; null: its own")
    hazard: bool
    description: str
    address: str | None
    place: PlaceOut | None
    assignee_id: UUID | None
    unit_code: str | None
    parent_id: UUID | None
    merged_into: UUID | None
    outcome: Outcome | None
    rework: int
    returns: int
    suspected: bool = Field(description="A photo was seen before: look at the suspicions")
    lane: Literal["fast", "review"] | None = Field(
        description="By the reporter's standing: filed at once, or with a second look (review)"
    )
    supervised: bool = Field(description="An order (督办) waits for its answer")
    overdue: bool
    due_at: Instant | None = Field(description="The earliest deadline that is running")
    accept_due_at: Instant
    safe_due_at: Instant | None
    handle_due_at: Instant | None
    check_due_at: Instant | None
    made_safe_at: Instant | None
    review_at: Instant | None = Field(description="Until when it is suspended")
    created_at: Instant
    updated_at: Instant
    moves: list[MoveOffer] = Field(description="What this caller may do now, and what each needs")


class CaseOut(CaseBrief):
    routing: dict[str, Any] = Field(description="Why this grid and this post")
    clock_rule: dict[str, Any] = Field(description="The clock as frozen at dispatch")
    answers: dict[str, Any] | None = Field(description="To the category's extra questions")
    reports: int = Field(description="How many reports stand behind the case")
    photos: list[PhotoOut] = Field(description="Before, from the reports")
    after_photos: list[PhotoOut]

    @override
    def response_headers(self) -> dict[str, str]:
        return {"ETag": f'"{self.version}"'}


class CaseEventOut(Out):
    at: Instant
    position: int = Field(description="Without gaps, from 1")
    kind: str = Field(examples=["move", "note", "overdue", "rating"])
    version: int | None = Field(description="The case's version after a move")
    move: str | None
    from_status: str | None
    to_status: str | None
    actor: str | None = Field(description="Who, by display name; null is the service itself")
    note: str | None
    public_note: str | None
    data: dict[str, Any]
    hash: str = Field(description="SHA-256 over this entry and the hash of the one before")


class CaseEventList(Out):
    items: list[CaseEventOut]


assert set(get_args(Status)) == set(STATUSES)
assert set(get_args(Outcome)) == set(OUTCOMES)

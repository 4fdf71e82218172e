"""The words of the staff's desk at the edge."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from app.cases.schemas import Status
from app.kit.fields import Unfit, each_once
from app.kit.schema import Code, Draft, Name, Note, Out, PlainText

MOST_DISPATCHED = 50
MOST_COUNTED = 1_000
Words = Annotated[PlainText, StringConstraints(min_length=1, max_length=100)]


class CountersOut(Out):
    """How much waits. None counts further than `counted_to`: that figure means so many or more."""

    counted_to: int = Field(description="Where every counter stops", examples=[MOST_COUNTED])
    to_verify: int = Field(description="Reported, or being verified")
    to_dispatch: int = Field(description="Filed: somebody must be sent")
    to_sign: int = Field(description="Dispatched, not accepted yet")
    in_progress: int
    to_check: int = Field(description="Resolved, not checked yet")
    suspended: int
    due_soon: int = Field(description="Warned of, and not overdue yet")
    overdue: int
    mine: int = Field(description="Open, given to me or to a unit of mine, in whichever region")
    suspected: int = Field(description="Open, and a photo was seen before")
    supervised: int = Field(description="Open, and an order (督办) waits for its answer")


class DispatchItem(Draft):
    case_id: UUID
    version: Annotated[int, Field(strict=True, ge=1, description="The version that was read")]


class DispatchDraft(Draft):
    """Cases that are all given to one person, or to one unit."""

    items: list[DispatchItem] = Field(min_length=1, max_length=MOST_DISPATCHED)
    assignee_id: UUID | None = None
    unit_code: Code | None = Field(None, description="Instead of a person")
    note: Note | None = Field(None, description="For staff")
    public_note: Note | None = Field(None, description="For the reporters")

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """Either a person or a unit, and each case once."""
        if (self.assignee_id is None) == (self.unit_code is None):
            raise Unfit(
                "assignee_id 和 unit_code 要填且只填一个",
                "either assignee_id or unit_code is needed",
            )
        each_once((item.case_id for item in self.items), "案件", "a case")
        return self


class DispatchedOut(Out):
    case_id: UUID
    ok: bool
    version: int | None = Field(description="The new version; null when it was refused")
    code: str | None = Field(description="Why it was refused", examples=["stale_version"])
    title: str | None
    title_en: str | None


class DispatchOut(Out):
    dispatched: int
    items: list[DispatchedOut] = Field(description="In the order in which they were sent")


class FiltersOut(Out):
    """How the staff queue is narrowed, in the words of its query."""

    status: list[Status] = Field(description="Any of these; of any status when empty")
    region: str | None
    category: str | None
    net: str | None
    mine: bool
    overdue: bool
    due_soon: bool
    open: bool
    suspected: bool
    supervised: bool
    q: str | None


def _several(status: Any) -> Any:
    """One word or null, as filters were saved before a case could be in any of several."""
    if status is None:
        return []
    return [status] if isinstance(status, str) else status


class FiltersDraft(Draft):
    status: Annotated[list[Status], BeforeValidator(_several)] = Field([], max_length=11)
    region: Code | None = Field(None, description="Code; its whole subtree")
    category: Code | None = None
    net: Code | None = Field(None, description="Of this net (四网)")
    mine: bool = Field(default=False, strict=True)
    overdue: bool = Field(default=False, strict=True)
    due_soon: bool = Field(default=False, strict=True)
    open: bool = Field(default=False, strict=True)
    suspected: bool = Field(default=False, strict=True)
    supervised: bool = Field(default=False, strict=True)
    q: Words | None = Field(None, description="Words in number and text")


class SavedFilterDraft(Draft):
    filters: FiltersDraft
    position: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = Field(
        None, description="Its place in the list; at the end when absent"
    )


class SavedFilterOut(Out):
    name: Name
    position: int
    filters: FiltersOut


class SavedFilterList(Out):
    items: list[SavedFilterOut]

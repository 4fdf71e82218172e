"""The words of redemptions at the edge."""

from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.kit.fields import each_once
from app.kit.schema import Code, Draft, Instant, Out

State = Literal["held", "fulfilled", "cancelled", "expired", "refunded"]


class LineDraft(Draft):
    item_id: UUID
    quantity: int = Field(strict=True, ge=1, le=99)


class RedemptionDraft(Draft):
    station_id: Code = Field(examples=["TN001"])
    lines: list[LineDraft] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def names_items_once(self) -> Self:
        """Each item stands in one line."""
        each_once((line.item_id for line in self.lines), "商品", "an item")
        return self


class FulfilDraft(Draft):
    code: Annotated[str, StringConstraints(min_length=6, max_length=40)] = Field(
        description="As shown or scanned; dashes and case do not matter", examples=["7K3M9-QXAB2"]
    )


class LineOut(Out):
    item_id: UUID
    name: str
    quantity: int
    points_each: int


class RedemptionOut(Out):
    # The code can be made again from the id; it is never kept.
    not_stored: ClassVar[frozenset[str]] = frozenset({"code"})

    id: UUID
    station_id: str
    station_name: str
    state: State
    points: int
    lines: list[LineOut]
    code: str | None = Field(default=None, description="While held, and for its owner only")
    created_at: Instant
    expires_at: Instant
    resolved_at: Instant | None

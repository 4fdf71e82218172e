"""The words of the points store at the edge."""

from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.kit.schema import Code, Draft, Instant, Out
from app.media.schemas import PlaceOut

State = Literal["held", "fulfilled", "cancelled", "expired"]


class StationOut(Out):
    id: str = Field(examples=["TN001"])
    name: str
    kind: str
    region_code: str
    place: PlaceOut = Field(description="WGS-84")
    hours: list[str] = Field(examples=[["08:30-12:00", "14:00-20:30"]])
    services: list[str]
    open_now: bool
    distance_m: float | None = Field(description="From the place that was asked about")


class StationList(Out):
    items: list[StationOut]


class ItemOut(Out):
    id: UUID
    code: str
    name: str
    name_en: str
    points: int
    available: int = Field(description="Pieces at the station that nobody has reserved")


class ItemList(Out):
    items: list[ItemOut]


class LineDraft(Draft):
    item_id: UUID
    quantity: int = Field(strict=True, ge=1, le=99)


class RedemptionDraft(Draft):
    station_id: Code = Field(examples=["TN001"])
    lines: list[LineDraft] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def names_items_once(self) -> Self:
        """Each item stands in one line."""
        if len({line.item_id for line in self.lines}) != len(self.lines):
            raise ValueError("an item is named twice")
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

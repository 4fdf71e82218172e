"""The words of reports at the edge."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.kit.fields import Unfit, each_once
from app.kit.schema import Code, Draft, Instant, Latitude, Longitude, Name, Note, Out, PlainText
from app.media.schemas import PhotoOut, PlaceOut
from app.reports.models import ReportStatus

Content = Literal["shown", "checking", "hidden"]
Address = Annotated[PlainText, Field(min_length=2, max_length=200)]


class PlaceDraft(Draft):
    lat: Latitude = Field(strict=True, examples=[30.202772])
    lng: Longitude = Field(strict=True, examples=[105.84464])
    crs: Literal["wgs84", "gcj02"] = Field(description="The system of the pair; no default")
    accuracy_m: float | None = Field(None, strict=True, ge=0, le=100_000, allow_inf_nan=False)
    source: Literal["gps", "map", "exif"] = "gps"


class ReportDraft(Draft):
    description: Note = Field(examples=["人行道上的井盖破损，一踩就晃，很危险"])
    category: Code | None = Field(None, description="A plain choice's code", examples=["manhole"])
    photo_ids: list[UUID] = Field(min_length=1, max_length=9, description="Own, unused photos")
    place: PlaceDraft | None = None
    address: Address | None = Field(None, examples=["隆鑫商圈东门外人行道"])
    region_code: Code | None = Field(None, description="A region to choose when there is no GPS")
    anonymous: bool = Field(default=False, strict=True)
    joins: Code | None = Field(
        None, description="Number of the case that this is; joined when it may be, never refused",
        examples=["500152-20261121-0001"],
    )  # fmt: skip

    @model_validator(mode="after")
    def is_somewhere(self) -> Self:
        """A report is somewhere, and shows each photo once."""
        if self.place is None and self.address is None:
            raise Unfit("位置和地址至少填一个", "place or address is needed")
        each_once(self.photo_ids, "照片", "a photo")
        return self


class ReportOut(Out):
    id: UUID
    status: ReportStatus
    case_number: str | None = Field(description="Once routed", examples=["500152-20261121-0001"])
    grid_code: str | None
    grid_name: Name | None
    description: str
    category: str | None
    place: PlaceOut | None = Field(description="WGS-84")
    address: str | None
    anonymous: bool
    outcome: str | None = Field(description="How a closed case ended; closed is not always fixed")
    public_note: str | None = Field(description="The last word of staff to the reporter")
    photos: list[PhotoOut]
    content: Content = Field(
        description="Whether others may see it; `checking`: it is being looked at (内容审核中)"
    )
    created_at: Instant
    updated_at: Instant

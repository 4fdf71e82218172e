"""The words of photos at the edge."""

from uuid import UUID

from pydantic import Field

from app.kit.schema import Instant, Out


class PlaceOut(Out):
    lat: float
    lng: float


class PhotoUrls(Out):
    thumb: str = Field(description="Signed, expires; longest side 480 px")
    display: str = Field(description="Signed, expires; longest side 1600 px")


class PhotoOut(Out):
    id: UUID
    width: int
    height: int
    taken_at: Instant | None = Field(description="From the photo itself, when it says so")
    place: PlaceOut | None = Field(description="WGS-84, from the photo itself; phones strip it")
    urls: PhotoUrls

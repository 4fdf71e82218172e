"""The words of stations and their keepers at the edge."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.grids.schemas import Crs
from app.kit.schema import Code, Draft, Instant, Latitude, Longitude, Name, Out
from app.media.schemas import PlaceOut

_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
Span = Annotated[str, StringConstraints(pattern=f"^{_TIME}-({_TIME}|24:00)$")]


class StationOut(Out):
    id: str = Field(examples=["TN001"])
    name: str
    kind: str
    region_code: str
    place: PlaceOut = Field(description="WGS-84")
    hours: list[str] = Field(examples=[["08:30-12:00", "14:00-20:30"]])
    services: list[str]
    open: bool = Field(description="False: closed for good")
    open_now: bool
    distance_m: float | None = Field(description="From the place that was asked about")


class StationList(Out):
    items: list[StationOut]


class StationDraft(Draft):
    """A station as it is to be; its keepers and its shelf stay as they are."""

    name: Name
    kind: Code = Field(examples=["central"])
    region_code: Code
    lat: Latitude
    lng: Longitude
    crs: Crs
    hours: list[Span] = Field(max_length=7, examples=[["08:30-12:00", "14:00-20:30"]])
    services: list[Name] = Field(max_length=40)
    open: bool = Field(default=True, strict=True, description="False: closed for good")


class KeeperOut(Out):
    person_id: UUID
    name: str
    since: Instant


class KeeperList(Out):
    items: list[KeeperOut]

"""The words of grids at the edge."""

from typing import Literal

from pydantic import Field

from app.kit.schema import Out

Crs = Literal["wgs84", "gcj02"]


class CandidateOut(Out):
    code: str = Field(examples=["500152001001004"])
    name: str
    distance_m: float = Field(description="Metres from the point; 0 for a grid that contains it")


class LocationOut(Out):
    grid: str | None = Field(description="Code of the grid that owns the spot; null outside")
    name: str | None
    on_border: bool = Field(description="On a shared border: the smallest code was taken")
    border_m: float | None = Field(description="Metres to the nearest grid border")
    candidates: list[CandidateOut] = Field(description="Grids within the accuracy circle")


class GridOut(Out):
    code: str
    name: str
    parent_code: str | None
    net: int | None = Field(description="Running number in the district")

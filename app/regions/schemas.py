"""The words of the region tree at the edge."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.kit.schema import Code, Draft, Name, Out


@dataclass(frozen=True)
class RegionDraft:
    """A region as an import file names it."""

    code: str
    name: str
    official_name: str
    level: int
    kind: str
    parent: str | None


class RegionOut(Out):
    code: str = Field(examples=["500152001001"])
    parent_code: str | None
    level: int = Field(description="0 district, 1 street or town, 2 community or village, 3 grid")
    kind: str
    name: str = Field(examples=["莲花社区"])


class RegionList(Out):
    items: list[RegionOut]


class GroupingDraft(Draft):
    name: Name = Field(examples=["莲花联村"])
    kind: Literal["joint_villages", "other"] = Field(description="joint_villages 联村")
    district: Code = Field(examples=["500152000000"])
    region_codes: Annotated[list[Code], Field(min_length=1, max_length=100)]


class GroupingOut(Out):
    code: str = Field(examples=["LC01"])
    name: str
    kind: str
    district: str
    region_codes: list[str]


class GroupingList(Out):
    items: list[GroupingOut]

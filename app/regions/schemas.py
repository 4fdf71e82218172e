"""The words of the region tree at the edge."""

from dataclasses import dataclass

from pydantic import Field

from app.kit.schema import Out


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

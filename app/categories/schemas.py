"""The words of categories at the edge."""

from pydantic import Field

from app.kit.schema import Out


class CategoryOut(Out):
    code: str = Field(examples=["C0101"])
    parent_code: str | None
    national_code: str = Field(examples=["0101"])
    kind: str = Field(description="component 部件 or event 事件")
    name: str = Field(examples=["上水井盖"])
    name_en: str
    hazard: bool = Field(description="Dangerous by its nature: fast lane, short clock")
    due_hours: int = Field(description="Continuous hours from dispatch to the repair")


class ChoiceOut(Out):
    code: str = Field(examples=["manhole"])
    name: str = Field(examples=["井盖问题"])
    name_en: str
    category_code: str = Field(description="What staff are offered first when filing")


class CategoryList(Out):
    choices: list[ChoiceOut] = Field(description="What a reporter chooses from")
    categories: list[CategoryOut] = Field(description="What staff file under")

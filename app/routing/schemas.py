"""The words of routing: a spot, a decision, and rules at the edge."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.grids.schemas import Crs
from app.kit.fields import Unfit, each_once
from app.kit.schema import Code, Draft, Instant, Latitude, Longitude, Name, Note, Out

Source = Literal["report", "patrol", "split"]
Weekday = Annotated[int, Field(strict=True, ge=1, le=7)]
Starts = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Ends = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
MOST_RULES = 200
MOST_TOLD = 20


@dataclass(frozen=True)
class Spot:
    """What is known of something that needs an owner: WGS-84 degrees, accuracy in metres.

    `region_code` is what the reporter chose; it counts where no grid owns the spot. `level_code`
    is the region on the path whose level has it already; None leaves that to the category.
    """

    lat: float | None
    lng: float | None
    accuracy_m: float | None
    region_code: str | None
    category_code: str | None
    net_code: str | None
    source: Source
    level_code: str | None = None


@dataclass(frozen=True)
class Decision:
    """Where it belongs, who could be given it now (best first), and the explanation to store.

    `level_code` is the region above whose level handles it (分级办理); None is the region's own.
    """

    region_code: str
    path: str
    grid_code: str | None
    net_code: str | None
    level_code: str | None
    post_code: str | None
    unit_code: str | None
    person_ids: tuple[UUID, ...]
    explained: dict[str, Any]

    @property
    def told(self) -> tuple[UUID, ...]:
        """Who hears of it at once: everyone of a unit who is on duty, else the best one alone."""
        return self.person_ids[: MOST_TOLD if self.unit_code else 1]


class RoutingRuleDraft(Draft):
    name: Name = Field(examples=["农作物病虫害归镇农服中心"])
    category_code: Code | None = Field(None, description="A 大类 holds for its 小类 too")
    net_code: Code | None = None
    region_code: Code | None = Field(None, description="With all that lies below it")
    source: Source | None = None
    weekdays: list[Weekday] = Field(
        default=[], max_length=7, description="1 Monday .. 7 Sunday; empty is every day"
    )
    starts: Starts | None = Field(None, description="Asia/Shanghai", examples=["18:00"])
    ends: Ends | None = Field(None, description="At or before `starts`: on the next day")
    post_code: Code | None = Field(None, description="Either a post or a unit")
    unit_code: Code | None = None

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """One target, both hours or none, each weekday once."""
        if (self.post_code is None) == (self.unit_code is None):
            raise Unfit(
                "post_code 和 unit_code 要填且只填一个", "either post_code or unit_code is needed"
            )
        if (self.starts is None) != (self.ends is None):
            raise Unfit("开始和结束时间要一起填", "starts and ends belong together")
        each_once(self.weekdays, "星期", "a weekday")
        return self


Rules = Annotated[
    list[RoutingRuleDraft], Field(max_length=MOST_RULES, description="In their order")
]


class RuleSetDraft(Draft):
    region_code: Code = Field(description="The district", examples=["500152000000"])
    note: Note | None = None
    rules: Rules


class RoutingRuleOut(Out):
    position: int
    name: str
    category_code: str | None
    net_code: str | None
    region_code: str | None
    source: Source | None
    weekdays: list[int]
    starts: str | None
    ends: str | None
    post_code: str | None
    unit_code: str | None


class RuleFindingOut(Out):
    position: int
    kind: Literal["points_at_nobody", "never_reached"]
    by: int | None = Field(description="The earlier rule that always comes first")
    zh: str
    en: str


class RuleSetOut(Out):
    region_code: str
    version: int = Field(description="0 before the first is published")
    note: str | None
    published_by: str | None
    published_at: Instant | None
    rules: list[RoutingRuleOut]
    findings: list[RuleFindingOut] = Field(
        description="What is wrong with them as posts are held now"
    )


class TrialPlace(Draft):
    lat: Latitude = Field(strict=True, examples=[30.202772])
    lng: Longitude = Field(strict=True, examples=[105.84464])
    crs: Crs = Field(description="The system of the pair; no default")
    accuracy_m: float | None = Field(None, strict=True, ge=0, le=100_000, allow_inf_nan=False)


class TrialDraft(Draft):
    place: TrialPlace | None = None
    region_code: Code | None = None
    category_code: Code | None = None
    net_code: Code | None = None
    source: Source = "report"
    at: Instant | None = Field(None, description="Now when absent")
    rules: Rules | None = Field(None, description="Rules to try instead of the published ones")

    @model_validator(mode="after")
    def is_somewhere(self) -> Self:
        """A trial is somewhere: nobody tries the first district by chance."""
        if self.place is None and self.region_code is None:
            raise Unfit("位置和区域代码至少填一个", "place or region_code is needed")
        return self


class TrialPersonOut(Out):
    id: UUID
    name: str


class TrialOut(Out):
    region_code: str
    grid_code: str | None
    net_code: str | None
    level_code: str | None
    post_code: str | None
    unit_code: str | None
    people: list[TrialPersonOut] = Field(description="Who could be given it, best first")
    explained: dict[str, Any]


class TargetOut(Out):
    post: str | None = Field(None, description="None where a role stands in for a post")
    role: str
    region_code: str


class NearGridOut(Out):
    code: str
    distance_m: float


class StepOut(Out):
    rung: int | Literal["rule", "unit", "role"] = Field(
        description="Who was asked; 1..5 the ladder"
    )
    position: int | None = Field(None, description="Of the rule that was asked")
    post: str | None = None
    unit: str | None = None
    region_code: str | None
    held: int = Field(description="How many hold it")
    on_duty: int


class EmptyRuleOut(Out):
    position: int
    name: str
    post: str | None
    unit: str | None


class DecisionOut(Out):
    """One decision as it was stored: counts of people and no names."""

    reason: Literal["opened", "filed", "corrected"]
    at: Instant = Field(description="Whose roster was asked")
    category_code: str | None = Field(None, description="What was known of it then")
    rule: Literal["grid", "chosen_region", "district_centre"] = Field(
        description="How the region was found"
    )
    region_code: str
    grids_version: int
    grid: str | None = Field(description="The grid that owns the spot")
    border_m: float | None = Field(description="Metres from the spot to the grid's border")
    on_border: bool
    candidates: list[NearGridOut] = Field(description="Grids within the accuracy, nearest first")
    rule_version: int = Field(description="Of the district's rules; 0 before the first")
    position: int | None = Field(description="The rule that decided; null: unit or ladder")
    rule_name: str | None
    net_code: str | None
    level_code: str | None = Field(description="Region whose level handles it; null: its own")
    post: TargetOut | None
    unit: str | None
    people: int = Field(description="How many it could be given to")
    nobody: bool
    steps: list[StepOut] = Field(description="Who was asked, in order")
    empty_posts: list[str] = Field(description="Regions that were passed: nobody is on duty there")
    empty_rules: list[EmptyRuleOut] = Field(description="Rules that held and pointed at nobody")


class DecisionList(Out):
    items: list[DecisionOut] = Field(description="Oldest first")

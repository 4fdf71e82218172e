"""The words of posts at the edge."""

from datetime import date
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.kit.fields import Unfit
from app.kit.schema import Code, Draft, Instant, Name, Out, PlainText, day_in_our_time

# What a post may carry. Money (fund_manager, fund_approver), audit and administration are granted
# to a person by name and never by way of a post that an administrator could make.
Carried = Literal["grid_staff", "grid_head", "dispatcher", "handler", "checker", "keeper"]
CARRIED = frozenset(get_args(Carried))


def _calendar_day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Unfit("没有这一天", "there is no such day") from error
    day_in_our_time(day)
    return text


Day = Annotated[
    str,
    StringConstraints(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_calendar_day),
]
Time = Annotated[str, StringConstraints(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
EndTime = Annotated[str, StringConstraints(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Phone = Annotated[str, StringConstraints(pattern="^(1[3-9][0-9]{9}|0[0-9]{9,11})$")]
Duty = Annotated[PlainText, StringConstraints(min_length=1, max_length=200)]
Position = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Rung = Annotated[int, Field(strict=True, ge=1, le=9)]
Level = Annotated[int, Field(strict=True, ge=0, le=9)]
Weekday = Annotated[int, Field(strict=True, ge=1, le=7, description="1 Monday .. 7 Sunday")]


class NetDraft(Draft):
    name: Name = Field(examples=["城市管理"])
    name_en: Name
    position: Position


class NetOut(Out):
    code: str = Field(examples=["city"])
    name: str
    name_en: str
    position: int


class NetList(Out):
    items: list[NetOut]


class UnitDraft(Draft):
    name: Name = Field(examples=["桂林街道农业服务中心"])
    region_code: Code
    active: bool = Field(default=True, strict=True)


class UnitOut(Out):
    code: str = Field(examples=["GL-NONGYE"])
    name: str
    region_code: str
    active: bool


class UnitList(Out):
    items: list[UnitOut]


class PostDraft(Draft):
    name: Name = Field(examples=["网格长"])
    name_en: Name
    level: Level | None = Field(default=None, description="Where it stands; null is anywhere")
    net_code: Code | None = None
    role: Carried = Field(description="What it lets a person do in the region's subtree")
    duties: Annotated[list[Duty], Field(max_length=30)]
    rung: Rung | None = Field(
        default=None, description="Fallback ladder: 网格员 1, 副网格长 2, 网格长 3, 社区 4, 街道 5"
    )
    on_board: bool = Field(default=True, strict=True, description="Shown on the public duty board")
    position: Position
    active: bool = Field(default=True, strict=True)


class PostOut(Out):
    code: str = Field(examples=["grid_head"])
    name: str
    name_en: str
    level: int | None
    net_code: str | None
    role: str
    duties: list[str]
    rung: int | None
    on_board: bool
    position: int
    active: bool


class PostList(Out):
    items: list[PostOut]


class AppointmentDraft(Draft):
    person_id: UUID
    post_code: Code
    region_code: Code | None = Field(default=None, description="This or `grouping_code`")
    grouping_code: Code | None = None
    unit_code: Code | None = None
    starts_on: Day = Field(examples=["2026-11-22"], description="Business day, included")
    ends_on: Day | None = Field(default=None, description="Business day, included")
    phone: Phone | None = None
    photo_id: UUID | None = Field(default=None, description="One of the caller's own photos")


class AppointmentEnd(Draft):
    ends_on: Day | None = Field(default=None, description="The last day; at once when absent")


class ShiftDraft(Draft):
    weekday: Weekday
    starts: Time = Field(examples=["22:00"])
    ends: EndTime = Field(examples=["06:00"], description="At or before `starts`: the next day")


# Empty: always on duty.
ShiftsDraft = Annotated[list[ShiftDraft], Field(max_length=50)]


class ShiftOut(Out):
    weekday: int
    starts: str
    ends: str


class AppointmentOut(Out):
    id: UUID
    person_id: UUID
    name: str
    post_code: str
    region_code: str | None
    grouping_code: str | None
    unit_code: str | None
    starts_on: str
    ends_on: str | None
    phone: str | None = Field(description="Masked", examples=["138****8000"])
    photo_url: str | None
    shifts: list[ShiftOut]
    created_at: Instant
    ended_at: Instant | None


class LeaveDraft(Draft):
    person_id: UUID
    starts_at: Instant
    ends_at: Instant
    stand_in_id: UUID | None = Field(default=None, description="顶岗: a member of staff")
    note: Annotated[PlainText, StringConstraints(min_length=1, max_length=500)] | None = None


class LeaveOut(Out):
    id: UUID
    person_id: UUID
    name: str
    stand_in_id: UUID | None
    stand_in_name: str | None
    starts_at: Instant
    ends_at: Instant
    note: str | None
    created_at: Instant
    cancelled_at: Instant | None


class TeamMemberOut(Out):
    """Somebody on the public duty board; never the whole phone number, never an id."""

    level: int = Field(description="Level of the region that the post stands in")
    region_name: str
    post: str = Field(examples=["网格长"])
    post_en: str
    name: str
    duties: list[str]
    phone: str | None = Field(examples=["138****8000"])
    photo_url: str | None
    on_duty: bool = Field(description="Right now, by the roster and without leave")
    stand_in: str | None = Field(description="Who stands in during a leave")


class TeamOut(Out):
    region_code: str
    items: list[TeamMemberOut]

"""The words of patrols at the edge."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.grids.schemas import Crs
from app.kit.fields import Unfit, each_once
from app.kit.schema import Code, Draft, Instant, Latitude, Longitude, Name, Note, Out
from app.reports.schemas import PlaceDraft

MOST_POINTS = 200
State = Literal["planned", "started", "done", "missed"]
Weekday = Annotated[int, Field(strict=True, ge=1, le=7)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:30"])]


class SpotDraft(Draft):
    lat: Latitude = Field(strict=True, examples=[30.202772])
    lng: Longitude = Field(strict=True, examples=[105.84464])
    crs: Crs = Field(description="The system of the pair; no default")


class StopDraft(SpotDraft):
    name: Name = Field(examples=["隆鑫商圈东门"])


class PlanDraft(Draft):
    name: Name = Field(examples=["早间街面巡查"])
    region_code: Code
    person_id: UUID = Field(description="Who walks: holds a post that covers the region")
    weekdays: list[Weekday] = Field(min_length=1, max_length=7, description="1 Monday .. 7 Sunday")
    starts: TimeOfDay
    ends: TimeOfDay = Field(description="Later than `starts`; a patrol not begun by then is missed")
    stops: list[StopDraft] = Field(default=[], max_length=50, description="Where to check in")

    @model_validator(mode="after")
    def makes_sense(self) -> Self:
        """The hours go forward within a day, and a weekday is named once."""
        if self.starts >= self.ends:
            raise Unfit("结束时间要晚于开始时间", "ends must be after starts")
        each_once(self.weekdays, "星期", "a weekday")
        return self


class WalkerOut(Out):
    id: UUID
    name: str


class StopOut(Out):
    name: str
    lat: float
    lng: float
    done_at: Instant | None = Field(None, description="When it was ticked off on this patrol")


class PlanOut(Out):
    id: UUID
    name: str
    region_code: str
    region_name: str
    person: WalkerOut
    weekdays: list[int]
    starts: str
    ends: str
    stops: list[StopOut] = Field(description="WGS-84")
    active: bool
    created_at: Instant


class PatrolDraft(Draft):
    region_code: Code = Field(description="Where the patrol goes")


class CheckInDraft(SpotDraft):
    accuracy_m: float | None = Field(None, strict=True, ge=0, le=100_000, allow_inf_nan=False)
    stop: int | None = Field(
        None, strict=True, ge=0, le=49, description="Which stop of the plan is ticked off, from 0"
    )


class TrackPointDraft(SpotDraft):
    at: Instant


class TrackDraft(Draft):
    points: list[TrackPointDraft] = Field(
        min_length=1, max_length=MOST_POINTS, description="In the order in which they were passed"
    )


class FinishDraft(Draft):
    summary: Note | None = Field(None, examples=["街面正常，发现破损井盖一处"])


class FindingDraft(Draft):
    description: Note = Field(examples=["人行道井盖破损"])
    category_code: Code | None = None
    photo_ids: list[UUID] = Field(min_length=1, max_length=9, description="Own, unused photos")
    place: PlaceDraft

    @model_validator(mode="after")
    def shows_each_once(self) -> Self:
        """A photo is named once."""
        each_once(self.photo_ids, "照片", "a photo")
        return self


class FindingOut(Out):
    case_id: UUID
    number: str
    created_at: Instant


class PatrolBrief(Out):
    id: UUID
    plan_id: UUID | None = Field(description="null: begun unplanned")
    plan_name: str | None
    person: WalkerOut
    region_code: str
    region_name: str
    day: str = Field(examples=["2026-11-21"])
    state: State
    due_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    distance_m: int


class PatrolOut(PatrolBrief):
    stops: list[StopOut] = Field(description="WGS-84")
    findings: list[FindingOut]
    summary: str | None


class PointOut(Out):
    kind: Literal["check_in", "track"]
    lat: float
    lng: float
    accuracy_m: float | None
    stop: int | None
    at: Instant


class PatrolTrackOut(PatrolOut):
    points: list[PointOut] = Field(description="The way that was walked; WGS-84")

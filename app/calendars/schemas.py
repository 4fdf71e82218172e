"""The words of calendars at the edge."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.kit.fields import Unfit, each_once
from app.kit.schema import Code, Draft, Name, Out

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
# `24:00` is the end of the day. Text of fixed width compares as the minutes do.
ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Span = tuple[ClockTime, ClockTime]


class DayDraft(Draft):
    day: Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
    working: Annotated[bool | None, Field(strict=True)] = Field(
        description="Whether the district works; null forgets the district's own word"
    )
    name: Name | None = Field(None, examples=["涪江龙舟节"])

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.working is not None and self.name is None:
            raise Unfit("自定的日子要有名称", "a day of one's own needs a name")
        return self


class DaysDraft(Draft):
    region_code: Code = Field(examples=["500152000000"])
    days: Annotated[list[DayDraft], Field(min_length=1, max_length=366)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        each_once((draft.day for draft in self.days), "日期", "a day")
        return self


class HoursDraft(Draft):
    region_code: Code = Field(examples=["500152000000"])
    spans: Annotated[list[Span], Field(min_length=1, max_length=6)] = Field(
        examples=[[["08:00", "12:00"], ["14:00", "18:00"]]]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        times = [time for span in self.spans for time in span]
        apart = all(before <= after for before, after in pairwise(times))
        if not apart or any(opens == closes for opens, closes in self.spans):
            raise Unfit("时段要按顺序、不重叠、不为空", "spans follow each other, none is empty")
        return self


class DayOut(Out):
    day: date
    working: bool
    name: str = Field(examples=["国庆节"])
    name_en: str | None = Field(description="Null for a day of the district's own")
    own: bool = Field(description="Whether the district itself said so")


class CalendarOut(Out):
    region_code: str = Field(description="The district", examples=["500152000000"])
    year: int
    known: bool = Field(description="False before the State Council's notice for this year")
    version: int = Field(description="Grows with every change; 0 is the national calendar")
    spans: list[tuple[str, str]] = Field(examples=[[["08:00", "12:00"], ["14:00", "18:00"]]])
    days: list[DayOut] = Field(description="The days that differ from Monday to Friday")

"""The working calendar over HTTP: public to read, the administrator's to change."""

from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from app.calendars import queries, service
from app.calendars.errors import DistrictNeeded, DistrictNotHeld, NoWorkingTime
from app.calendars.schemas import (
    FIRST_DAY,
    LAST_DAY,
    CalendarOut,
    DaysDraft,
    HoursDraft,
)  # fmt: skip
from app.identity.access import Administrator
from app.identity.errors import PersonOnly, RoleMissing
from app.kit import clock
from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.regions import queries as regions
from app.regions.errors import RegionNotFound, RegionUnknown

router = Router(prefix="/v1/calendar", tags=["calendar 工作日历"])
Year = Annotated[
    int | None,
    Query(ge=FIRST_DAY.year, le=LAST_DAY.year, description="The present one when absent"),
]
CHANGING = raises(
    PersonOnly, RoleMissing, RegionUnknown, DistrictNeeded, DistrictNotHeld, NoWorkingTime
)


@router.get("", responses=raises(RegionNotFound))
@in_transaction
def get_calendar(
    tx: Session,
    region: Annotated[Code, Query(description="Any region: its district's calendar")],
    year: Year = None,
) -> CalendarOut:
    """A year of a district's calendar."""
    district = regions.root_of(regions.get_region(tx, region).path)
    return queries.year_of(tx, district, year or clock.business_day(clock.now()).year)


@router.put("/days", responses=CHANGING)
@in_transaction
def set_calendar_days(tx: Session, actor: Administrator, body: DaysDraft) -> CalendarOut:
    """Declares days working or free, on top of the national calendar."""
    return service.set_days(tx, actor, body)


@router.put("/hours", responses=CHANGING)
@in_transaction
def set_calendar_hours(tx: Session, actor: Administrator, body: HoursDraft) -> CalendarOut:
    """Sets the working hours."""
    return service.set_hours(tx, actor, body)

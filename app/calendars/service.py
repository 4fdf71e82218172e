"""Writes to a district's calendar; each change raises its version, and moves no clock."""

from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.orm import Session

from app.calendars import queries
from app.calendars.errors import DistrictNeeded, DistrictNotHeld
from app.calendars.models import CalendarDay, WorkingHours
from app.calendars.schemas import CalendarOut, DayDraft, DaysDraft, HoursDraft
from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.columns import CodeText
from app.kit.db import core, insert_for
from app.regions.errors import RegionUnknown
from app.regions.models import Region

_FORGET = delete(CalendarDay.__table__).where(  # type: ignore[arg-type]
    CalendarDay.region_code == bindparam("district", type_=CodeText),
    CalendarDay.day == bindparam("this", type_=CodeText),
)


def set_days(tx: Session, actor: Actor, draft: DaysDraft) -> CalendarOut:
    """Declares days working or free, or forgets them; answers the year of the first of them.

    Raises RegionUnknown, DistrictNeeded, DistrictNotHeld, NoWorkingTime.
    """
    _require_district(tx, actor, draft.region_code)
    known = queries.own_days(tx, draft.region_code)
    changed = [day for day in draft.days if _differs(day, known.get(day.day))]
    if changed:
        version = _raise_version(tx, draft.region_code)
        _put_days(tx, draft.region_code, changed)
        _require_working_time(tx, draft.region_code)
        actions.record(
            tx, actor.person_id, "calendar.changed", "region", draft.region_code, version=version,
            days=[day.day.isoformat() for day in changed],
        )  # fmt: skip
    return queries.year_of(tx, draft.region_code, draft.days[0].day.year)


def set_hours(tx: Session, actor: Actor, draft: HoursDraft) -> CalendarOut:
    """Sets the working hours of every working day; answers the present year.

    Raises RegionUnknown, DistrictNeeded, DistrictNotHeld, NoWorkingTime.
    """
    _require_district(tx, actor, draft.region_code)
    if draft.spans != queries.texts(queries.calendar_of(tx, draft.region_code).spans):
        version = _raise_version(tx, draft.region_code, spans=draft.spans)
        _require_working_time(tx, draft.region_code)
        actions.record(
            tx, actor.person_id, "calendar.changed", "region", draft.region_code, version=version,
            spans=draft.spans,
        )  # fmt: skip
    year = clock.business_day(clock.now()).year
    return queries.year_of(tx, draft.region_code, year)


def _require_district(tx: Session, actor: Actor, code: str) -> None:
    region = tx.get(Region, code)
    if region is None:
        raise RegionUnknown
    if region.level != 0:
        raise DistrictNeeded
    # Every region is public, so this is no secret: visible, but not theirs.
    if not actor.holds({Role.ADMINISTRATOR}, region.path):
        raise DistrictNotHeld


def _require_working_time(tx: Session, district: str) -> None:
    # No clock could be started by such a calendar, and so no report be taken.
    today = clock.business_day(clock.now())
    queries.calendar_of(tx, district).require_working_time(today)


def _differs(draft: DayDraft, known: Any) -> bool:
    if known is None:
        return draft.working is not None
    return (draft.working, draft.name) != (known.working, known.name)


def _raise_version(tx: Session, district: str, **changes: Any) -> int:
    # Before the days are written: it holds the row, so changes of one district take turns.
    values = {"version": WorkingHours.version + 1, "updated_at": clock.now(), **changes}
    first = insert_for(tx, WorkingHours).values(
        region_code=district, version=1, updated_at=clock.now(),
        spans=changes.get("spans", queries.texts()),
    )  # fmt: skip
    put = first.on_conflict_do_update(index_elements=["region_code"], set_=values)
    version: int = tx.execute(put.returning(WorkingHours.version)).scalar_one()
    return version


def _put_days(tx: Session, district: str, drafts: list[DayDraft]) -> None:
    kept = [draft for draft in drafts if draft.working is not None]
    gone = [draft for draft in drafts if draft.working is None]
    if kept:
        put = insert_for(tx, CalendarDay).values(
            [
                {
                    "region_code": district, "day": draft.day.isoformat(),
                    "working": draft.working, "name": draft.name,
                }
                for draft in kept
            ]
        )  # fmt: skip
        new = {"working": put.excluded.working, "name": put.excluded.name}
        core(tx).execute(put.on_conflict_do_update(index_elements=["region_code", "day"], set_=new))
    if gone:
        core(tx).execute(
            _FORGET, [{"district": district, "this": draft.day.isoformat()} for draft in gone]
        )

"""Reads of posts: who holds which, who is on duty at an instant, and who stands in."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    Subquery,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.identity.models import Person
from app.kit import clock
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.db import core
from app.posts import roster
from app.posts.models import Appointment, DutyShift, Leave, Post
from app.regions.models import GroupingRegion, Region
from app.regions.queries import OnPath


class Holder(NamedTuple):
    """Somebody in a post, or who stands in for them; `level` and `region_code` say where.

    For a grouping (联村) that is the lowest of its regions that was asked about.
    """

    person_id: UUID
    post_code: str
    role: str
    rung: int | None
    level: int
    region_code: str
    unit_code: str | None
    on_duty: bool
    stands_in_for: UUID | None


_DAY = bindparam("day", type_=CodeText)
_AT = bindparam("at", type_=InstantType())
_PATH = bindparam("path", type_=CodeText)
# Short names: what routing makes of these must stay short, too.
_STAND_IN, _OTHER = aliased(Person), aliased(Leave, name="away")
_HELD, _SHARED = aliased(Appointment, name="held"), aliased(GroupingRegion, name="shared")
_ACTIVE: Any = literal_column("'active'")


def in_force(of: Any = Appointment) -> ColumnElement[bool]:
    """Whether an appointment (of the table or of a select) holds, for the values of `moment`."""
    return and_(
        of.starts_on <= _DAY,
        or_(of.ends_on.is_(None), of.ends_on >= _DAY),
        or_(of.ended_at.is_(None), of.ended_at > _AT),
    )


def lasting() -> ColumnElement[bool]:
    """Whether an appointment is not over today; one that is yet to begin counts."""
    today = clock.business_day(clock.now()).isoformat()
    return and_(
        Appointment.ended_at.is_(None),
        or_(Appointment.ends_on.is_(None), Appointment.ends_on >= today),
    )


def on_leave(leave: Any = Leave) -> ColumnElement[bool]:
    """Whether a leave lasts, for the values of `moment`."""
    return and_(leave.cancelled_at.is_(None), leave.starts_at <= _AT, leave.ends_at > _AT)


def moment(at: datetime) -> dict[str, Any]:
    """The values of `in_force` and `on_leave`."""
    return {"at": at, "day": clock.business_day(at).isoformat()}


# The roster of an appointment as the one text that `roster.read` understands.
_WORD = cast(DutyShift.weekday, CodeText) + DutyShift.starts + DutyShift.ends


def shifts_of(appointment_id: Any) -> Any:
    """The joined roster of an appointment, as a column."""
    # A separator given as text would be rendered anew at each execution, at a third of its cost.
    comma: Any = literal_column("','")
    joined = select(func.aggregate_strings(_WORD, comma))
    return joined.where(DutyShift.appointment_id == appointment_id).scalar_subquery()


_AWAY = exists().where(_OTHER.person_id == Leave.stand_in_id, on_leave(_OTHER))
_STANDS_IN = and_(_STAND_IN.id == Leave.stand_in_id, _STAND_IN.state == _ACTIVE, not_(_AWAY))
_SEAT = (
    _HELD.id, _HELD.person_id, _HELD.post_code, _HELD.unit_code, _HELD.starts_on, _HELD.ends_on,
    _HELD.ended_at,
)  # fmt: skip
# What the duty board shows beside it.
_SEAT_SHOWN = _HELD.phone, _HELD.photo_id
_HOLDER_SHOWN = (
    Person.name, _STAND_IN.name.label("stand_in_name"), Post.name.label("post_name"),
    Post.name_en.label("post_name_en"), Post.duties,
)  # fmt: skip


def _seats(places: FromClause, which: Sequence[Any], more: Sequence[Any]) -> Subquery:
    """Appointments of any time, each at its place or at every one of its grouping's."""
    place = places.c
    at = place.code, place.level, place.name.label("region_name")
    there = select(*at, _SHARED.grouping_code).join_from(
        places, _SHARED, _SHARED.region_code == place.code
    )
    # Made first, or SQLite would read every appointment to find the few of a grouping.
    grouped = there.cte("grouped").prefix_with("MATERIALIZED")
    own, *shared = grouped.c.grouping_code, *grouped.c[:3]
    alone = select(*_SEAT, *more, *at).join(places, place.code == _HELD.region_code)
    together = select(*_SEAT, *more, *shared).join(grouped, own == _HELD.grouping_code)
    return union_all(alone.where(*which), together.where(*which)).subquery("seat")


def _holding(
    places: FromClause, *which: Any, of_seat: Sequence[Any] = (), of_holder: Sequence[Any] = ()
) -> Select[Any]:
    """Who is in these posts, with roster, leave and stand-in; `_once` gives them their order."""
    seat = _seats(places, which, of_seat).c
    return (
        select(
            seat.id, seat.level, Post.rung, Post.position, seat.person_id, seat.post_code,
            Post.role, seat.code, seat.unit_code, shifts_of(seat.id).label("shifts"),
            Leave.id.label("leave_id"), _STAND_IN.id.label("stand_in_id"), seat.region_name,
            *(seat[c.key] for c in of_seat), *of_holder,
        )
        .join_from(seat.id.table, Post, Post.code == seat.post_code)
        .join(Person, and_(Person.id == seat.person_id, Person.state == _ACTIVE))
        .outerjoin(Leave, and_(Leave.person_id == seat.person_id, on_leave()))
        .outerjoin(_STAND_IN, _STANDS_IN)
        .where(in_force(seat))
    )  # fmt: skip


def _here(path: Any) -> FromClause:
    # Read once, and first: both kinds of appointments are found from the few regions on a path.
    on = select(Region.code, Region.level, Region.name).where(OnPath(Region.code, path))
    return on.cte("here")


def around(path: Any) -> Select[Any]:
    """The statement of `holders` for a path that it reads itself, for the values of `moment`."""
    return _holding(_here(path))


_AROUND = around(_PATH)
_BOARD = _holding(_here(_PATH), of_seat=_SEAT_SHOWN, of_holder=_HOLDER_SHOWN).where(Post.on_board)
_UNIT = bindparam("unit", type_=CodeText)
_OF_UNIT = _holding(Region.__table__, _HELD.unit_code == _UNIT)


def holders(tx: Session, path: str, at: datetime) -> list[Holder]:
    """Everyone in a post at `at` in a region on `path`, or in a grouping with one of them.

    The nearest region first, in it the lowest rung, off the ladder last. Somebody on leave is
    replaced by their stand-in, who keeps their hours; without one they are listed, not on duty.
    """
    return read(core(tx).execute(_AROUND, {"path": path, **moment(at)}).all(), at)


def members(tx: Session, unit_code: str, at: datetime) -> list[Holder]:
    """Everyone in a post of a responsible unit (责任单位) at `at`, as `holders`."""
    return read(core(tx).execute(_OF_UNIT, {"unit": unit_code, **moment(at)}).all(), at)


def in_unit(person: Any) -> ColumnElement[bool]:
    """Whether an appointment is the person's or of someone they stand in for now, for the values
    of `moment`."""
    theirs = Leave.person_id == Appointment.person_id, Leave.stand_in_id == person
    absent = exists().where(*theirs, on_leave())
    return and_(in_force(), or_(Appointment.person_id == person, absent))


def units_of(tx: Session, person_id: UUID, at: datetime) -> list[str]:
    """The units whose cases a person may take at an instant."""
    query = select(Appointment.unit_code).where(
        Appointment.unit_code.is_not(None), in_unit(literal(person_id, IdType()))
    )
    found = tx.scalars(query.distinct(), moment(at))
    return [code for code in found if code is not None]


def is_member(tx: Session, person_id: UUID, unit_code: str, at: datetime) -> bool:
    """Whether a person works for a unit at `at`, or stands in for somebody who does."""
    return any(holder.person_id == person_id for holder in members(tx, unit_code, at))


def board(tx: Session, path: str, at: datetime) -> list[Row[Any]]:
    """Who is shown on the duty board (上岗公示) of the region with this path, as `holders`."""
    return _once(core(tx).execute(_BOARD, {"path": path, **moment(at)}))


def _once(rows: Iterable[Any]) -> list[Any]:
    """Each appointment at its lowest region only, the nearest first, off the ladder last."""
    found: dict[UUID, Any] = {}
    for row in sorted(rows, key=_nearest_first):
        found.setdefault(row[0], row)
    return list(found.values())


def _nearest_first(row: Any) -> tuple[Any, ...]:
    seat, level, rung, position, *_ = row
    return -level, rung is None, rung, position, seat


def read(rows: Iterable[Any], at: datetime) -> list[Holder]:
    """The holders that rows of `around` tell of."""
    now = roster.moment(at)
    return [_holder(row, now) for row in _once(rows)]


def _holder(row: Any, at: roster.Moment) -> Holder:
    # Taken apart at once: asking a row for one column after the other costs ten times as much.
    _, level, rung, _, person, post, role, region, unit, shifts, leave, stand_in, *_ = row
    present = leave is None or stand_in is not None
    on_duty = present and roster.is_on(roster.read(shifts), at)
    absent = person if stand_in is not None else None
    return Holder(stand_in or person, post, role, rung, level, region, unit, on_duty, absent)


_THIS = bindparam("appointment", type_=IdType())
_PLACES = union_all(
    select(Region.code, Region.path)
    .join(Appointment, Appointment.region_code == Region.code)
    .where(Appointment.id == _THIS),
    select(Region.code, Region.path)
    .join(GroupingRegion, GroupingRegion.region_code == Region.code)
    .join(Appointment, Appointment.grouping_code == GroupingRegion.grouping_code)
    .where(Appointment.id == _THIS),
)


def places(tx: Session, appointment_id: UUID) -> Sequence[Any]:
    """Code and path of the regions that an appointment is for: one, or a grouping's members."""
    return core(tx).execute(_PLACES, {"appointment": appointment_id}).all()

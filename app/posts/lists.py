"""Reads behind the staff's lists: nets, units, posts, appointments and leave, and who sees them."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from app.identity.access import Actor
from app.identity.models import Grant, Person, Role
from app.identity.queries import held_at
from app.kit.columns import InstantType
from app.kit.page import Slice, cut
from app.posts.errors import AppointmentNotFound, LeaveNotFound
from app.posts.models import Appointment, Leave, Net, Post, Unit
from app.posts.queries import in_force, lasting, on_leave, shifts_of
from app.posts.schemas import NetOut, PostOut, UnitOut
from app.regions.models import Grouping, GroupingRegion, Region
from app.regions.queries import spans, under, under_any

# Who keeps the roster of the people in their regions, and reads why they are away.
ROSTER_KEEPERS = frozenset({Role.ADMINISTRATOR, Role.GRID_HEAD, Role.DISPATCHER})
EVERY_ROLE = frozenset(Role)
_AT = bindparam("at", type_=InstantType())
_MEMBER, _AWAY, _INSTEAD = aliased(Region), aliased(Person), aliased(Person)


def nets(tx: Session) -> list[NetOut]:
    rows = tx.scalars(select(Net).order_by(Net.position, Net.code))
    return [NetOut.model_validate(row) for row in rows]


def posts(tx: Session) -> list[PostOut]:
    """The posts in use, in their order."""
    rows = tx.scalars(select(Post).where(Post.active).order_by(Post.position, Post.code))
    return [PostOut.model_validate(row) for row in rows]


def in_use_outside(tx: Session, which: ColumnElement[bool], paths: list[str]) -> bool:
    """Whether anybody is appointed to such posts (a condition on Post) outside these subtrees."""
    query = (
        select(Appointment.id)
        .join(Post, Post.code == Appointment.post_code)
        .outerjoin(Grouping, Grouping.code == Appointment.grouping_code)
        .join(Region, Region.code == func.coalesce(Appointment.region_code, Grouping.district))
        .where(which, lasting(), not_(under_any(Region.path, len(paths))))
    )
    return tx.execute(query.limit(1), spans(paths)).first() is not None


def units(tx: Session, actor: Actor, region: str | None) -> list[UnitOut]:
    """The units in the caller's regions, by code."""
    paths = actor.paths(EVERY_ROLE)
    query = select(Unit).join(Region, Region.code == Unit.region_code).order_by(Unit.code)
    query = query.where(under_any(Region.path, len(paths)))
    if region is not None:
        query = query.where(under(Region.path, _path(tx, region)))
    return [UnitOut.model_validate(row) for row in tx.scalars(query, spans(paths))]


def _path(tx: Session, region: str) -> str:
    # No path begins so: a region that is nowhere holds nothing.
    return tx.scalar(select(Region.path).where(Region.code == region)) or "-"


@cache
def _inside(count: int) -> ColumnElement[bool]:
    """Whether an appointment's region, or one of its grouping's, lies in one of these subtrees."""
    return or_(under_any(Region.path, count), _grouped(under_any(_MEMBER.path, count)))


def _grouped(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        GroupingRegion.grouping_code == Appointment.grouping_code,
        _MEMBER.code == GroupingRegion.region_code, condition,
    )  # fmt: skip


_APPOINTMENTS = (
    select(*Appointment.__table__.c, Person.name, shifts_of(Appointment.id).label("shifts"))
    .join(Person, Person.id == Appointment.person_id)
    .outerjoin(Region, Region.code == Appointment.region_code)
)


def appointments(
    tx: Session, actor: Actor, region: str | None, limit: int, cursor: str | None
) -> Slice:
    """A page of the appointments in the caller's regions, ended ones too, newest first."""
    paths = actor.paths(EVERY_ROLE)
    query = _APPOINTMENTS.where(_inside(len(paths)))
    if region is not None:
        path = _path(tx, region)
        query = query.where(or_(under(Region.path, path), _grouped(under(_MEMBER.path, path))))
    return cut(
        tx, query, (Appointment.created_at, Appointment.id), limit=limit, cursor=cursor,
        filters=(actor.person_id, region), given=spans(paths),
    )  # fmt: skip


def get_appointment(tx: Session, actor: Actor, appointment_id: UUID) -> Any:
    """One appointment as in the list. Raises AppointmentNotFound, also when not visible."""
    paths = actor.paths(EVERY_ROLE)
    query = _APPOINTMENTS.where(Appointment.id == appointment_id, _inside(len(paths)))
    row = tx.execute(query, spans(paths)).first()
    if row is None:
        raise AppointmentNotFound
    return row


_LEAVES = (
    select(*Leave.__table__.c, _AWAY.name.label("name"), _INSTEAD.name.label("stand_in_name"))
    .join(_AWAY, _AWAY.id == Leave.person_id)
    .outerjoin(_INSTEAD, _INSTEAD.id == Leave.stand_in_id)
)


def _appointed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether who is away has an appointment whose region, or whose grouping's, is such.

    One that is over counts no more: why somebody is away concerns only those they work for.
    """
    theirs = and_(Appointment.person_id == Leave.person_id, lasting())
    alone = exists().where(theirs, Region.code == Appointment.region_code, condition)
    together = exists().where(
        theirs,
        GroupingRegion.grouping_code == Appointment.grouping_code,
        Region.code == GroupingRegion.region_code, condition,
    )  # fmt: skip
    return or_(alone, together)


def leaves(tx: Session, actor: Actor, region: str | None, limit: int, cursor: str | None) -> Slice:
    """A page of the caller's own leaves and of those of the people whose roster they keep."""
    paths = actor.paths(ROSTER_KEEPERS)
    query = _LEAVES.where(_leave_seen(actor, len(paths)))
    if region is not None:
        query = query.where(_appointed(under(Region.path, _path(tx, region))))
    return cut(
        tx, query, (Leave.created_at, Leave.id), limit=limit, cursor=cursor,
        filters=(actor.person_id, region), given=spans(paths),
    )  # fmt: skip


def get_leave(tx: Session, actor: Actor, leave_id: UUID) -> Any:
    """One leave as in the list. Raises LeaveNotFound, also when not visible."""
    paths = actor.paths(ROSTER_KEEPERS)
    query = _LEAVES.where(Leave.id == leave_id, _leave_seen(actor, len(paths)))
    row = tx.execute(query, spans(paths)).first()
    if row is None:
        raise LeaveNotFound
    return row


def _leave_seen(actor: Actor, paths: int) -> ColumnElement[bool]:
    return or_(Leave.person_id == actor.person_id, _appointed(under_any(Region.path, paths)))


def unsettled() -> Any:
    """The ids of appointments whose living grants are not what they should be."""
    living = and_(Grant.appointment_id == Appointment.id, held_at(_AT))
    away = and_(Leave.person_id == Appointment.person_id, on_leave())
    not_given = not_(exists().where(living, Grant.person_id == Appointment.person_id))
    no_stand_in = exists().where(
        away, Leave.stand_in_id.is_not(None),
        not_(exists().where(living, Grant.person_id == Leave.stand_in_id)),
    )  # fmt: skip
    stays = exists().where(away, Leave.stand_in_id == Grant.person_id)
    too_long = exists().where(living, Grant.person_id != Appointment.person_id, not_(stays))
    given = exists().where(living)
    # Given before roles knew their end.
    endless = exists().where(living, Grant.revoked_at.is_(None), Appointment.ends_on.is_not(None))
    return select(Appointment.id).where(
        or_(
            and_(in_force(), or_(not_given, no_stand_in, too_long, endless)),
            and_(not_(in_force()), given),
        )
    )

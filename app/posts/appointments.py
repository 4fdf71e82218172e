"""Writes to appointments (任命): who is in a post, when, with which hours, and its roles."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from app.identity import grants
from app.identity.access import Actor
from app.identity.grants import Wanted
from app.identity.models import Person, Role
from app.identity.queries import ties
from app.kit import actions, clock
from app.kit.errors import Words
from app.kit.ids import new_id
from app.media import service as media
from app.posts import lists, queries
from app.posts.errors import (
    AppointmentEnded,
    AppointmentExists,
    DaysWrong,
    LevelWrong,
    OutsideSubtree,
    PersonUnknown,
    PostUnknown,
    SelfAppointment,
    UnitUnknown,
)  # fmt: skip
from app.posts.models import Appointment, DutyShift, Leave, Post, Unit
from app.posts.queries import in_force, moment, on_leave
from app.posts.schemas import CARRIED, AppointmentDraft, AppointmentEnd, ShiftDraft
from app.regions import queries as regions
from app.regions.errors import GroupingUnknown, RegionUnknown
from app.regions.models import Grouping, Region

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
TIED = Words(
    "此人在你管理的区域之外任职，请由上级管理员任命",
    "They belong, or hold a role, outside your regions: ask an administrator of all of them",
)


def appoint(tx: Session, actor: Actor, draft: AppointmentDraft) -> UUID:
    """Appoints a person; the post's role is theirs while the appointment is in force.

    Raises OutsideSubtree (also for whom the role would take out of the reach of those who
    administer them), RegionUnknown, GroupingUnknown, PostUnknown, LevelWrong, SelfAppointment (to a
    role that the actor lacks there), UnitUnknown, PersonUnknown, DaysWrong, AppointmentExists,
    PhotoNotFound, PhotoUsed.
    """
    places = _places(tx, draft)
    if not _all_held(actor, ADMINISTRATORS, places):
        raise OutsideSubtree
    if draft.ends_on is not None and draft.ends_on < max(draft.starts_on, _today()):
        raise DaysWrong
    post = _check_post(tx, draft, places)
    if draft.person_id == actor.person_id and not _all_held(actor, {post.role}, places):
        raise SelfAppointment
    _check_unit(tx, actor, draft.unit_code)
    _check_person(tx, draft)
    _check_reach(tx, actor, draft.person_id, places)
    appointment = Appointment(
        id=new_id(), created_by=actor.person_id, created_at=clock.now(), **draft.model_dump()
    )
    if draft.photo_id is not None:
        purpose = f"appointment:{appointment.id}"
        media.take(tx, actor.person_id, [draft.photo_id], purpose)
    tx.add(appointment)
    tx.flush()
    actions.record(
        tx, actor.person_id, "appointment.made", "appointment", appointment.id,
        post=draft.post_code, region=draft.region_code, grouping=draft.grouping_code,
    )  # fmt: skip
    settle(tx, actor.person_id, appointment.id)
    return appointment.id


def _all_held(actor: Actor, roles: AbstractSet[str], places: Sequence[Any]) -> bool:
    # Of nowhere nothing is held, though `all` of nothing is true.
    return bool(places) and all(actor.holds(roles, place.path) for place in places)


def _today() -> str:
    return clock.business_day(clock.now()).isoformat()


def _places(tx: Session, draft: AppointmentDraft) -> list[Region]:
    if (draft.region_code is None) == (draft.grouping_code is None):
        raise RegionUnknown
    if draft.region_code is not None:
        region = tx.get(Region, draft.region_code)
        if region is None:
            raise RegionUnknown
        return [region]
    # Locked, so that its members stay what they are until the roles are given.
    grouping = tx.get(Grouping, draft.grouping_code, with_for_update={"key_share": True})
    if grouping is None:
        raise GroupingUnknown
    return regions.members(tx, grouping.code)


def _check_post(tx: Session, draft: AppointmentDraft, places: list[Region]) -> Post:
    post = tx.get(Post, draft.post_code, with_for_update={"read": True, "key_share": True})
    # The second lock on money and audit: whatever made the post, it carries nothing of theirs.
    if post is None or not post.active or post.role not in CARRIED:
        raise PostUnknown
    alone = draft.region_code is not None
    if alone and post.level is not None and post.level != places[0].level:
        raise LevelWrong
    return post


def _check_unit(tx: Session, actor: Actor, code: str | None) -> None:
    if code is None:
        return
    unit = tx.get(Unit, code)
    if unit is None or not unit.active:
        raise UnitUnknown
    if not actor.holds(ADMINISTRATORS, regions.get_region(tx, unit.region_code).path):
        raise OutsideSubtree


def _check_person(tx: Session, draft: AppointmentDraft) -> None:
    # Locked, so that two appointments of one person see each other.
    person = tx.get(Person, draft.person_id, with_for_update={"key_share": True})
    if person is None or person.state != "active":
        raise PersonUnknown
    same = select(Appointment.id).where(
        Appointment.person_id == draft.person_id, Appointment.post_code == draft.post_code,
        Appointment.region_code.is_not_distinct_from(draft.region_code),
        Appointment.grouping_code.is_not_distinct_from(draft.grouping_code),
        Appointment.ended_at.is_(None),
        or_(Appointment.ends_on.is_(None), Appointment.ends_on >= draft.starts_on),
    )  # fmt: skip
    if draft.ends_on is not None:
        same = same.where(Appointment.starts_on <= draft.ends_on)
    if tx.scalar(same.limit(1)) is not None:
        raise AppointmentExists


def _check_reach(tx: Session, actor: Actor, person_id: UUID, places: list[Region]) -> None:
    # Whoever administers somebody administers all their regions; a role beside them ends that.
    tied = ties(tx, person_id)
    within = any(all(place.path.startswith(path) for place in places) for path in tied)
    if not within and not all(actor.holds(ADMINISTRATORS, path) for path in tied):
        raise OutsideSubtree(TIED)


def end(tx: Session, actor: Actor, appointment_id: UUID, draft: AppointmentEnd) -> None:
    """Ends an appointment at once, or with a last day to come; its roles end with it.

    Raises AppointmentNotFound, OutsideSubtree, AppointmentEnded, DaysWrong.
    """
    appointment = _mine(tx, actor, appointment_id, ADMINISTRATORS)
    today = _today()
    if draft.ends_on is None:
        appointment.ended_at = clock.now()
        appointment.ends_on = max(appointment.starts_on, today)
    elif draft.ends_on < max(appointment.starts_on, today):
        raise DaysWrong
    else:
        appointment.ends_on = draft.ends_on
    tx.flush()
    actions.record(tx, actor.person_id, "appointment.ended", "appointment", appointment_id)
    settle(tx, actor.person_id, appointment_id)


def put_shifts(
    tx: Session, actor: Actor, appointment_id: UUID, shifts: Iterable[ShiftDraft]
) -> None:
    """Replaces the roster. Raises AppointmentNotFound, OutsideSubtree, AppointmentEnded."""
    _mine(tx, actor, appointment_id, lists.ROSTER_KEEPERS)
    tx.execute(delete(DutyShift).where(DutyShift.appointment_id == appointment_id))
    tx.add_all(
        DutyShift(id=new_id(), appointment_id=appointment_id, **shift.model_dump())
        for shift in shifts
    )
    tx.flush()
    actions.record(tx, actor.person_id, "shifts.put", "appointment", appointment_id)


def _mine(tx: Session, actor: Actor, appointment_id: UUID, roles: frozenset[Role]) -> Appointment:
    """An appointment that lasts, locked, all of whose regions the actor holds with a role."""
    lists.get_appointment(tx, actor, appointment_id)
    if not _all_held(actor, roles, queries.places(tx, appointment_id)):
        raise OutsideSubtree
    appointment = tx.get_one(
        Appointment, appointment_id, with_for_update={"key_share": True}, populate_existing=True
    )
    over = appointment.ends_on is not None and appointment.ends_on < _today()
    if over or appointment.ended_at is not None:
        raise AppointmentEnded
    return appointment


def settle(tx: Session, by: UUID | None, appointment_id: UUID) -> None:
    """Gives and revokes roles until they are what an appointment says now.

    While it is in force its holder has the post's role in each of its regions; while the holder is
    on leave, so has the stand-in. Each is given with its end, which counts by itself.
    """
    # The lock orders everyone who settles it; the states below are read after it was granted.
    locked = select(Appointment.id).where(Appointment.id == appointment_id)
    tx.execute(locked.with_for_update(key_share=True))
    now = moment(clock.now())
    holding = (
        select(
            Appointment.person_id,
            Appointment.ends_on,
            Post.role,
            Leave.stand_in_id,
            Leave.ends_at.label("back_at"),
        )
        .join(Post, Post.code == Appointment.post_code)
        .outerjoin(Leave, and_(Leave.person_id == Appointment.person_id, on_leave()))
        .where(Appointment.id == appointment_id, in_force(), Post.role.in_(CARRIED))
    )
    codes = [place.code for place in queries.places(tx, appointment_id)]
    wanted: dict[Wanted, datetime | None] = {}
    for row in tx.execute(holding, now):
        over = _over(row.ends_on)
        wanted |= {(row.person_id, Role(row.role), code): over for code in codes}
        if row.stand_in_id is not None:
            over = min(row.back_at, over or row.back_at)
            wanted |= {(row.stand_in_id, Role(row.role), code): over for code in codes}
    grants.settle(tx, by, appointment_id, wanted)


def _over(last_day: str | None) -> datetime | None:
    """The first instant after a last day."""
    if last_day is None:
        return None
    return clock.day_start(date.fromisoformat(last_day) + timedelta(days=1))


def settle_all(tx: Session, by: UUID | None, appointment_ids: Iterable[UUID]) -> None:
    """Settles several, in the order of their ids so that two who do never deadlock."""
    for appointment_id in sorted(appointment_ids):
        settle(tx, by, appointment_id)


def turn(tx: Session) -> None:
    """Settles what a new day or a leave has changed: what began, what ended, who stands in."""
    tx.flush()
    found = tx.scalars(lists.unsettled(), moment(clock.now())).all()
    settle_all(tx, None, found)

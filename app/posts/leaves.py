"""Writes to leave (请假): who is away, and who stands in (顶岗) and has their roles meanwhile."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.errors import PersonNotFound
from app.identity.models import Grant, Person, Role
from app.identity.queries import held_at
from app.kit import actions, clock, outbox
from app.kit.ids import new_id
from app.posts import appointments, lists, queries
from app.posts.errors import (
    DaysWrong,
    LeaveOver,
    LeaveOverlaps,
    OutsideSubtree,
    StandInForbidden,
    StandInUnknown,
)  # fmt: skip
from app.posts.models import Appointment, Leave, Post
from app.posts.schemas import LeaveDraft
from app.regions.models import Region
from app.regions.queries import root_of

LONGEST = timedelta(days=366)


def take(tx: Session, actor: Actor, draft: LeaveDraft) -> UUID:
    """Puts a person on leave: oneself, or somebody whose roster one keeps.

    Raises PersonNotFound, OutsideSubtree, DaysWrong, StandInUnknown, StandInForbidden,
    LeaveOverlaps.
    """
    now = clock.now()
    paths = _may_change(tx, actor, draft.person_id)
    soon = now - LONGEST <= draft.starts_at <= now + LONGEST
    if not (soon and draft.starts_at < draft.ends_at <= draft.starts_at + LONGEST):
        raise DaysWrong
    if draft.ends_at <= now:
        raise DaysWrong
    _check_stand_in(tx, actor, draft, paths)
    # Locked, so that two leaves of one person see each other.
    tx.get(Person, draft.person_id, with_for_update={"key_share": True})
    overlapping = exists().where(
        Leave.person_id == draft.person_id, Leave.cancelled_at.is_(None),
        Leave.starts_at < draft.ends_at, Leave.ends_at > draft.starts_at,
    )  # fmt: skip
    if tx.scalar(select(overlapping)):
        raise LeaveOverlaps
    leave = Leave(id=new_id(), created_by=actor.person_id, created_at=now, **draft.model_dump())
    tx.add(leave)
    tx.flush()
    actions.record(tx, actor.person_id, "leave.taken", "leave", leave.id)
    _turn(tx, actor, leave)
    return leave.id


def cancel(tx: Session, actor: Actor, leave_id: UUID) -> None:
    """Cancels a leave, also one that has begun. Raises LeaveNotFound, OutsideSubtree, LeaveOver."""
    _may_change(tx, actor, lists.get_leave(tx, actor, leave_id).person_id)
    leave = tx.get_one(Leave, leave_id, with_for_update=True, populate_existing=True)
    if leave.cancelled_at is not None or leave.ends_at <= clock.now():
        raise LeaveOver
    leave.cancelled_at = clock.now()
    tx.flush()
    actions.record(tx, actor.person_id, "leave.cancelled", "leave", leave_id)
    appointments.settle_all(tx, actor.person_id, _appointed(tx, leave.person_id))


def _appointed(tx: Session, person_id: UUID) -> list[UUID]:
    """The appointments of a person that last or are to come."""
    mine = select(Appointment.id).where(Appointment.person_id == person_id, queries.lasting())
    return list(tx.scalars(mine))


def _may_change(tx: Session, actor: Actor, person_id: UUID) -> list[str]:
    """The paths of the person's posts. Raises PersonNotFound (none is the actor's), OutsideSubtree.

    All of them must be the actor's: a leave is from every post that somebody has.
    """
    ids = _appointed(tx, person_id)
    paths = [place.path for one in ids for place in queries.places(tx, one)]
    if person_id == actor.person_id:
        return paths
    kept = [actor.holds(lists.ROSTER_KEEPERS, path) for path in paths]
    if not any(kept):
        raise PersonNotFound
    if not all(kept):
        raise OutsideSubtree
    return paths


def _check_stand_in(tx: Session, actor: Actor, draft: LeaveDraft, paths: list[str]) -> None:
    # For a while the stand-in has the absent one's roles, so they work in the same districts.
    if draft.stand_in_id is None:
        return
    held = _roles(tx, draft.stand_in_id)
    theirs = {district for _, district in held}
    wanted = {root_of(path) for path in paths}
    if draft.stand_in_id == draft.person_id or not theirs or not wanted <= theirs:
        raise StandInUnknown
    if actor.person_id == draft.person_id:
        return
    administers = all(actor.holds({Role.ADMINISTRATOR}, path) for path in paths)
    has_them = _carried(tx, draft.person_id) <= held
    # Only who administers has roles to give to others, and nobody has any to give to themselves.
    enough = all if draft.stand_in_id == actor.person_id else any
    if not enough((administers, has_them)):
        raise StandInForbidden


def _roles(tx: Session, person_id: UUID) -> set[tuple[str, str]]:
    """Role and district of what an active person holds in their own right."""
    query = (
        select(Grant.role, Region.path)
        .join(Region, Region.code == Grant.region_code)
        .join(Person, Person.id == Grant.person_id)
        .outerjoin(Appointment, Appointment.id == Grant.appointment_id)
        .where(
            Grant.person_id == person_id, held_at(clock.now()), Person.state == "active",
            # Not what they have as a stand-in themselves: it could be handed on and on.
            or_(Grant.appointment_id.is_(None), Appointment.person_id == person_id),
        )
    )  # fmt: skip
    return {(row.role, root_of(row.path)) for row in tx.execute(query)}


def _carried(tx: Session, person_id: UUID) -> set[tuple[str, str]]:
    """Role and district of what the posts of a person carry, also those yet to begin."""
    query = (
        select(Appointment.id, Post.role)
        .join(Post, Post.code == Appointment.post_code)
        .where(Appointment.person_id == person_id, queries.lasting())
    )
    return {
        (row.role, root_of(place.path))
        for row in tx.execute(query)
        for place in queries.places(tx, row.id)
    }


def _turn(tx: Session, actor: Actor, leave: Leave) -> None:
    """Roles change hands now if the leave has begun, and to the minute when it begins and ends."""
    now = clock.now()
    appointments.settle_all(tx, actor.person_id, _appointed(tx, leave.person_id))
    for at in (leave.starts_at, leave.ends_at):
        if at > now:
            outbox.enqueue(tx, "appointments.turned", delay=at - now)

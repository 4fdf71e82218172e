"""Writes to groupings (联村): whoever is appointed to one follows its members."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.kit import actions
from app.posts import appointments, queries
from app.posts.errors import OutsideSubtree, SelfAppointment
from app.posts.models import Appointment, Post
from app.regions import queries as regions
from app.regions import service
from app.regions.errors import RegionUnknown
from app.regions.models import Grouping, Region
from app.regions.schemas import GroupingDraft


def put(tx: Session, actor: Actor, code: str, draft: GroupingDraft) -> None:
    """Adds or replaces a grouping (联村); whoever is appointed to it follows its members.

    Raises OutsideSubtree (the district it is in or is to be in), RegionUnknown, MemberOutside,
    SelfAppointment (the actor's own post there would reach where they lack its role).
    """
    before = tx.get(Grouping, code, with_for_update={"key_share": True})
    districts = {draft.district, *([before.district] if before is not None else [])}
    for district in districts:
        region = tx.get(Region, district)
        if region is None:
            raise RegionUnknown
        if not actor.holds(appointments.ADMINISTRATORS, region.path):
            raise OutsideSubtree
    had = {place.code for place in regions.members(tx, code)}
    service.put_grouping(tx, code, draft)
    _refuse_own_gain(tx, actor, code, had)
    actions.record(tx, actor.person_id, "grouping.put", "grouping", code)
    appointed = select(Appointment.id).where(Appointment.grouping_code == code)
    appointments.settle_all(
        tx, actor.person_id, tx.scalars(appointed.order_by(Appointment.id)).all()
    )


def _refuse_own_gain(tx: Session, actor: Actor, code: str, had: set[str]) -> None:
    own = select(Post.role).join(Appointment, Appointment.post_code == Post.code)
    mine = Appointment.person_id == actor.person_id
    roles = tx.scalars(own.where(mine, Appointment.grouping_code == code, queries.lasting())).all()
    gained = [place for place in regions.members(tx, code) if place.code not in had]
    if any(not actor.holds({role}, place.path) for role in roles for place in gained):
        raise SelfAppointment

"""Writes to nets, units and posts: what a person can be appointed to."""

from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions
from app.posts import imports, lists
from app.posts.errors import NetUnknown, OutsideSubtree, PostInUse, SharedAcrossDistricts
from app.posts.models import Appointment, Net, Post, Unit
from app.posts.schemas import NetDraft, PostDraft, UnitDraft
from app.regions.errors import RegionUnknown
from app.regions.models import Region

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


def load_seed(tx: Session) -> int:
    """Adds the nets and posts that are absent; a district's own edits are left alone."""
    added = 0
    for code, net in imports.seed_nets().items():
        if tx.get(Net, code) is None:
            tx.add(Net(code=code, **net.model_dump()))
            added += 1
    tx.flush()
    for code, post in imports.seed_posts().items():
        if tx.get(Post, code) is None:
            tx.add(Post(code=code, **post.model_dump()))
            added += 1
    tx.flush()
    return added


def put_net(tx: Session, actor: Actor, code: str, draft: NetDraft) -> Net:
    """Adds or replaces a net, which is for whole districts.

    Raises OutsideSubtree, SharedAcrossDistricts (other districts have people in posts of it).
    """
    districts = _districts(actor)
    values = draft.model_dump()
    net = tx.get(Net, code, with_for_update=True)
    if net is not None and _differs(net, values):
        _refuse_shared(tx, Post.net_code == code, districts)
    net = net or Net(code=code)
    for field, value in values.items():
        setattr(net, field, value)
    tx.add(net)
    tx.flush()
    actions.record(tx, actor.person_id, "net.put", "net", code)
    return net


def _districts(actor: Actor) -> list[str]:
    # Every district shares the nets and posts, so a street's administrator leaves them alone.
    held = [path for path in actor.paths(ADMINISTRATORS) if path.count("/") == 2]  # noqa: PLR2004
    if not held:
        raise OutsideSubtree
    return held


def _differs(row: Any, values: dict[str, Any]) -> bool:
    return any(getattr(row, field) != value for field, value in values.items())


def _refuse_shared(tx: Session, which: ColumnElement[bool], districts: list[str]) -> None:
    # Out of use, or on another rung, it would change the work of people in other districts.
    if lists.in_use_outside(tx, which, districts):
        raise SharedAcrossDistricts


def put_unit(tx: Session, actor: Actor, code: str, draft: UnitDraft) -> Unit:
    """Adds or replaces a unit. Raises RegionUnknown, OutsideSubtree (where it is or is to be)."""
    unit = tx.get(Unit, code, with_for_update={"key_share": True})
    if unit is not None:
        _refuse_outside(tx, actor, unit.region_code)
    _refuse_outside(tx, actor, draft.region_code)
    unit = unit or Unit(code=code)
    for field, value in draft.model_dump().items():
        setattr(unit, field, value)
    tx.add(unit)
    tx.flush()
    actions.record(tx, actor.person_id, "unit.put", "unit", code, region=draft.region_code)
    return unit


def _refuse_outside(tx: Session, actor: Actor, region_code: str) -> None:
    region = tx.get(Region, region_code)
    if region is None:
        raise RegionUnknown
    if not actor.holds(ADMINISTRATORS, region.path):
        raise OutsideSubtree


def put_post(tx: Session, actor: Actor, code: str, draft: PostDraft) -> Post:
    """Adds or replaces a post.

    Raises OutsideSubtree, NetUnknown, PostInUse, SharedAcrossDistricts.

    Its role is fixed once anyone was appointed: otherwise an administrator of one district could
    give people of another a role that nobody there granted.
    """
    districts = _districts(actor)
    values = draft.model_dump()
    if draft.net_code is not None and tx.get(Net, draft.net_code) is None:
        raise NetUnknown
    # An appointment's foreign key takes a share of this row, so FOR UPDATE keeps newcomers out.
    post = tx.get(Post, code, with_for_update=True)
    held = select(exists().where(Appointment.post_code == code))
    if post is not None and post.role != draft.role and tx.scalar(held):
        raise PostInUse
    if post is not None and _differs(post, values):
        _refuse_shared(tx, Post.code == code, districts)
    post = post or Post(code=code)
    for field, value in values.items():
        setattr(post, field, value)
    tx.add(post)
    tx.flush()
    actions.record(tx, actor.person_id, "post.put", "post", code, role=draft.role)
    return post

"""Reads of supervision: orders, escalations, and whom a region or a case has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.cases.models import Case
from app.clocks.models import Clock
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit.page import Slice, cut
from app.notify.models import Message
from app.posts import queries as posts
from app.regions.models import Region
from app.regions.queries import under
from app.supervision.errors import SupervisionNotFound
from app.supervision.models import Escalation, SupervisionOrder

OVERDUE = "supervision.overdue"


@dataclass(frozen=True)
class Filters:
    """How the list of orders is narrowed."""

    state: str | None = None
    region: str | None = None


def _orders() -> Select[Any]:
    return (
        select(*SupervisionOrder.__table__.c, Case.number.label("case_number"), Case.region_code)
        .join(Case, Case.id == SupervisionOrder.case_id)
        .join(Region, Region.code == Case.region_code)
    )


def _visible_to(actor: Actor) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """THE rule for orders: those one gave, and those of the cases that one sees."""
    held, given = cases.asking(actor)
    mine = SupervisionOrder.ordered_by == actor.person_id
    return or_(cases.visible_to(held), mine), given


def orders(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of the orders that the actor sees, the newest first."""
    visible, given = _visible_to(actor)
    query = _orders().where(visible)
    if wanted.state is not None:
        query = query.where(SupervisionOrder.state == wanted.state)
    if wanted.region is not None:
        path = tx.scalar(select(Region.path).where(Region.code == wanted.region))
        query = query.where(under(Region.path, path or "-"))
    keys = (SupervisionOrder.ordered_at, SupervisionOrder.id)
    filters = (actor.person_id, *vars(wanted).values())
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters, given=given)


def get_order(tx: Session, actor: Actor, order_id: UUID) -> Any:
    """One order. Raises SupervisionNotFound, also when not visible."""
    visible, given = _visible_to(actor)
    row = tx.execute(_orders().where(SupervisionOrder.id == order_id, visible), given).first()
    if row is None:
        raise SupervisionNotFound
    return row


def find_order(tx: Session, order_id: UUID) -> Any:
    """An order for the worker, as it stands now."""
    return tx.execute(_orders().where(SupervisionOrder.id == order_id)).one()


def has_open(tx: Session, case_id: UUID) -> bool:
    """Whether an order of the case waits for its answer."""
    waiting = exists().where(SupervisionOrder.case_id == case_id, SupervisionOrder.state == "open")
    return bool(tx.scalar(select(waiting)))


_TOLD = exists().where(
    Message.person_id == SupervisionOrder.ordered_by,
    Message.kind == OVERDUE,
    Message.subject == SupervisionOrder.number,
)


def unanswered(tx: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Open orders past their time whose orderer has not heard of it yet, the oldest first."""
    query = select(SupervisionOrder.id).where(
        SupervisionOrder.state == "open", SupervisionOrder.due_at <= now, ~_TOLD
    )
    oldest = query.order_by(SupervisionOrder.ordered_at, SupervisionOrder.id)
    return tx.scalars(oldest.limit(limit)).all()


def is_unanswered(tx: Session, order_id: UUID, now: datetime) -> bool:
    """Whether this order is one of `unanswered`."""
    found = exists().where(
        SupervisionOrder.id == order_id, SupervisionOrder.state == "open",
        SupervisionOrder.due_at <= now, ~_TOLD,
    )  # fmt: skip
    return bool(tx.scalar(select(found)))


def escalations(tx: Session, case_id: UUID) -> Sequence[Any]:
    """The steps up of all clocks of a case, in their order."""
    query = (
        select(*Escalation.__table__.c, Clock.kind.label("clock"), Region.name.label("region_name"))
        .join(Clock, Clock.id == Escalation.clock_id)
        .join(Region, Region.code == Escalation.region_code)
        .where(Escalation.case_id == case_id)
    )
    return tx.execute(query.order_by(Escalation.created_at, Escalation.id)).all()


def steps(tx: Session, clock_id: UUID, since: datetime) -> tuple[int, Any]:
    """How many steps a clock went up before `since`, and the last step from then on, or None.

    An extension lets a clock run in time again, and its steps begin anew.
    """
    mine = Escalation.clock_id == clock_id
    before = select(func.count()).where(mine, Escalation.created_at < since)
    last = select(Escalation).where(mine, Escalation.created_at >= since)
    newest = last.order_by(Escalation.level.desc()).limit(1)
    return tx.scalar(before) or 0, tx.scalars(newest).first()


def on_duty(tx: Session, path: str, roles: Iterable[str], at: datetime) -> list[UUID]:
    """Who hears of something in the nearest region on a path that has anyone with the roles:
    the people on duty in posts there, stand-ins too, or else all who hold a role there."""
    around = [h for h in posts.holders(tx, path, at) if h.role in roles and h.on_duty]
    nearest = max((holder.level for holder in around), default=-1)
    level, people = identity.nearest_holding(tx, path, roles)
    if nearest < level:
        return people
    return sorted({holder.person_id for holder in around if holder.level == nearest})

"""Reads of patrols: who sees which, plans, one patrol with its way, and whom a region has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.identity.access import Actor
from app.identity.models import Person, Role
from app.kit import clock
from app.kit.page import Slice, cut, merged
from app.patrols.errors import PatrolNotFound, PlanNotFound
from app.patrols.models import Patrol, PatrolFinding, PatrolPlan, PatrolPoint
from app.patrols.rules import between
from app.regions.models import Region
from app.regions.queries import spans, under, under_any

HEADS = frozenset({Role.GRID_HEAD, Role.DISPATCHER, Role.ADMINISTRATOR})
WALKERS = HEADS | {Role.GRID_STAFF, Role.HANDLER, Role.CHECKER}

STATES = ("planned", "started", "done", "missed")


@dataclass(frozen=True)
class Filters:
    """How the list of patrols is narrowed."""

    region: str | None = None
    state: str | None = None
    mine: bool = False
    first: date | None = None
    last: date | None = None


def _visible_to(actor: Actor, person: Any) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """THE rule for patrols and plans: one's own, and those of the regions that one heads."""
    paths = actor.paths(HEADS)
    return or_(under_any(Region.path, len(paths)), person == actor.person_id), spans(paths)


def _plans() -> Select[Any]:
    return (
        select(
            *PatrolPlan.__table__.c,
            Region.path,
            Region.name.label("region_name"),
            Person.name.label("person_name"),
        )
        .join(Region, Region.code == PatrolPlan.region_code)
        .join(Person, Person.id == PatrolPlan.person_id)
    )


def plans(tx: Session, actor: Actor, region: str | None, limit: int, cursor: str | None) -> Slice:
    """A page of the plans that the actor sees, the newest first."""
    visible, given = _visible_to(actor, PatrolPlan.person_id)
    query = _in_region(tx, _plans().where(visible), region)
    keys, filters = (PatrolPlan.created_at, PatrolPlan.id), (actor.person_id, region)
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters, given=given)


def get_plan(tx: Session, actor: Actor, plan_id: UUID, *, lock: bool = False) -> Any:
    """Raises PlanNotFound, also when not visible."""
    visible, given = _visible_to(actor, PatrolPlan.person_id)
    query = _plans().where(PatrolPlan.id == plan_id, visible)
    if lock:
        query = query.with_for_update(of=PatrolPlan, key_share=True)
    row = tx.execute(query, given).first()
    if row is None:
        raise PlanNotFound
    return row


def plans_of_weekday(tx: Session, weekday: int) -> list[PatrolPlan]:
    """The active plans of a weekday (1 Monday); a district has some hundreds at most."""
    active = select(PatrolPlan).where(PatrolPlan.active).order_by(PatrolPlan.id)
    return [plan for plan in tx.scalars(active) if weekday in plan.weekdays]


def _patrols() -> Select[Any]:
    return (
        select(
            *Patrol.__table__.c,
            Region.path,
            Region.name.label("region_name"),
            Person.name.label("person_name"),
            PatrolPlan.name.label("plan_name"),
            PatrolPlan.stops,
        )
        .join(Region, Region.code == Patrol.region_code)
        .join(Person, Person.id == Patrol.person_id)
        .outerjoin(PatrolPlan, PatrolPlan.id == Patrol.plan_id)
    )


def patrols(tx: Session, actor: Actor, wanted: Filters, limit: int, cursor: str | None) -> Slice:
    """A page of the patrols that the actor sees: one's own the newest first, those of regions by
    the end of their hours, the latest first, and of 31 days unless others are asked for.

    Raises DaysInvalid.
    """
    paths, of_days = actor.paths(HEADS), _of_days(wanted)
    query = _in_region(tx, _patrols().where(*of_days), wanted.region)
    filters = (actor.person_id, *vars(wanted).values())
    how: dict[str, Any] = {"limit": limit, "cursor": cursor, "filters": filters}
    if wanted.mine or not paths:
        own = query.where(Patrol.person_id == actor.person_id)
        if wanted.state:
            own = own.where(Patrol.state == wanted.state)
        return cut(tx, own, (Patrol.created_at, Patrol.id), **how)
    visible, given = _visible_to(actor, Patrol.person_id)
    # Each state walks its own stretch of the index on state and hours; nothing is sorted.
    ways = [
        (query.where(visible, Patrol.state == state), (Patrol.due_at, Patrol.id))
        for state in ([wanted.state] if wanted.state else STATES)
    ]
    return merged(tx, ways, given=given, **how)


def _of_days(wanted: Filters) -> list[ColumnElement[bool]]:
    """Business days as hours: a patrol ends on its day, and an index is on the hours' end."""
    if wanted.mine and wanted.first is None and wanted.last is None:
        return []
    begin, end = between(wanted.first, wanted.last, clock.business_day(clock.now()))
    return [Patrol.due_at >= begin, Patrol.due_at < end]


def get_patrol(tx: Session, actor: Actor, patrol_id: UUID, *, lock: bool = False) -> Any:
    """One patrol; locked, its state cannot change. Raises PatrolNotFound, also not visible."""
    visible, given = _visible_to(actor, Patrol.person_id)
    query = _patrols().where(Patrol.id == patrol_id, visible)
    if lock:
        query = query.with_for_update(of=Patrol, key_share=True)
    row = tx.execute(query, given).first()
    if row is None:
        raise PatrolNotFound
    return row


def _in_region(tx: Session, query: Select[Any], region: str | None) -> Select[Any]:
    if region is None:
        return query
    path = tx.scalar(select(Region.path).where(Region.code == region))
    return query.where(under(Region.path, path or "-"))


def points(tx: Session, patrol_id: UUID) -> Sequence[Any]:
    """Check-ins and track, as they came in."""
    mine = select(*PatrolPoint.__table__.c).where(PatrolPoint.patrol_id == patrol_id)
    return tx.execute(mine.order_by(PatrolPoint.position)).all()


def next_position(tx: Session, patrol_id: UUID) -> int:
    """Where the next point goes; the patrol's row must be locked."""
    query = select(func.max(PatrolPoint.position)).where(PatrolPoint.patrol_id == patrol_id)
    return (tx.scalar(query) or 0) + 1


def last_of_track(tx: Session, patrol_id: UUID) -> Any:
    query = select(PatrolPoint.lat, PatrolPoint.lng, PatrolPoint.at).where(
        PatrolPoint.patrol_id == patrol_id, PatrolPoint.kind == "track"
    )
    return tx.execute(query.order_by(PatrolPoint.position.desc()).limit(1)).first()


def done_stops(tx: Session, patrol_id: UUID) -> dict[int, datetime]:
    """When each stop was ticked off for the first time."""
    query = (
        select(PatrolPoint.stop, func.min(PatrolPoint.at))
        .where(PatrolPoint.patrol_id == patrol_id, PatrolPoint.stop.is_not(None))
        .group_by(PatrolPoint.stop)
    )
    rows: Any = tx.execute(query)
    return dict(rows.all())


def findings(tx: Session, patrol_id: UUID) -> Sequence[Any]:
    """The cases that a patrol found, in the order in which it found them."""
    query = (
        select(PatrolFinding.case_id, Case.number, PatrolFinding.created_at)
        .join(Case, Case.id == PatrolFinding.case_id)
        .where(PatrolFinding.patrol_id == patrol_id)
    )
    return tx.execute(query.order_by(PatrolFinding.created_at, PatrolFinding.case_id)).all()

"""Plans of patrols: made and ended by heads, turned into each day's patrols by the worker."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.grids.service import to_wgs84
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.db import insert_for, insert_row
from app.kit.ids import new_id
from app.patrols import queries
from app.patrols.errors import PlanEnded, PlanForbidden, WalkerUnfit
from app.patrols.models import Patrol, PatrolPlan, PatrolPoint
from app.patrols.queries import HEADS, WALKERS
from app.patrols.rules import moment
from app.patrols.schemas import PlanDraft, StopDraft
from app.regions.errors import RegionUnknown
from app.regions.models import Region

# So long after its hours a patrol is over, though nobody said so.
OVER_AFTER = timedelta(hours=2)


def add_plan(tx: Session, actor: Actor, draft: PlanDraft) -> UUID:
    """Plans patrols of one person. Raises RegionUnknown, PlanForbidden, WalkerUnfit."""
    region = tx.get(Region, draft.region_code)
    if region is None:
        raise RegionUnknown
    if not actor.holds(HEADS, region.path):
        raise PlanForbidden
    if draft.person_id not in identity.holding(tx, region.path, WALKERS):
        raise WalkerUnfit
    plan_id = new_id()
    insert_row(
        tx, PatrolPlan, id=plan_id, name=draft.name, region_code=region.code,
        person_id=draft.person_id, weekdays=sorted(draft.weekdays), starts=draft.starts,
        ends=draft.ends, stops=[_stop(stop) for stop in draft.stops], active=True,
        created_by=actor.person_id, created_at=clock.now(),
    )  # fmt: skip
    actions.record(tx, actor.person_id, "patrol_plan.added", "patrol_plan", plan_id)
    return plan_id


def _stop(stop: StopDraft) -> dict[str, Any]:
    lat, lng = to_wgs84(stop.lat, stop.lng, stop.crs)
    return {"name": stop.name, "lat": lat, "lng": lng}


def end_plan(tx: Session, actor: Actor, plan_id: UUID) -> None:
    """Ends a plan, and with it what it planned for today and nobody has begun.

    Raises PlanNotFound, PlanForbidden (one's own, without being a head), PlanEnded.
    """
    plan = queries.get_plan(tx, actor, plan_id, lock=True)
    if not actor.holds(HEADS, plan.path):
        raise PlanForbidden
    if not plan.active:
        raise PlanEnded
    tx.execute(update(PatrolPlan).where(PatrolPlan.id == plan_id).values(active=False))
    waiting = (Patrol.plan_id == plan_id, Patrol.state == "planned", Patrol.due_at > clock.now())
    tx.execute(delete(Patrol).where(*waiting))
    actions.record(tx, actor.person_id, "patrol_plan.ended", "patrol_plan", plan_id)


def plan_today(tx: Session) -> None:
    """Makes today's patrols of every active plan; each once, however often it is asked."""
    now = clock.now()
    day = clock.business_day(now)
    for plan in queries.plans_of_weekday(tx, day.isoweekday()):
        due_at = moment(day, plan.ends)
        # A plan made after its hours begins on its next day.
        if plan.created_at >= due_at:
            continue
        row = insert_for(tx, Patrol).values(
            id=new_id(), plan_id=plan.id, person_id=plan.person_id, region_code=plan.region_code,
            day=day.isoformat(), state="planned", due_at=due_at, distance_m=0, created_at=now,
        )  # fmt: skip
        tx.execute(row.on_conflict_do_nothing(index_elements=["plan_id", "day"]))


def miss_due(tx: Session) -> list[Any]:
    """Marks what was planned and not begun in its hours as missed, and gives those rows."""
    due = update(Patrol).where(Patrol.state == "planned", Patrol.due_at <= clock.now())
    missed = due.values(state="missed").returning(
        Patrol.id, Patrol.plan_id, Patrol.person_id, Patrol.region_code, Patrol.day
    )
    return list(tx.execute(missed, execution_options={"synchronize_session": False}).all())


def finish_due(tx: Session) -> None:
    """Ends patrols two hours after their hours: with the last point, or else with the hours."""
    over = (Patrol.state == "started", Patrol.due_at <= clock.now() - OVER_AFTER)
    # Locked before its points are read: a track that is just coming in is whole, or the patrol is
    # left for the next time.
    found = select(Patrol.id).where(*over).order_by(Patrol.id)
    ids = list(tx.scalars(found.with_for_update(key_share=True, skip_locked=True)))
    last = select(func.max(PatrolPoint.at)).where(PatrolPoint.patrol_id == Patrol.id)
    done = (
        update(Patrol)
        .where(Patrol.id.in_(ids))
        .values(state="done", ended_at=func.coalesce(last.scalar_subquery(), Patrol.due_at))
    )
    tx.execute(done, execution_options={"synchronize_session": False})

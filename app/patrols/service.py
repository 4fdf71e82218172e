"""What happens on a patrol: begun, checked in, walked, found something, finished."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.cases.opening import Finding, open_case
from app.categories import queries as categories
from app.grids.service import GridCache, to_wgs84
from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.db import insert_row, insert_rows
from app.kit.ids import new_id
from app.patrols import queries
from app.patrols.errors import (
    PatrolForbidden,
    PatrolForeign,
    PatrolFull,
    PatrolNotPlanned,
    PatrolNotStarted,
    StopTooFar,
    StopUnknown,
    TrackImpossible,
)  # fmt: skip
from app.patrols.models import Patrol, PatrolFinding, PatrolPoint
from app.patrols.queries import WALKERS
from app.patrols.rules import Fix, end_of_day, in_order, too_far_m, walk
from app.patrols.schemas import CheckInDraft, FindingDraft, PatrolDraft, TrackPointDraft
from app.regions.errors import RegionUnknown
from app.regions.models import Region

# A phone's clock may run a little ahead of ours.
AHEAD = timedelta(minutes=2)
# Of a whole patrol, check-ins too: fourteen hours with a point every ten seconds.
MOST_POINTS = 5_000


def begin(tx: Session, actor: Actor, draft: PatrolDraft) -> UUID:
    """Begins a patrol that nobody planned. Raises RegionUnknown, PatrolForbidden."""
    region = tx.get(Region, draft.region_code)
    if region is None:
        raise RegionUnknown
    if not actor.holds(WALKERS, region.path):
        raise PatrolForbidden
    patrol_id, now = new_id(), clock.now()
    day = clock.business_day(now)
    insert_row(
        tx, Patrol, id=patrol_id, person_id=actor.person_id, region_code=region.code,
        day=day.isoformat(), state="started", due_at=end_of_day(day), started_at=now,
        distance_m=0, created_at=now,
    )  # fmt: skip
    actions.record(tx, actor.person_id, "patrol.begun", "patrol", patrol_id)
    return patrol_id


def start(tx: Session, actor: Actor, patrol_id: UUID) -> None:
    """Starts one's own planned patrol. Raises PatrolNotFound, PatrolForeign, PatrolNotPlanned.

    Past its hours it is missed, whether the worker has said so yet or not.
    """
    patrol, now = _mine(tx, actor, patrol_id), clock.now()
    if patrol.state != "planned" or patrol.due_at <= now:
        raise PatrolNotPlanned
    _set(tx, patrol_id, state="started", started_at=now)
    actions.record(tx, actor.person_id, "patrol.started", "patrol", patrol_id)


def check_in(tx: Session, actor: Actor, patrol_id: UUID, draft: CheckInDraft) -> None:
    """Notes where one is, and ticks a stop off when one is near it.

    Raises PatrolNotFound, PatrolForeign, PatrolNotStarted, PatrolFull, StopUnknown, StopTooFar.
    """
    patrol = _under_way(tx, actor, patrol_id)
    lat, lng = to_wgs84(draft.lat, draft.lng, draft.crs)
    if draft.stop is not None:
        _refuse_far(patrol.stops or [], draft.stop, (lat, lng), draft.accuracy_m or 0)
    insert_row(
        tx, PatrolPoint, patrol_id=patrol_id, position=_room_for(tx, patrol_id, 1),
        kind="check_in", lat=lat, lng=lng, accuracy_m=draft.accuracy_m, stop=draft.stop,
        at=clock.now(),
    )  # fmt: skip
    actions.record(tx, actor.person_id, "patrol.checked_in", "patrol", patrol_id, stop=draft.stop)


def _refuse_far(
    stops: list[dict[str, Any]], number: int, place: tuple[float, float], accuracy_m: float
) -> None:
    if number >= len(stops):
        raise StopUnknown
    stop = stops[number]
    away_m = too_far_m((stop["lat"], stop["lng"]), place, accuracy_m)
    if away_m is not None:
        raise StopTooFar(distance_m=round(away_m))


def follow(tx: Session, actor: Actor, patrol_id: UUID, points: list[TrackPointDraft]) -> None:
    """Adds points to the track and their way to the distance; jumps are left out.

    Raises PatrolNotFound, PatrolForeign, PatrolNotStarted, PatrolFull, TrackImpossible (a point
    before the start, not later than the one before it, or in the future).
    """
    patrol = _under_way(tx, actor, patrol_id)
    before = queries.last_of_track(tx, patrol_id)
    last = Fix(before.lat, before.lng, before.at) if before else None
    fixes = [Fix(*to_wgs84(p.lat, p.lng, p.crs), p.at) for p in points]
    if not in_order(fixes, patrol.started_at, last, clock.now() + AHEAD):
        raise TrackImpossible
    kept, way_m = walk(last, fixes)
    first = _room_for(tx, patrol_id, len(kept))
    rows = [
        {"patrol_id": patrol_id, "position": position, "kind": "track", **vars(fix)}
        for position, fix in enumerate(kept, start=first)
    ]
    if rows:
        insert_rows(tx, PatrolPoint, rows)
    _set(tx, patrol_id, distance_m=Patrol.distance_m + round(way_m))


def find(tx: Session, actor: Actor, grids: GridCache, patrol_id: UUID, draft: FindingDraft) -> None:
    """Opens a case for what the patrol found; its points, if a rule gives some, follow the case.

    Raises PatrolNotFound, PatrolForeign, PatrolNotStarted, CategoryUnknown, the photo errors.
    """
    _under_way(tx, actor, patrol_id)
    if draft.category_code is not None:
        categories.get_category(tx, draft.category_code)
    lat, lng = to_wgs84(draft.place.lat, draft.place.lng, draft.place.crs)
    case = open_case(
        tx,
        grids,
        Finding(
            source="patrol", actor_id=actor.person_id, description=draft.description,
            category_code=draft.category_code, photo_ids=tuple(draft.photo_ids), lat=lat, lng=lng,
            accuracy_m=draft.place.accuracy_m,
        ),
    )  # fmt: skip
    insert_row(tx, PatrolFinding, patrol_id=patrol_id, case_id=case.id, created_at=clock.now())
    actions.record(tx, actor.person_id, "patrol.found", "patrol", patrol_id, number=case.number)


def finish(tx: Session, actor: Actor, patrol_id: UUID, summary: str | None) -> None:
    """Ends one's own patrol. Raises PatrolNotFound, PatrolForeign, PatrolNotStarted."""
    _under_way(tx, actor, patrol_id)
    _set(tx, patrol_id, state="done", ended_at=clock.now(), summary=summary)
    actions.record(tx, actor.person_id, "patrol.finished", "patrol", patrol_id)


def _mine(tx: Session, actor: Actor, patrol_id: UUID) -> Any:
    patrol = queries.get_patrol(tx, actor, patrol_id, lock=True)
    if patrol.person_id != actor.person_id:
        raise PatrolForeign
    return patrol


def _under_way(tx: Session, actor: Actor, patrol_id: UUID) -> Any:
    patrol = _mine(tx, actor, patrol_id)
    if patrol.state != "started":
        raise PatrolNotStarted
    return patrol


def _room_for(tx: Session, patrol_id: UUID, count: int) -> int:
    """Where so many more points go; the patrol's row must be locked. Raises PatrolFull."""
    first = queries.next_position(tx, patrol_id)
    if first - 1 + count > MOST_POINTS:
        raise PatrolFull
    return first


def _set(tx: Session, patrol_id: UUID, **values: Any) -> None:
    tx.execute(update(Patrol).where(Patrol.id == patrol_id).values(**values))


def read(tx: Session, actor: Actor, patrol_id: UUID) -> Any:
    """One patrol, to show its way; a look at somebody else's is noted. Raises PatrolNotFound."""
    patrol = queries.get_patrol(tx, actor, patrol_id)
    if patrol.person_id != actor.person_id:
        actions.record(tx, actor.person_id, "patrol.read", "patrol", patrol_id)
    return patrol

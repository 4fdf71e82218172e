"""Plans and patrols over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.categories.errors import CategoryUnknown
from app.grids.service import Grids
from app.identity.access import Actor, Staff, holding
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Day
from app.media.errors import PhotoNotFound, PhotoUsed
from app.patrols import planning, queries, service, views
from app.patrols.errors import (
    DaysInvalid,
    PatrolForbidden,
    PatrolForeign,
    PatrolFull,
    PatrolNotFound,
    PatrolNotPlanned,
    PatrolNotStarted,
    PlanEnded,
    PlanForbidden,
    PlanNotFound,
    StopTooFar,
    StopUnknown,
    TrackImpossible,
    WalkerUnfit,
)  # fmt: skip
from app.patrols.queries import HEADS, Filters
from app.patrols.schemas import (
    CheckInDraft,
    FindingDraft,
    FinishDraft,
    PatrolBrief,
    PatrolDraft,
    PatrolOut,
    PatrolTrackOut,
    PlanDraft,
    PlanOut,
    State,
    TrackDraft,
)  # fmt: skip
from app.regions.errors import RegionUnknown

router = Router(prefix="/v1", tags=["patrols 巡查"])
Head = Annotated[Actor, Resolver(holding(*HEADS))]
Region = Annotated[Code | None, Query(description="Code; its whole subtree")]
First = Annotated[
    Day | None,
    Query(alias="from", description="First business day, Asia/Shanghai; else 31 days, mine all"),
]
Last = Annotated[
    Day | None, Query(alias="to", description="Last business day, else today; at most 100 in all")
]
WALKING = (PersonOnly, StaffOnly, PatrolNotFound, PatrolForeign, PatrolNotStarted)


@router.get("/patrols", responses=raises(PersonOnly, StaffOnly, DaysInvalid))
@in_transaction
def list_patrols(
    tx: Session,
    actor: Staff,
    region: Region = None,
    state: Annotated[State | None, Query()] = None,
    mine: Annotated[bool, Query(description="One's own")] = False,
    first: First = None,
    last: Last = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[PatrolBrief]:
    """One's own patrols and those of the regions that one heads, latest first, missed ones too."""
    wanted = Filters(region, state, mine, first, last)
    return views.patrols_out(queries.patrols(tx, actor, wanted, limit, cursor))


@router.post("/patrols", responses=raises(PersonOnly, StaffOnly, RegionUnknown, PatrolForbidden))
@in_transaction(status=201)
def begin_patrol(tx: Session, actor: Staff, body: PatrolDraft) -> PatrolOut:
    """Begins a patrol that nobody planned."""
    patrol_id = service.begin(tx, actor, body)
    return views.patrol_out(tx, queries.get_patrol(tx, actor, patrol_id))


@router.get("/patrols/{patrol_id}", responses=raises(PersonOnly, StaffOnly, PatrolNotFound))
@in_transaction(write=True)
def get_patrol(tx: Session, actor: Staff, patrol_id: UUID) -> PatrolTrackOut:
    """One patrol with its way; a look at somebody else's is written into the action log."""
    return views.patrol_track_out(tx, service.read(tx, actor, patrol_id))


@router.post(
    "/patrols/{patrol_id}/start",
    responses=raises(PersonOnly, StaffOnly, PatrolNotFound, PatrolForeign, PatrolNotPlanned),
)
@in_transaction
def start_patrol(tx: Session, actor: Staff, patrol_id: UUID) -> PatrolOut:
    """Starts one's own planned patrol, before its hours are over."""
    service.start(tx, actor, patrol_id)
    return views.patrol_out(tx, queries.get_patrol(tx, actor, patrol_id))


@router.post(
    "/patrols/{patrol_id}/check-ins",
    responses=raises(*WALKING, PatrolFull, StopUnknown, StopTooFar),
)
@in_transaction(status=201)
def check_in(tx: Session, actor: Staff, patrol_id: UUID, body: CheckInDraft) -> PatrolOut:
    """Notes where one is; a stop of the plan is ticked off within 100 m and the accuracy."""
    service.check_in(tx, actor, patrol_id, body)
    return views.patrol_out(tx, queries.get_patrol(tx, actor, patrol_id))


@router.post("/patrols/{patrol_id}/track", responses=raises(*WALKING, PatrolFull, TrackImpossible))
@in_transaction
def add_track(tx: Session, actor: Staff, patrol_id: UUID, body: TrackDraft) -> PatrolOut:
    """Adds points to the way; those that nobody could have reached in time are left out."""
    service.follow(tx, actor, patrol_id, body.points)
    return views.patrol_out(tx, queries.get_patrol(tx, actor, patrol_id))


@router.post(
    "/patrols/{patrol_id}/findings",
    responses=raises(*WALKING, CategoryUnknown, PhotoNotFound, PhotoUsed),
)
@in_transaction(status=201, key_required=True)
def add_finding(
    tx: Session, actor: Staff, grids: Grids, patrol_id: UUID, body: FindingDraft
) -> PatrolOut:
    """Opens a case (source patrol) for what was found on the way."""
    service.find(tx, actor, grids, patrol_id, body)
    return views.patrol_out(tx, queries.get_patrol(tx, actor, patrol_id))


@router.post("/patrols/{patrol_id}/finish", responses=raises(*WALKING))
@in_transaction
def finish_patrol(tx: Session, actor: Staff, patrol_id: UUID, body: FinishDraft) -> PatrolOut:
    """Ends one's own patrol."""
    service.finish(tx, actor, patrol_id, body.summary)
    return views.patrol_out(tx, queries.get_patrol(tx, actor, patrol_id))


@router.get("/patrol-plans", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_patrol_plans(
    tx: Session, actor: Staff, region: Region = None, limit: Limit = 20, cursor: Cursor = None
) -> Page[PlanOut]:
    """The plans for oneself and for the regions that one heads, newest first."""
    return views.plans_out(queries.plans(tx, actor, region, limit, cursor))


@router.post(
    "/patrol-plans",
    responses=raises(PersonOnly, RoleMissing, RegionUnknown, PlanForbidden, WalkerUnfit),
)
@in_transaction(status=201)
def add_patrol_plan(tx: Session, actor: Head, body: PlanDraft) -> PlanOut:
    """Plans patrols of one person; the day's patrol appears within the hour."""
    plan_id = planning.add_plan(tx, actor, body)
    return views.plan_out(queries.get_plan(tx, actor, plan_id))


@router.post(
    "/patrol-plans/{plan_id}/end",
    responses=raises(PersonOnly, RoleMissing, PlanNotFound, PlanForbidden, PlanEnded),
)
@in_transaction
def end_patrol_plan(tx: Session, actor: Head, plan_id: UUID) -> PlanOut:
    """Ends a plan; what it planned for today and nobody has begun is dropped."""
    planning.end_plan(tx, actor, plan_id)
    return views.plan_out(queries.get_plan(tx, actor, plan_id))

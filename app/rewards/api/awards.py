"""Awards over HTTP: why these points, what is announced, and who objects."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.identity.access import Reporter, Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit import clock
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.regions.errors import RegionNotFound
from app.rewards import objections, queries, views
from app.rewards.errors import (
    AwardNotFound,
    DeciderNeeded,
    ObjectionDecided,
    ObjectionLate,
    ObjectionNotFound,
    ObjectionPointless,
    ObjectionRaised,
    ObjectionsTooOften,
    OwnAward,
)  # fmt: skip
from app.rewards.schemas import (
    AnnouncedOut,
    AwardOut,
    DecisionDraft,
    ObjectionDraft,
    ObjectionOut,
    RuleList,
    WhyOut,
)  # fmt: skip

router = Router(prefix="/v1", tags=["rewards 奖励"])
ObjectionState = Annotated[Literal["open", "upheld", "dismissed"] | None, Query(alias="state")]


@router.get("/points/rules")
@in_transaction
def list_rules(tx: Session) -> RuleList:
    """The rules of earning in force, public."""
    return RuleList(items=queries.rules(tx, clock.now()))


@router.get("/points/awards", responses=raises(PersonOnly))
@in_transaction
def list_awards(
    tx: Session, actor: Reporter, limit: Limit = 20, cursor: Cursor = None
) -> Page[AwardOut]:
    """Why the caller has these points: each award with its rule, caps and state."""
    return queries.mine(tx, actor.person_id, limit, cursor)


@router.get("/points/announced", responses=raises(RegionNotFound))
@in_transaction
def list_announced(
    tx: Session, region: Annotated[Code, Query()], limit: Limit = 20, cursor: Cursor = None
) -> Page[AnnouncedOut]:
    """公示: what was earned in a region and is not spendable yet, by masked names; public."""
    return views.announced(tx, region, limit, cursor)


@router.get("/awards/{award_id}", responses=raises(PersonOnly, AwardNotFound))
@in_transaction
def get_award(tx: Session, actor: Reporter, award_id: UUID) -> WhyOut:
    """Why these points: rule, version, inputs, caps, history; for the owner and the fund's."""
    return views.why(tx, actor, award_id)


@router.post(
    "/awards/{award_id}/objections",
    responses=raises(
        PersonOnly, AwardNotFound, OwnAward, ObjectionLate, ObjectionPointless, ObjectionRaised,
        ObjectionsTooOften,
    ),
)  # fmt: skip
@in_transaction(status=201)
def raise_objection(
    tx: Session, actor: Reporter, award_id: UUID, body: ObjectionDraft
) -> ObjectionOut:
    """Objects to an announced award: its points wait until another person has decided."""
    return views.objection(tx, objections.object_to(tx, actor, award_id, body))


@router.get("/objections", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_objections(
    tx: Session, actor: Staff, state: ObjectionState = None, limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[ObjectionOut]:  # fmt: skip
    """Objections in the regions whose funds the caller works with, the newest first."""
    return views.objections(tx, actor, state, limit, cursor)


@router.post(
    "/objections/{objection_id}/decide",
    responses=raises(
        PersonOnly, StaffOnly, ObjectionNotFound, OwnAward, DeciderNeeded, ObjectionDecided
    ),
)
@in_transaction
def decide_objection(
    tx: Session, actor: Staff, objection_id: UUID, body: DecisionDraft
) -> ObjectionOut:
    """Upheld, the points are taken back; dismissed, they are spendable when they are due."""
    objections.decide(tx, actor, objection_id, body)
    return views.objection(tx, objection_id)

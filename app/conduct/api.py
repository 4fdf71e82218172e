"""Blocks and standing over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.conduct import queries, service
from app.conduct.errors import (
    AlreadyBlocked,
    BlockForbidden,
    BlockNotFound,
    BlockOver,
    StaffNotBlocked,
    UntilPassed,
)  # fmt: skip
from app.conduct.schemas import BlockDraft, BlockOut, Level, OwnStanding, StandingOut
from app.identity.access import Actor, Reporter, holding
from app.identity.errors import PersonNotFound, PersonOnly, RoleMissing
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.kit.seal import Sealing

router = Router(prefix="/v1", tags=["conduct 行为"])
Moderator = Annotated[Actor, Resolver(holding(*queries.MODERATORS))]
NOT_THEIRS = (PersonOnly, RoleMissing, BlockForbidden)


@router.get("/me/standing", responses=raises(PersonOnly))
@in_transaction
def get_own_standing(tx: Session, actor: Reporter) -> OwnStanding:
    """How far the caller is trusted, and why and until when their reporting is paused."""
    return queries.own_standing(tx, actor.person_id)


@router.get("/standings", responses=raises(*NOT_THEIRS))
@in_transaction
def list_standings(
    tx: Session,
    actor: Moderator,
    level: Annotated[Level, Query()] = "watched",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[StandingOut]:
    """People of a level who reported in the caller's districts, by their counts alone, the lately
    counted first; no report is named."""
    return queries.standings(tx, actor, level, limit, cursor)


@router.get("/blocks", responses=raises(*NOT_THEIRS))
@in_transaction
def list_blocks(
    tx: Session,
    actor: Moderator,
    active: Annotated[bool | None, Query(description="Only those that hold, or have ended")] = None,
    member_no: Annotated[Code | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[BlockOut]:
    """The blocks of the caller's districts, and of who reported there, newest first."""
    return queries.blocks(tx, actor, active=active, member_no=member_no, limit=limit, cursor=cursor)


@router.post(
    "/blocks",
    responses=raises(*NOT_THEIRS, PersonNotFound, UntilPassed, StaffNotBlocked, AlreadyBlocked),
)
@in_transaction(status=201)
def block_person(tx: Session, actor: Moderator, seal: Sealing, body: BlockDraft) -> BlockOut:
    """Pauses the reporting (暂停上报) of somebody who reported in the district: no reports, no
    photos; everything else goes on."""
    return service.block(tx, actor, seal, body)


@router.post("/blocks/{block_id}/lift", responses=raises(*NOT_THEIRS, BlockNotFound, BlockOver))
@in_transaction
def lift_block(tx: Session, actor: Moderator, block_id: UUID) -> BlockOut:
    """Ends a block before its time."""
    return service.lift(tx, actor, block_id)

"""Groups and their notices over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.groups import queries, service
from app.groups.errors import (
    GridsApart,
    GridUnknown,
    GroupForbidden,
    GroupNotFound,
    RobotMissing,
)  # fmt: skip
from app.groups.queries import CALLERS, LEADERS
from app.groups.schemas import (
    GroupDraft,
    GroupOut,
    NoticeDraft,
    NoticeOut,
    RegionNoticeDraft,
    RegionNoticeOut,
)  # fmt: skip
from app.identity.access import Actor, Staff, holding
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.kit.seal import Sealing
from app.posts.errors import OutsideSubtree
from app.regions.errors import RegionUnknown

router = Router(prefix="/v1", tags=["groups 网格群"])
Leader = Annotated[Actor, Resolver(holding(*LEADERS))]
Caller = Annotated[Actor, Resolver(holding(*CALLERS))]
LEADING = (PersonOnly, RoleMissing, GroupForbidden)


@router.get("/groups", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_groups(
    tx: Session,
    actor: Staff,
    region: Annotated[Code | None, Query(description="Code; its whole subtree")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[GroupOut]:
    """The groups of the caller's regions, newest first."""
    return queries.groups(tx, actor, region, limit, cursor)


@router.post("/groups", responses=raises(*LEADING, GridUnknown, GridsApart))
@in_transaction(status=201)
def add_group(tx: Session, actor: Leader, seal: Sealing, body: GroupDraft) -> GroupOut:
    """Adds a group to grids; the caller leads all of them."""
    group_id = service.add_group(tx, actor, seal, body)
    return queries.get_group(tx, actor, group_id)


@router.get("/groups/{group_id}", responses=raises(PersonOnly, StaffOnly, GroupNotFound))
@in_transaction
def get_group(tx: Session, actor: Staff, group_id: UUID) -> GroupOut:
    """One group; its robot's address is never told."""
    return queries.get_group(tx, actor, group_id)


@router.put(
    "/groups/{group_id}", responses=raises(*LEADING, GroupNotFound, GridUnknown, GridsApart)
)
@in_transaction
def change_group(
    tx: Session, actor: Leader, seal: Sealing, group_id: UUID, body: GroupDraft
) -> GroupOut:
    """Changes a group; the robot stays unless `webhook` is named."""
    service.change_group(tx, actor, seal, group_id, body)
    return queries.get_group(tx, actor, group_id)


@router.post("/groups/{group_id}/notices", responses=raises(*LEADING, GroupNotFound, RobotMissing))
@in_transaction(status=201)
def add_group_notice(tx: Session, actor: Leader, group_id: UUID, body: NoticeDraft) -> NoticeOut:
    """Queues a notice that the group's robot says within a minute or two."""
    return service.add_notice(tx, actor, group_id, body.text)


@router.post(
    "/group-notices", responses=raises(PersonOnly, RoleMissing, RegionUnknown, OutsideSubtree)
)
@in_transaction(status=201)
def add_region_notice(tx: Session, actor: Caller, body: RegionNoticeDraft) -> RegionNoticeOut:
    """Queues a notice for all groups of the grids in a region, twenty a minute for each robot."""
    return service.add_region_notice(tx, actor, body)

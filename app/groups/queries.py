"""Reads of groups: who sees which, their grids, and what their robots have still to say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseReport
from app.categories.models import Category, PlainChoice
from app.grids.models import Grid
from app.groups.errors import GridsApart, GridUnknown, GroupNotFound
from app.groups.models import Group, GroupGrid, GroupMessage
from app.groups.schemas import GroupGridOut, GroupOut
from app.identity.access import Actor
from app.identity.models import Role
from app.kit.outbox import Job
from app.kit.page import Page, cut
from app.regions.models import Region
from app.regions.queries import spans, under, under_any
from app.reports.models import Report

LEADERS = frozenset({Role.GRID_HEAD, Role.ADMINISTRATOR})
# Who may say something to all groups of a region.
CALLERS = LEADERS | {Role.DISPATCHER}
READERS = LEADERS | {Role.GRID_STAFF, Role.DISPATCHER, Role.HANDLER, Role.CHECKER, Role.AUDITOR}
# What is read at once; the rest is read with the next.
MOST_WAITING = 1000


@dataclass(frozen=True)
class Grids:
    """The grids of a group and the smallest region above them all."""

    paths: list[str]
    region_code: str


def grids_of(tx: Session, codes: Sequence[str]) -> Grids:
    """Raises GridUnknown and, when they lie in several districts, GridsApart."""
    query = (
        select(Region.path).join(Grid, Grid.code == Region.code).where(Region.code.in_(set(codes)))
    )
    paths = list(tx.scalars(query.order_by(Region.path)))
    if len(paths) != len(set(codes)):
        raise GridUnknown
    common = []
    for steps in zip(*(path.strip("/").split("/") for path in paths), strict=False):
        if len(set(steps)) > 1:
            break
        common.append(steps[0])
    if not common:
        raise GridsApart
    return Grids(paths, common[-1])


def _count(state: str) -> Any:
    mine = GroupMessage.group_id == Group.id
    return select(func.count()).where(mine, GroupMessage.state == state).scalar_subquery()


def _groups(condition: ColumnElement[bool]) -> Select[Any]:
    """Groups with a grid whose region's path meets the condition."""
    grids = exists().where(
        GroupGrid.group_id == Group.id, Region.code == GroupGrid.region_code, condition
    )
    waiting, failed = _count("waiting").label("waiting"), _count("failed").label("failed")
    return select(*Group.__table__.c, waiting, failed).where(grids)


def groups(
    tx: Session, actor: Actor, region: str | None, limit: int, cursor: str | None
) -> Page[GroupOut]:
    """A page of the groups of the actor's regions, the newest first."""
    paths = actor.paths(READERS)
    query = _groups(under_any(Region.path, len(paths)))
    if region is not None:
        top = tx.scalar(select(Region.path).where(Region.code == region))
        query = query.where(Group.id.in_(_in_region(top or "-")))
    keys, filters = (Group.created_at, Group.id), (actor.person_id, region)
    found = cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters, given=spans(paths))
    return Page(items=_shown(tx, found.rows), next_cursor=found.next_cursor)


def _in_region(path: str) -> Select[Any]:
    member = select(GroupGrid.group_id).join(Region, Region.code == GroupGrid.region_code)
    return member.where(under(Region.path, path))


def get_group(tx: Session, actor: Actor, group_id: UUID) -> GroupOut:
    """A group with a grid in a region that the actor holds. Raises GroupNotFound."""
    paths = actor.paths(READERS)
    query = _groups(under_any(Region.path, len(paths))).where(Group.id == group_id)
    rows = tx.execute(query, spans(paths)).all()
    if not rows:
        raise GroupNotFound
    return _shown(tx, rows)[0]


def _shown(tx: Session, rows: Sequence[Any]) -> list[GroupOut]:
    query = (
        select(GroupGrid.group_id, Region.code, Region.name)
        .join(Region, Region.code == GroupGrid.region_code)
        .where(GroupGrid.group_id.in_([row.id for row in rows]))
    )
    grids: defaultdict[UUID, list[GroupGridOut]] = defaultdict(list)
    for grid in tx.execute(query.order_by(Region.code)):
        grids[grid.group_id].append(GroupGridOut(code=grid.code, name=grid.name))
    return [
        GroupOut(
            id=row.id, name=row.name, region_code=row.region_code, members=row.members,
            grids=grids[row.id], robot=row.sealed_key is not None, active=row.active,
            waiting=row.waiting, failed=row.failed, created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def told_of(tx: Session, region_code: str) -> list[UUID]:
    """The active groups of a grid whose robots can speak."""
    query = (
        select(Group.id)
        .join(GroupGrid, GroupGrid.group_id == Group.id)
        .where(GroupGrid.region_code == region_code, Group.active, Group.sealed_key.is_not(None))
    )
    return list(tx.scalars(query.order_by(Group.id)))


def of_region(tx: Session, path: str) -> Sequence[Any]:
    """Id and robot's state of each group with a grid below a path, locked in the order of ids.

    A row is `(id, speaks)`; one with a grid elsewhere too counts.
    """
    speaks = (Group.active & Group.sealed_key.is_not(None)).label("speaks")
    query = select(Group.id, speaks).where(Group.id.in_(_in_region(path)))
    return tx.execute(query.order_by(Group.id).with_for_update(key_share=True)).all()


def plain_category(tx: Session, case: Case) -> str:
    """The category as people call it: what the reporter chose, else what it was filed under."""
    chosen = (
        select(PlainChoice.name)
        .join(Report, Report.choice == PlainChoice.code)
        .join(CaseReport, CaseReport.report_id == Report.id)
        .where(CaseReport.case_id == case.id)
        .order_by(CaseReport.joined_at)
    )
    filed = select(Category.name).where(Category.code == case.category_code)
    return tx.scalar(chosen.limit(1)) or tx.scalar(filed) or "待分类"


def regions_above(tx: Session, path: str) -> Sequence[Any]:
    """Code, level and name of every region on a path, the district first."""
    query = select(Region.code, Region.level, Region.name)
    on_path = Region.code.in_(path.strip("/").split("/"))
    return tx.execute(query.where(on_path).order_by(Region.level)).all()


def waiting(tx: Session, group_id: UUID) -> Sequence[Any]:
    """What a robot has still to say: notices first, each kind the oldest first."""
    query = select(GroupMessage.id, GroupMessage.kind, GroupMessage.text).where(
        GroupMessage.state == "waiting", GroupMessage.group_id == group_id
    )
    notices = GroupMessage.kind == "notice"
    ordered = query.order_by(notices.desc(), GroupMessage.created_at, GroupMessage.id)
    return tx.execute(ordered.limit(MOST_WAITING)).all()


def with_something_to_say(tx: Session) -> list[UUID]:
    """The groups with waiting messages, locked in the order of their ids."""
    something = exists().where(GroupMessage.state == "waiting", GroupMessage.group_id == Group.id)
    query = select(Group.id).where(Group.active, Group.sealed_key.is_not(None), something)
    return list(tx.scalars(query.order_by(Group.id).with_for_update(key_share=True)))


def being_told(tx: Session) -> set[UUID]:
    """The groups for which a job is waiting or running: a second one would say things twice."""
    query = select(Job.payload).where(Job.state == "ready", Job.kind == "group.told")
    return {UUID(payload["group_id"]) for payload in tx.scalars(query)}

"""Writes to groups: who they are, what their robot is, and what it has to say."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.groups import queries
from app.groups.errors import GroupForbidden, RobotMissing
from app.groups.models import Group, GroupGrid, GroupMessage
from app.groups.queries import CALLERS, LEADERS, Grids
from app.groups.schemas import (
    GroupDraft,
    NoticeOut,
    RegionNoticeDraft,
    RegionNoticeOut,
    key_of,
)  # fmt: skip
from app.groups.texts import notice_text
from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.db import insert_for, insert_row, insert_rows
from app.kit.ids import new_id
from app.kit.seal import Seal
from app.posts.errors import OutsideSubtree
from app.regions.errors import RegionUnknown
from app.regions.models import Region


def add_group(tx: Session, actor: Actor, seal: Seal, draft: GroupDraft) -> UUID:
    """Adds a group. Raises GridUnknown, GridsApart, GroupForbidden."""
    grids = _led(actor, queries.grids_of(tx, draft.grid_codes))
    group_id, now = new_id(), clock.now()
    insert_row(
        tx, Group, id=group_id, name=draft.name, region_code=grids.region_code,
        members=draft.members, sealed_key=_sealed(seal, draft), active=draft.active,
        created_by=actor.person_id, created_at=now, updated_at=now,
    )  # fmt: skip
    _put_grids(tx, group_id, draft.grid_codes)
    actions.record(
        tx, actor.person_id, "group.added", "group", group_id, robot=draft.webhook is not None
    )
    return group_id


def change_group(tx: Session, actor: Actor, seal: Seal, group_id: UUID, draft: GroupDraft) -> None:
    """Makes a group what the draft says; a robot that it does not name stays.

    Raises GroupNotFound, GroupForbidden (its grids, or the new ones), GridUnknown, GridsApart.
    """
    before = _locked(tx, actor, group_id)
    grids = _led(actor, queries.grids_of(tx, draft.grid_codes))
    named = "webhook" in draft.model_fields_set
    key = _sealed(seal, draft) if named else before.sealed_key
    changed = update(Group).where(Group.id == group_id)
    tx.execute(
        changed.values(
            name=draft.name, region_code=grids.region_code, members=draft.members,
            sealed_key=key, active=draft.active, updated_at=clock.now(),
        )
    )  # fmt: skip
    tx.execute(delete(GroupGrid).where(GroupGrid.group_id == group_id))
    _put_grids(tx, group_id, draft.grid_codes)
    if key is None or not draft.active:
        # Nobody wants last week's news on the day when the robot is back.
        give_up(tx, group_id, "the group has no robot")
    actions.record(tx, actor.person_id, "group.changed", "group", group_id, robot_changed=named)


def add_notice(tx: Session, actor: Actor, group_id: UUID, text: str) -> NoticeOut:
    """Queues a notice. Raises GroupNotFound, GroupForbidden, RobotMissing."""
    group = _locked(tx, actor, group_id)
    if group.sealed_key is None or not group.active:
        raise RobotMissing
    notice_id, now = new_id(), clock.now()
    insert_row(
        tx, GroupMessage, id=notice_id, group_id=group_id, kind="notice", subject=str(notice_id),
        text=notice_text(text), state="waiting", created_at=now,
    )  # fmt: skip
    actions.record(tx, actor.person_id, "group.noticed", "group", group_id, notice=str(notice_id))
    return NoticeOut(id=notice_id, text=text, state="waiting", created_at=now)


def add_region_notice(tx: Session, actor: Actor, draft: RegionNoticeDraft) -> RegionNoticeOut:
    """Queues a notice for every group of a region's grids that can be spoken to, and counts them.

    Raises RegionUnknown, OutsideSubtree.
    """
    region = tx.get(Region, draft.region_code)
    if region is None:
        raise RegionUnknown
    if not actor.holds(CALLERS, region.path):
        raise OutsideSubtree
    groups = queries.of_region(tx, region.path)
    speaking = [group.id for group in groups if group.speaks]
    notice_id, now = new_id(), clock.now()
    said = {
        "kind": "notice", "subject": str(notice_id), "text": notice_text(draft.text),
        "state": "waiting", "created_at": now,
    }  # fmt: skip
    if speaking:
        rows = [{"id": new_id(), "group_id": group_id, **said} for group_id in speaking]
        insert_rows(tx, GroupMessage, rows)
    actions.record(
        tx, actor.person_id, "region.noticed", "region", region.code,
        notice=str(notice_id), groups=len(speaking),
    )  # fmt: skip
    return RegionNoticeOut(
        id=notice_id, region_code=region.code, text=draft.text, groups=len(speaking),
        silent=len(groups) - len(speaking), created_at=now,
    )  # fmt: skip


def add_case(tx: Session, group_id: UUID, number: str, text: str) -> None:
    """Queues the news of a case, once."""
    row = insert_for(tx, GroupMessage).values(
        id=new_id(), group_id=group_id, kind="case", subject=number, text=text, state="waiting",
        created_at=clock.now(),
    )  # fmt: skip
    tx.execute(row.on_conflict_do_nothing(index_elements=["group_id", "kind", "subject"]))


def give_up(tx: Session, group_id: UUID, error: str) -> None:
    """What waits for this group's robot will not be said."""
    mine = update(GroupMessage).where(
        GroupMessage.group_id == group_id, GroupMessage.state == "waiting"
    )
    tx.execute(mine.values(state="failed", error=error))


def _locked(tx: Session, actor: Actor, group_id: UUID) -> Any:
    """A group whose every grid the actor leads, locked. Raises GroupNotFound, GroupForbidden."""
    # The lock comes first: what is read after it is what this change stands on.
    this = select(*Group.__table__.c).where(Group.id == group_id)
    row = tx.execute(this.with_for_update(key_share=True)).first()
    seen = queries.get_group(tx, actor, group_id)
    _led(actor, queries.grids_of(tx, [grid.code for grid in seen.grids]))
    return row


def _led(actor: Actor, grids: Grids) -> Grids:
    if not all(actor.holds(LEADERS, path) for path in grids.paths):
        raise GroupForbidden
    return grids


def _sealed(seal: Seal, draft: GroupDraft) -> str | None:
    return None if draft.webhook is None else seal.seal(key_of(draft.webhook))


def _put_grids(tx: Session, group_id: UUID, codes: list[str]) -> None:
    rows = [{"group_id": group_id, "region_code": code} for code in sorted(set(codes))]
    tx.execute(insert(GroupGrid), rows)

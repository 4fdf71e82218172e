"""Reads of conduct: blocks, and how far people are trusted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, column, exists, or_, select, table
from sqlalchemy.orm import Session, aliased

from app.conduct.errors import BlockForbidden, BlockNotFound
from app.conduct.models import Block, Standing
from app.conduct.rules import REASONS
from app.conduct.schemas import BlockOut, OwnBlock, OwnStanding, StandingOut
from app.identity.access import Actor
from app.identity.models import Person, Role
from app.identity.texts import masked_name
from app.kit import clock
from app.kit.columns import IdType
from app.kit.page import Page, page
from app.regions.models import Region
from app.regions.queries import spans, under_any

MODERATORS = (Role.ADMINISTRATOR, Role.DISPATCHER)
_BY, _LIFTER = aliased(Person), aliased(Person)
# Named, because they lie on higher floors.
_REPORTS = table("reports", column("id", IdType()), column("person_id", IdType()))
_OF_CASE = table("case_reports", column("case_id", IdType()), column("report_id", IdType()))
_CASES = table("cases", column("id", IdType()), column("region_code"))


def active_at(at: Any) -> ColumnElement[bool]:
    """Whether a block holds at an instant: its end counts by itself."""
    return (Block.lifted_at.is_(None)) & or_(Block.until.is_(None), Block.until > at)


def find_block(tx: Session, person_id: UUID) -> Block | None:
    """The block that holds for a person now; there is never more than one."""
    return tx.scalar(select(Block).where(Block.person_id == person_id, active_at(clock.now())))


def districts(actor: Actor) -> list[str]:
    """The districts that the actor decides for. Raises BlockForbidden when there is none."""
    codes = [path.strip("/") for path in actor.paths(MODERATORS) if path.count("/") == 2]  # noqa: PLR2004 - "/district/"
    if not codes:
        raise BlockForbidden
    return codes


def _subtrees(districts: Sequence[str]) -> dict[str, str]:
    return spans([f"/{code}/" for code in districts])


def _reported(person: Any, count: int) -> ColumnElement[bool]:
    """Whether a report of a person stands behind a case of the districts that `_subtrees` gives."""
    cases = (
        _REPORTS.join(_OF_CASE, _OF_CASE.c.report_id == _REPORTS.c.id)
        .join(_CASES, _CASES.c.id == _OF_CASE.c.case_id)
        .join(Region, Region.code == _CASES.c.region_code)
    )
    theirs = select(1).select_from(cases).where(_REPORTS.c.person_id == person)
    return exists(theirs.where(under_any(Region.path, count)))


def reported_in(tx: Session, person_id: UUID, district: str) -> bool:
    """Whether a person ever reported in a district."""
    return bool(tx.scalar(select(_reported(person_id, 1)), _subtrees([district])))


def _blocks(districts: Sequence[str]) -> Any:
    """THE rule for blocks: who decides for a district sees those it made, and whoever made them
    those of people who report there: a block holds everywhere, so each may lift it."""
    return (
        select(Block, Person.member_no, Person.name, _BY.name.label("by"), _LIFTER.name.label("to"))
        .join(Person, Person.id == Block.person_id)
        .join(_BY, _BY.id == Block.created_by)
        .outerjoin(_LIFTER, _LIFTER.id == Block.lifted_by)
        .where(
            or_(
                Block.region_code.in_(districts),
                _reported(Block.person_id, len(districts)),
            )
        )
    )


def get_block(tx: Session, actor: Actor, block_id: UUID) -> BlockOut:
    """Raises BlockNotFound, also for another district's; BlockForbidden."""
    theirs = districts(actor)
    row = tx.execute(_blocks(theirs).where(Block.id == block_id), _subtrees(theirs)).first()
    if row is None:
        raise BlockNotFound
    return _block_out(row, clock.now())


def blocks(
    tx: Session, actor: Actor, *, active: bool | None, member_no: str | None, limit: int,
    cursor: str | None,
) -> Page[BlockOut]:  # fmt: skip
    """The blocks that concern the actor's districts, newest first. Raises BlockForbidden."""
    theirs, now = districts(actor), clock.now()
    query = _blocks(theirs)
    if active is not None:
        query = query.where(active_at(now) if active else ~active_at(now))
    if member_no is not None:
        query = query.where(Person.member_no == member_no)
    return page(
        tx, query, (Block.created_at, Block.id), limit=limit, cursor=cursor,
        filters=(actor.person_id, active, member_no), build=lambda row: _block_out(row, now),
        given=_subtrees(theirs),
    )  # fmt: skip


def _block_out(row: Any, now: datetime) -> BlockOut:
    block: Block = row.Block
    over = block.lifted_at is not None or (block.until is not None and block.until <= now)
    return BlockOut(
        id=block.id, member_no=row.member_no, name=masked_name(row.name),
        region_code=block.region_code, reason=block.reason, note=block.note,
        created_at=block.created_at, until=block.until, active=not over, created_by=row.by,
        lifted_by=row.to, lifted_at=block.lifted_at,
    )  # fmt: skip


def own_standing(tx: Session, person_id: UUID) -> OwnStanding:
    """How far a person is trusted, and why they may not report, in their own eyes."""
    standing = tx.get(Standing, person_id) or Standing(level="new", verified=0, false_reports=0)
    block = find_block(tx, person_id)
    return OwnStanding(
        level=standing.level, verified=standing.verified, false_reports=standing.false_reports,
        block=_own_block(block) if block is not None else None,
    )  # fmt: skip


def _own_block(block: Block) -> OwnBlock:
    words = REASONS[block.reason]
    return OwnBlock(
        reason=block.reason, reason_text=words.zh, reason_text_en=words.en, note=block.note,
        created_at=block.created_at, until=block.until,
    )  # fmt: skip


def standings(
    tx: Session, actor: Actor, level: str, limit: int, cursor: str | None
) -> Page[StandingOut]:
    """People of a level who reported in the actor's districts, the lately counted first.

    Raises BlockForbidden.
    """
    theirs = districts(actor)
    query = (
        select(Standing, Person.member_no, Person.name)
        .join(Person, Person.id == Standing.person_id)
        .where(
            Standing.level == level, Person.state == "active",
            _reported(Standing.person_id, len(theirs)),
        )
    )  # fmt: skip
    return page(
        tx, query, (Standing.counted_at, Standing.person_id), limit=limit, cursor=cursor,
        filters=(actor.person_id, level), build=_standing_out, given=_subtrees(theirs),
    )  # fmt: skip


def _standing_out(row: Any) -> StandingOut:
    standing: Standing = row.Standing
    return StandingOut(
        member_no=row.member_no, name=masked_name(row.name), level=standing.level,
        verified=standing.verified, false_reports=standing.false_reports,
        counted_at=standing.counted_at,
    )  # fmt: skip


def to_renew(tx: Session, most: int) -> Sequence[UUID]:
    """Whose standing may have changed by the passing of time alone, in the order of their ids."""
    due = select(Standing.person_id).where(Standing.renew_at <= clock.now())
    return sorted(tx.scalars(due.order_by(Standing.renew_at).limit(most)))

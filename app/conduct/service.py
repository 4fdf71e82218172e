"""Counting what people send, blocking them for a while, and keeping how far they are trusted."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.conduct import queries
from app.conduct.errors import (
    AlreadyBlocked,
    Blocked,
    BlockForbidden,
    BlockOver,
    PhotosSpent,
    ReportsSpent,
    StaffNotBlocked,
    UntilPassed,
)  # fmt: skip
from app.conduct.models import Block, DailyUse, Standing
from app.conduct.rules import REASONS, Caps, Judged, verdict
from app.conduct.schemas import BlockDraft, BlockOut
from app.identity import recall
from app.identity.access import Actor
from app.identity.errors import PersonNotFound
from app.identity.models import Grant, Person
from app.identity.queries import held_at
from app.kit import actions, clock, rates
from app.kit.columns import IdType, InstantType
from app.kit.db import core, insert_for, insert_row
from app.kit.errors import TooMany
from app.kit.ids import new_id
from app.kit.marks import FromApp
from app.kit.seal import Seal
from app.notify import service as notify

# What an endpoint takes as the caps of a day.
DayCaps = Annotated[Caps, FromApp("caps")]
DAY_S = 24 * 60 * 60
KEPT = timedelta(days=7)
OPEN_END = {"zh": "解除", "en": "it is lifted"}


def count_report(tx: Session, person_id: UUID, caps: Caps) -> None:
    """Counts one report of today. Raises Blocked, ReportsSpent."""
    _count(tx, person_id, "reports", 1, caps.reports, ReportsSpent)


def count_photo(tx: Session, person_id: UUID, size: int, caps: Caps) -> None:
    """Counts a photo of `size` bytes today. Raises Blocked, PhotosSpent."""
    _count(tx, person_id, "photo_bytes", size, caps.photo_bytes, PhotosSpent)


def refuse_blocked(tx: Session, person_id: UUID) -> None:
    """Raises Blocked."""
    if (block_id := tx.scalar(_holding(person_id, clock.now()))) is not None:
        raise _blocked(tx, block_id)


def _holding(person_id: Any, at: Any) -> Select[UUID]:
    return select(Block.id).where(Block.person_id == person_id, queries.active_at(at)).limit(1)


def _count(
    tx: Session, person_id: UUID, kind: str, amount: int, cap: int | None, spent: type[TooMany]
) -> None:
    """One statement counts and tells whether the person is blocked: it is on the hottest path.

    The row is locked until the unit ends, so that the cap is exact whoever counts beside; a refusal
    is rolled back with all that its unit did.
    """
    now = clock.now()
    day = clock.business_day(now)
    given = {"person": person_id, "kind": kind, "day": str(day), "amount": amount, "now": now}
    used, block_id = core(tx).execute(_counting(tx), given).one()
    if block_id is not None:
        raise _blocked(tx, block_id)
    if cap is not None and used > cap:
        left = clock.day_start(day + timedelta(days=1)) - now
        headers = rates.headers(kind, cap, DAY_S, int(left.total_seconds()) + 1)
        raise spent(headers=headers)


def _counting(tx: Session) -> Any:
    """The statement, built once for each engine."""
    name = tx.get_bind().dialect.name
    if name not in _COUNTING:
        person = bindparam("person", type_=IdType())
        first = insert_for(tx, DailyUse).values(
            person_id=person, kind=bindparam("kind"), day=bindparam("day"),
            used=bindparam("amount"),
        )  # fmt: skip
        counted = first.on_conflict_do_update(
            index_elements=["person_id", "kind", "day"],
            set_={"used": DailyUse.used + first.excluded.used},
        )
        holding = _holding(person, bindparam("now", type_=InstantType()))
        _COUNTING[name] = counted.returning(DailyUse.used, holding.scalar_subquery())
    return _COUNTING[name]


_COUNTING: dict[str, Any] = {}


def _blocked(tx: Session, block_id: UUID) -> Blocked:
    block = tx.get_one(Block, block_id)
    return Blocked(
        reason=block.reason, until=block.until.isoformat() if block.until is not None else None
    )


def block(tx: Session, actor: Actor, seal: Seal, draft: BlockDraft) -> BlockOut:
    """Lets a person send no reports and photos until an instant, or until it is lifted.

    Raises BlockForbidden, PersonNotFound (also for one who never reported in the district),
    UntilPassed, StaffNotBlocked, AlreadyBlocked.
    """
    if draft.region_code not in queries.districts(actor):
        raise BlockForbidden
    now = clock.now()
    if draft.until is not None and draft.until <= now:
        raise UntilPassed
    known = select(Person).where(Person.member_no == draft.member_no, Person.state == "active")
    # Locked, so that of two who block somebody at once the second sees the first.
    person = tx.scalar(known.with_for_update(key_share=True))
    if person is None or not queries.reported_in(tx, person.id, draft.region_code):
        raise PersonNotFound
    held = select(Grant.id).where(Grant.person_id == person.id, held_at(now)).limit(1)
    if tx.scalar(held) is not None:
        raise StaffNotBlocked
    if queries.find_block(tx, person.id) is not None:
        raise AlreadyBlocked
    block_id = new_id()
    insert_row(
        tx, Block, id=block_id, person_id=person.id, region_code=draft.region_code,
        reason=draft.reason, note=draft.note, until=draft.until, created_by=actor.person_id,
        created_at=now, mark=recall.mark_of(tx, seal, person.id),
    )  # fmt: skip
    actions.record(
        tx, actor.person_id, "person.blocked", "block", block_id, why=draft.reason
    )  # fmt: skip
    until = clock.moment(draft.until) if draft.until is not None else OPEN_END
    facts = {"reason": REASONS[draft.reason]._asdict(), "note": draft.note, "until": until}
    notify.tell(tx, person.id, "conduct.blocked", str(block_id), **facts)
    return queries.get_block(tx, actor, block_id)


def lift(tx: Session, actor: Actor, block_id: UUID) -> BlockOut:
    """Ends a block before its time. Raises BlockNotFound, BlockForbidden, BlockOver."""
    queries.get_block(tx, actor, block_id)
    now = clock.now()
    holding = update(Block).where(Block.id == block_id, queries.active_at(now))
    lifted = holding.values(lifted_by=actor.person_id, lifted_at=now, mark=None)
    person_id = tx.scalar(lifted.returning(Block.person_id))
    if person_id is None:
        raise BlockOver
    actions.record(tx, actor.person_id, "person.unblocked", "block", block_id)
    notify.tell(tx, person_id, "conduct.lifted", str(block_id))
    return queries.get_block(tx, actor, block_id)


def lock_standing(tx: Session, person_id: UUID) -> None:
    """Makes whoever else counts this person's history wait, so that the last one saw it all."""
    now = clock.now()
    row = insert_for(tx, Standing).values(
        person_id=person_id, verified=0, false_reports=0, level="new", counted_at=now
    )
    locked = row.on_conflict_do_update(index_elements=["person_id"], set_={"counted_at": now})
    tx.execute(locked)


def keep_standing(tx: Session, person_id: UUID, history: Iterable[Judged]) -> None:
    """Keeps what a person's history amounts to now; the row is locked by `lock_standing`."""
    now = clock.now()
    values = verdict(history, now)._asdict()
    kept = update(Standing).where(Standing.person_id == person_id)
    tx.execute(kept.values(**values, counted_at=now))


def forget_old(tx: Session) -> None:
    """Days are counted while they last, a week is kept for questions; marks go with their block."""
    now = clock.now()
    first = str(clock.business_day(now - KEPT))
    tx.execute(delete(DailyUse).where(DailyUse.day < first))
    over = update(Block).where(Block.mark.is_not(None), ~queries.active_at(now))
    tx.execute(over.values(mark=None))

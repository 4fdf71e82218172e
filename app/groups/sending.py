"""Sending: twenty messages a minute a robot in all processes together, bursts as one digest.

A group has one job at a time, so nothing is said by two workers at once. A worker that dies after
the robot spoke and before that was recorded leaves the messages waiting, and they are said again:
at least once, twice for each such death, never lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.groups import queries, service
from app.groups.models import Group, GroupMessage
from app.groups.texts import cut, digest
from app.identity import queries as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.attempts import Attempt
from app.kit.db import insert_for
from app.kit.logs import log
from app.notify import service as notify
from app.regions.queries import get_region
from app.wechat import robots as port
from app.wechat.errors import RobotUnavailable
from app.wechat.robots import Robots

A_MINUTE = 20
# More cases than this at once are a burst, and become one message.
BURST = 5
# What a job says at most for each notice alone: WeCom may be slow, and a claim ends.
MOST_NOTICES = 10
MINUTE = timedelta(minutes=1)
STOPS = {port.KEY_INVALID, port.TOO_OFTEN}


@dataclass(frozen=True)
class Batch:
    """What a robot says now: each of the first for itself, then the others as one digest."""

    group_id: UUID
    sealed_key: str = field(repr=False)
    mark: str
    alone: Sequence[Any]
    together: Sequence[Any] = ()


@dataclass(frozen=True)
class Outcome:
    """WeCom's errcode for each message that was sent, 0 when it was taken."""

    batch: Batch
    errcodes: dict[UUID, int]


def prepare(tx: Session, robots: Robots, group_id: UUID) -> Batch | None:
    """Takes what is needed of the robot's twenty a minute; None when nothing can be said now.

    What waits stays waiting: the next minute asks again. Raises SealBroken.
    """
    group = tx.execute(select(*Group.__table__.c).where(Group.id == group_id)).one()
    messages = queries.waiting(tx, group_id)
    if not messages or not group.active or group.sealed_key is None:
        return None
    mark = robots.mark(group.sealed_key)
    alone, together = _granted(tx, mark, messages)
    if not alone and not together:
        return None
    return Batch(group_id, group.sealed_key, mark, alone, together)


def _granted(tx: Session, mark: str, messages: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What the rate leaves room for: notices whole and first, then cases, alone or as a digest."""
    notices = [message for message in messages if message.kind == "notice"]
    cases = [message for message in messages if message.kind != "notice"]
    alone = notices[: min(_room(tx, mark), MOST_NOTICES)]
    if alone and not take(tx, mark, len(alone)):
        alone = []
    if len(alone) < len(notices) or not cases:
        return alone, []
    if len(cases) <= BURST and take(tx, mark, len(cases)):
        return alone + cases, []
    return alone, cases if take(tx, mark, 1) else []


def take(tx: Session, mark: str, wanted: int) -> bool:
    """Counts messages against this minute and the one before; False when they are too many.

    Two calendar minutes hold any sixty seconds, however WeCom counts its own; one upsert decides,
    so two workers never both take the last. Groups may share a robot: its mark is what counts.
    """
    room = _room_before(tx, mark)
    if wanted > room:
        return False
    first = insert_for(tx, Attempt).values(
        subject=_subject(mark), window_start=_minute(), count=wanted
    )
    counted = first.on_conflict_do_update(
        index_elements=["subject", "window_start"],
        set_={"count": Attempt.count + wanted},
        where=Attempt.count + wanted <= room,
    )
    return tx.execute(counted.returning(Attempt.count)).first() is not None


def _room(tx: Session, mark: str) -> int:
    """How many could be taken now, if nobody else took any meanwhile."""
    return max(0, _room_before(tx, mark) - _taken(tx, mark, _minute()))


def _room_before(tx: Session, mark: str) -> int:
    """What the minute before leaves of this one."""
    return A_MINUTE - _taken(tx, mark, _minute() - MINUTE)


def _exhaust(tx: Session, mark: str) -> None:
    """WeCom counted more than we did: nothing more until a whole minute has passed."""
    full = insert_for(tx, Attempt).values(
        subject=_subject(mark), window_start=_minute(), count=A_MINUTE
    )
    again = {"index_elements": ["subject", "window_start"], "set_": {"count": A_MINUTE}}
    tx.execute(full.on_conflict_do_update(**again))


def _taken(tx: Session, mark: str, minute: datetime) -> int:
    this = (Attempt.subject == _subject(mark), Attempt.window_start == minute)
    return tx.scalar(select(Attempt.count).where(*this)) or 0


def _subject(mark: str) -> str:
    return f"robot:{mark}"


def _minute() -> datetime:
    return clock.now().replace(second=0, microsecond=0)


def say(robots: Robots, batch: Batch) -> Outcome:
    """Speaks, without a transaction. Raises RobotUnavailable when nothing at all was said."""
    errcodes: dict[UUID, int] = {}
    try:
        for some in _spoken(robots, batch):
            errcodes |= some
            if STOPS & set(some.values()):
                break
    except RobotUnavailable:
        # What was said has to be recorded; the rest waits for the next minute.
        if not errcodes:
            raise
    return Outcome(batch, errcodes)


def _spoken(robots: Robots, batch: Batch) -> Iterator[dict[UUID, int]]:
    """One call after the other, each with the messages that it said and what WeCom answered."""
    for message in batch.alone:
        text = cut(message.text, port.MOST_TEXT_BYTES)
        yield {message.id: robots.say_text(batch.sealed_key, text)}
    if batch.together:
        texts = [message.text for message in batch.together]
        text, shown = digest(texts, port.MOST_MARKDOWN_BYTES)
        errcode = robots.say_markdown(batch.sealed_key, text)
        # What the digest only counted was not said: it stays waiting.
        yield {message.id: errcode for message in batch.together[:shown]}


def record(tx: Session, outcome: Outcome) -> None:
    """Writes down what became of each message; what was refused for the rate goes on waiting."""
    batch = outcome.batch
    # The group before its messages, as whoever changes it does: no two wait in a circle.
    this = select(Group.id).where(Group.id == batch.group_id)
    tx.execute(this.with_for_update(key_share=True))
    for message_id, errcode in outcome.errcodes.items():
        if errcode != port.TOO_OFTEN:
            _settle(tx, message_id, errcode)
    refused = set(outcome.errcodes.values())
    if port.TOO_OFTEN in refused:
        _exhaust(tx, batch.mark)
    if port.KEY_INVALID in refused:
        _silence(tx, batch)


def _settle(tx: Session, message_id: UUID, errcode: int) -> None:
    mine = update(GroupMessage).where(
        GroupMessage.id == message_id, GroupMessage.state == "waiting"
    )
    if errcode == 0:
        tx.execute(mine.values(state="sent", sent_at=clock.now(), error=None))
        return
    log.warning("a robot refused a message", message=str(message_id), errcode=errcode)
    tx.execute(mine.values(state="failed", error=f"errcode {errcode}"))


def _silence(tx: Session, batch: Batch) -> None:
    """WeCom knows the robot no longer (93000): its key is dropped, administrators are told once.

    Only the key that was refused: an administrator may have given a new one meanwhile.
    """
    this = update(Group).where(Group.id == batch.group_id, Group.sealed_key == batch.sealed_key)
    gone = this.values(sealed_key=None, updated_at=clock.now())
    row = tx.execute(gone.returning(Group.name, Group.region_code)).first()
    if row is None:
        return
    service.give_up(tx, batch.group_id, "the group has no robot")
    path = get_region(tx, row.region_code).path
    for person_id in identity.holding(tx, path, (Role.ADMINISTRATOR,)):
        # The message names the occasion: the next robot's end is told again.
        subject = str((*batch.alone, *batch.together)[0].id)
        notify.tell(tx, person_id, "group.robot_refused", subject, group=row.name)

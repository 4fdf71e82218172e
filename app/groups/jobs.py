"""What the worker does for groups: write down new cases, and let robots speak once a minute."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.groups import notices, queries, sending
from app.groups.sending import Batch, Outcome
from app.kit import clock, outbox
from app.kit.outbox import Outside
from app.wechat.robots import Robots

# A small unit of its own, before the call: what was taken must stand when the robot speaks.
Apart = Callable[[Callable[[Session], Batch | None]], Batch | None]


def case_opened(tx: Session, payload: Mapping[str, Any]) -> None:
    """The handler of `case.opened`."""
    notices.announce(tx, UUID(payload["case_id"]))


def flush(tx: Session, _payload: Mapping[str, Any]) -> None:
    """The handler of `groups.flushed`: one job for each group that waits and has none."""
    minute = int(clock.now().timestamp() // 60)
    waiting = queries.with_something_to_say(tx)
    # Read after the groups were locked: two of these at once never both start one.
    busy = queries.being_told(tx)
    for group_id in waiting:
        if group_id not in busy:
            unique = f"group.told:{group_id}:{minute}"
            outbox.enqueue(tx, "group.told", unique=unique, group_id=group_id)


def told(robots: Robots | None, apart: Apart) -> Outside:
    """The handler of `group.told`; `robots` is None only where no such job is ever due."""

    def call(payload: Mapping[str, Any]) -> Outcome | None:
        assert robots is not None
        batch = apart(lambda tx: sending.prepare(tx, robots, UUID(payload["group_id"])))
        return sending.say(robots, batch) if batch else None

    def record(tx: Session, _payload: Mapping[str, Any], outcome: Outcome | None) -> None:
        if outcome is not None:
            sending.record(tx, outcome)

    return Outside(call, record)

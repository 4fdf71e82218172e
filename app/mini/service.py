"""Pushes are taken once, dealt with by whoever knows the event, and forgotten after a week."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.kit import clock, outbox
from app.kit.db import insert_for
from app.kit.ids import new_id
from app.mini.models import WechatPush
from app.wechat.pushes import Push

KEEP = timedelta(days=7)
# What a feature does when an event of its own comes; anything slow is a job of its own.
Deal = Callable[[Session, Push], None]


def take(tx: Session, push: Push) -> bool:
    """Writes a push down together with its job; False when it was here before."""
    first = insert_for(tx, WechatPush).values(
        id=new_id(), key=push.key, event=push.event, fields=push.fields, state="received",
        received_at=clock.now(),
    )  # fmt: skip
    once = first.on_conflict_do_nothing(index_elements=["key"]).returning(WechatPush.id)
    push_id = tx.execute(once).scalar_one_or_none()
    if push_id is None:
        return False
    outbox.enqueue(tx, "wechat.pushed", push_id=push_id)
    return True


def deal_with(tx: Session, push_id: UUID, known: Mapping[str, Deal]) -> None:
    """Hands a push to whoever knows its event; of any other only the event's name is kept."""
    row = tx.get(WechatPush, push_id)
    if row is None or row.state != "received":
        return
    deal = known.get(row.event)
    if deal is not None:
        deal(tx, Push(row.key, row.event, row.fields))
    row.state = "ignored" if deal is None else "handled"
    row.fields, row.done_at = {}, clock.now()


def forget_old(tx: Session) -> None:
    """Drops what came more than seven days ago; WeChat has long stopped repeating it."""
    tx.execute(delete(WechatPush).where(WechatPush.received_at < clock.now() - KEEP))

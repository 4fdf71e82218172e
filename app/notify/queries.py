"""Reads of the inbox, of how people are reached beyond it, and of what is to be delivered."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.identity.models import Person, WechatBinding
from app.kit.page import Page, page
from app.notify import rules, texts
from app.notify.errors import MessageNotFound
from app.notify.models import Delivery, Message, Recipient, WechatGrant
from app.notify.schemas import (
    GrantAnswer,
    MessageOut,
    PreferencesOut,
    QuietHours,
    SubscriptionOut,
    SubscriptionsOut,
    Topics,
)  # fmt: skip

# How many people's copies one job takes up, and how many copies; the rest has jobs of its own.
MOST_PEOPLE = 50
MOST_AT_ONCE = 100
DELIVERY = (
    Delivery.id, Delivery.person_id, Delivery.template_id, Delivery.covers, Delivery.attempts,
    Delivery.unclear, Delivery.created_at,
)  # fmt: skip
MESSAGE = (Message.kind, Message.data, Message.subject, Message.read_at)


def inbox(
    tx: Session, person_id: UUID, language: str, limit: int, cursor: str | None
) -> Page[MessageOut]:
    """A person's messages, newest first."""
    return page(
        tx,
        select(Message).where(Message.person_id == person_id),
        (Message.created_at, Message.id),
        limit=limit,
        cursor=cursor,
        filters=(person_id,),
        build=lambda row: message_out(row.Message, language),
    )


def unread(tx: Session, person_id: UUID) -> int:
    query = select(func.count()).where(Message.person_id == person_id, Message.read_at.is_(None))
    return tx.scalar(query) or 0


def get_message(tx: Session, person_id: UUID, message_id: UUID) -> Message:
    """Raises MessageNotFound, also for somebody else's."""
    query = select(Message).where(Message.id == message_id, Message.person_id == person_id)
    message = tx.scalar(query)
    if message is None:
        raise MessageNotFound
    return message


def message_out(message: Any, language: str) -> MessageOut:
    title, text = texts.render(message.kind, message.data, language)
    return MessageOut(
        id=message.id, kind=message.kind, subject=message.subject, title=title, text=text,
        created_at=message.created_at, read_at=message.read_at,
    )  # fmt: skip


def subscriptions(
    tx: Session, person_id: UUID, kinds_of: Mapping[str, list[str]]
) -> SubscriptionsOut:
    """What WeChat may still bring a person; `kinds_of` names the kinds of every template."""
    query = select(WechatGrant.template_id, WechatGrant.remaining, WechatGrant.answer)
    said = {row.template_id: row for row in tx.execute(query.filter_by(person_id=person_id))}
    items = [
        SubscriptionOut(
            template_id=template_id, kinds=kinds,
            left=said[template_id].remaining if template_id in said else 0,
            answer=GrantAnswer(said[template_id].answer) if template_id in said else None,
        )
        for template_id, kinds in kinds_of.items()
    ]  # fmt: skip
    return SubscriptionsOut(items=sorted(items, key=lambda item: (item.left, item.template_id)))


def preferences(tx: Session, person_id: UUID) -> PreferencesOut:
    """How a person wants to be reached; the usual way for whoever never said."""
    found = tx.get(Recipient, person_id)
    starts, ends = rules.QUIET if found is None else (found.quiet_starts, found.quiet_ends)
    off = [] if found is None else found.wechat_off
    quiet = None
    if starts is not None and ends is not None:
        quiet = QuietHours(starts=rules.written(starts), ends=rules.written(ends))
    return PreferencesOut(
        wechat=Topics(**{topic: topic not in off for topic in rules.Topic}), quiet=quiet,
        digest=found is None or found.digest,
        language="en" if found is not None and found.language == "en" else "zh",
    )  # fmt: skip


def lock_due(tx: Session, now: datetime) -> dict[UUID, Recipient]:
    """Some of the people for whom copies are due; those whom another worker holds are left to it.

    Whoever holds a person's row may take up their copies, and nobody else does meanwhile.
    """
    people = _due(now).with_only_columns(Delivery.person_id).limit(MOST_PEOPLE)
    these = select(Recipient).where(Recipient.person_id.in_(people)).order_by(Recipient.person_id)
    locked = these.with_for_update(skip_locked=True, key_share=True)
    return {one.person_id: one for one in tx.scalars(locked)}


def lock(tx: Session, people: Collection[UUID]) -> dict[UUID, Recipient]:
    """These people's rows, locked in the order of their ids."""
    these = select(Recipient).where(Recipient.person_id.in_(people)).order_by(Recipient.person_id)
    locked = these.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {one.person_id: one for one in tx.scalars(locked)}


def due(tx: Session, appid: str, people: Collection[UUID], now: datetime) -> list[Any]:
    """What is to be delivered to these people by now, person by person, the oldest first."""
    bound = and_(WechatBinding.person_id == Delivery.person_id, WechatBinding.appid == appid)
    query = (
        _due(now)
        .with_only_columns(*DELIVERY, *MESSAGE, WechatBinding.openid, Person.state)
        .join(Message, Message.id == Delivery.message_id)
        .join(Person, Person.id == Delivery.person_id)
        .outerjoin(WechatBinding, bound)
        .where(Delivery.person_id.in_(people))
        .order_by(None)
        .order_by(Delivery.person_id, Delivery.created_at, Delivery.id)
        .limit(MOST_AT_ONCE)
    )
    return list(tx.execute(query))


def is_due(tx: Session, now: datetime) -> bool:
    """Whether anything is to be delivered by now."""
    return tx.execute(_due(now).limit(1)).first() is not None


def is_on_its_way(tx: Session, delivery_id: UUID, attempts: int) -> bool:
    """Whether this very attempt is the delivery's last, and its end not written down yet."""
    query = select(Delivery.id).where(
        Delivery.id == delivery_id, Delivery.state == "waiting", Delivery.attempts == attempts
    )
    return tx.scalar(query) is not None


def _due(now: datetime) -> Any:
    waiting = select(Delivery.id).where(Delivery.state == "waiting", Delivery.next_at <= now)
    return waiting.order_by(Delivery.next_at, Delivery.id)

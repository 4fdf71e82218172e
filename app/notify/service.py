"""Writing to people's inboxes, and what they say of being reached beyond them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_for
from app.kit.ids import new_id
from app.notify import channels, queries, rules, texts
from app.notify.models import MOST_GRANTS, Delivery, Message, Recipient, WechatGrant
from app.notify.schemas import (
    GrantAnswer,
    MessageOut,
    PreferencesDraft,
    PreferencesOut,
    SubscriptionsDraft,
    SubscriptionsOut,
)  # fmt: skip

KEEP_DONE = timedelta(days=90)


def tell(tx: Session, person_id: UUID, kind: str, subject: str, **data: Any) -> None:
    """Puts a message into an inbox, once for each (person, kind, subject).

    Where the settings name a template for the kind, a copy is queued for whoever has a grant.
    """
    # A template that cannot be filled must fail here, in the worker, not when the person reads it.
    texts.render(kind, data, "zh")
    row = insert_for(tx, Message).values(
        id=new_id(), person_id=person_id, kind=kind, subject=subject, data=data,
        created_at=clock.now(),
    )  # fmt: skip
    once = row.on_conflict_do_nothing(index_elements=["person_id", "kind", "subject"])
    template = channels.of(tx).by_kind.get(kind)
    if template is None:
        tx.execute(once)
        return
    message_id = tx.scalar(once.returning(Message.id))
    if message_id is not None:
        channels.copy(tx, template, message_id, person_id)


def read(tx: Session, person_id: UUID, message_id: UUID, language: str) -> MessageOut:
    """Marks a message as read; again is no error. Raises MessageNotFound."""
    message = queries.get_message(tx, person_id, message_id)
    message.read_at = message.read_at or clock.now()
    tx.flush()
    return queries.message_out(message, language)


def subscribe(tx: Session, person_id: UUID, draft: SubscriptionsDraft) -> SubscriptionsOut:
    """Counts what the person let WeChat bring; templates that are not ours are passed over."""
    ours = channels.of(tx).kinds_of
    answers = sorted((t, answer) for t, answer in draft.results.items() if t in ours)
    if answers:
        _recipient(tx, person_id)
    for template_id, answer in answers:
        _count(tx, person_id, template_id, answer)
    return queries.subscriptions(tx, person_id, ours)


def _count(tx: Session, person_id: UUID, template_id: str, answer: GrantAnswer) -> None:
    said = {"answer": answer.value, "answered_at": clock.now()}
    more = int(answer is GrantAnswer.ACCEPT)
    first = insert_for(tx, WechatGrant).values(
        person_id=person_id, template_id=template_id, remaining=more, **said
    )
    remaining = WechatGrant.remaining
    counted = case((remaining < MOST_GRANTS, remaining + more), else_=remaining)
    keys = ["person_id", "template_id"]
    tx.execute(first.on_conflict_do_update(index_elements=keys, set_=said | {"remaining": counted}))


def prefer(tx: Session, person_id: UUID, draft: PreferencesDraft) -> PreferencesOut:
    """Writes down how a person wants to be reached; it holds for what already waits, too."""
    _recipient(tx, person_id)
    recipient = queries.lock(tx, [person_id])[person_id]
    quiet = draft.quiet
    wanted = draft.wechat.model_dump()
    recipient.wechat_off = [topic.value for topic in rules.Topic if not wanted[topic]]
    recipient.quiet_starts = rules.minutes(quiet.starts) if quiet else None
    recipient.quiet_ends = rules.minutes(quiet.ends) if quiet else None
    recipient.digest, recipient.language = draft.digest, draft.language
    tx.flush()
    _look_again(tx, person_id)
    return queries.preferences(tx, person_id)


def _look_again(tx: Session, person_id: UUID) -> None:
    """What the old quiet hours held back is due now; the sender holds it back by the new ones.

    What was tried before may be on its way, or waits for WeChat: it keeps its time.
    """
    now = clock.now()
    held_back = update(Delivery).where(
        Delivery.person_id == person_id, Delivery.state == "waiting", Delivery.attempts == 0,
        Delivery.next_at > now,
    )  # fmt: skip
    tx.execute(held_back.values(next_at=now))


def _recipient(tx: Session, person_id: UUID) -> None:
    """Makes the row that copies of a person's messages are taken up by, unless it is there."""
    starts, ends = rules.QUIET
    first = insert_for(tx, Recipient).values(
        person_id=person_id, wechat_off=[], quiet_starts=starts, quiet_ends=ends, digest=True,
        language="zh", failures=0, rests_until=None,
    )  # fmt: skip
    tx.execute(first.on_conflict_do_nothing(index_elements=["person_id"]))


def sweep(tx: Session) -> None:
    """Forgets deliveries that were done three months ago; their messages stay."""
    tx.execute(delete(Delivery).where(Delivery.done_at < clock.now() - KEEP_DONE))

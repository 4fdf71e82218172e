"""Sending: what is due is taken, carried without a transaction, and written down."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.kit import actions, clock, outbox
from app.webhooks import queries, rules, service
from app.webhooks.carrier import Answer, Carrier, Parcel
from app.webhooks.models import Webhook, WebhookDelivery

# Longer than any call. Should the process die in one, the message is due again after this.
LEASE = timedelta(minutes=1)


@dataclass(frozen=True)
class Taken:
    """A message in this worker's hands, and the number of this attempt."""

    webhook_id: UUID
    attempt: int
    parcel: Parcel


@dataclass(frozen=True)
class Outcome:
    """What became of each."""

    taken: Taken
    answer: Answer


def prepare(tx: Session) -> list[Taken]:
    """Takes what is due and counts the attempt: nobody else takes it while it is on its way."""
    now = clock.now()
    rows = queries.due(tx, now)
    taken = [
        Taken(
            row.webhook_id, row.attempts + 1,
            Parcel(row.id, row.url, rules.body_of(row.payload), _secrets(row)),
        )
        for row in rows
    ]  # fmt: skip
    these = update(WebhookDelivery).where(WebhookDelivery.id.in_([row.id for row in rows]))
    counted = {"attempts": WebhookDelivery.attempts + 1, "next_at": now + LEASE}
    tx.execute(these.values(counted).execution_options(synchronize_session=False))
    return taken


def _secrets(row: Any) -> tuple[str, ...]:
    rotating = row.old_until is not None and row.old_until > clock.now()
    return (row.secret, row.old_secret) if rotating else (row.secret,)


def carry(carrier: Carrier, taken: Sequence[Taken]) -> list[Outcome]:
    """Sends, without a transaction."""
    answers = carrier.carry([one.parcel for one in taken])
    return [Outcome(one, answer) for one, answer in zip(taken, answers, strict=True)]


def record(tx: Session, outcomes: Sequence[Outcome]) -> None:
    """Writes down what became of each message, and of the webhooks they were for."""
    by_webhook: defaultdict[UUID, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_webhook[outcome.taken.webhook_id].append(outcome)
    # The webhook before its deliveries, and webhooks in the order of their ids, as everyone does.
    these = select(Webhook).where(Webhook.id.in_(by_webhook)).order_by(Webhook.id)
    locked = these.with_for_update(key_share=True).execution_options(populate_existing=True)
    for webhook in tx.scalars(locked).all():
        for outcome in by_webhook[webhook.id]:
            _settle(tx, outcome)
        if webhook.state != "removed":
            _judge(tx, webhook, [outcome.answer for outcome in by_webhook[webhook.id]])


def _settle(tx: Session, outcome: Outcome) -> None:
    attempt, now = outcome.taken.attempt, clock.now()
    answer = outcome.answer
    # Only this very attempt: an administrator may have begun it anew, or ended it, meanwhile.
    mine = update(WebhookDelivery).where(
        WebhookDelivery.id == outcome.taken.parcel.id, WebhookDelivery.state == "waiting",
        WebhookDelivery.attempts == attempt,
    )  # fmt: skip
    said = {"last_status": answer.status, "last_error": answer.error}
    wait = rules.wait_after(attempt)
    if answer.error is not None and wait is not None:
        # A tenth more at most, so that what failed together does not come back together.
        wait *= random.uniform(1, 1.1)  # noqa: S311
        changed = tx.execute(mine.values(next_at=now + wait, **said).returning(WebhookDelivery.id))
        if changed.first() is not None:
            outbox.enqueue(tx, "webhook.due", delay=wait, delivery_id=outcome.taken.parcel.id)
        return
    state = "delivered" if answer.error is None else "given_up"
    tx.execute(mine.values(state=state, next_at=None, done_at=now, **said))


def _judge(tx: Session, webhook: Webhook, answers: Sequence[Answer]) -> None:
    """What a webhook's state is after these answers."""
    if any(answer.status == rules.GONE for answer in answers):
        # Whoever answers 410 Gone asks never to be called again.
        service.end(tx, webhook.id)
        actions.record(tx, None, "webhook.gone", "webhook", webhook.id)
        return
    if any(answer.error is None for answer in answers):
        webhook.failures = 0
        webhook.state = "active" if webhook.state == "failing" else webhook.state
    else:
        webhook.failures += len(answers)
        if webhook.failures >= rules.FAILING_AFTER and webhook.state == "active":
            webhook.state = "failing"
            actions.record(tx, None, "webhook.failing", "webhook", webhook.id)
    tx.flush()

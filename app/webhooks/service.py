"""Writes to webhooks: who is told, with which secret, and what they are told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import actions, clock, outbox
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.kit.seal import Seal
from app.regions.errors import RegionNotFound, RegionUnknown
from app.regions.queries import get_region
from app.webhooks import queries, rules
from app.webhooks.errors import ClientUnknown, DeliveryDone, WebhookForbidden, WebhookPaused
from app.webhooks.models import Event, Webhook, WebhookDelivery
from app.webhooks.rules import Reach
from app.webhooks.schemas import DeliveryOut, WebhookDraft, WebhookOut, WebhookSecretOut

KEEP_DONE = timedelta(days=90)
# Nobody's job is this late: its worker died with it, or it was given up.
OVERDUE = timedelta(minutes=10)


def publish(
    tx: Session,
    event: str,
    payload: dict[str, Any],
    region_path: str,
    *,
    client_id: str | None = None,
) -> None:
    """Tells an event to every webhook that wants it, in this transaction; it is sent after it.

    `region_path` is where it happened, `client_id` the API client it is about, if it is about one.
    `payload` holds no personal data. Raises ValueError for an event that is not one of `Event`.
    """
    for webhook_id in queries.wanting(tx, Event(event), region_path, client_id):
        _queue(tx, webhook_id, Event(event), payload)


def _queue(tx: Session, webhook_id: UUID, event: Event, data: dict[str, Any]) -> UUID:
    delivery_id, now = new_id(), clock.now()
    payload = {"type": event, "timestamp": now.isoformat(), "data": data}
    insert_row(
        tx, WebhookDelivery, id=delivery_id, webhook_id=webhook_id, event=event, payload=payload,
        state="waiting", attempts=0, created_at=now, next_at=now,
    )  # fmt: skip
    outbox.enqueue(tx, "webhook.due", delivery_id=delivery_id)
    return delivery_id


def add(
    tx: Session, actor: Actor, seal: Seal, reach: Reach, draft: WebhookDraft
) -> WebhookSecretOut:
    """Adds a webhook, and says its secret this once.

    Raises RegionUnknown, WebhookForbidden, ClientUnknown, AddressRefused.
    """
    _checked(tx, actor, reach, draft)
    secret, webhook_id = rules.new_secret(), new_id()
    webhook = Webhook(
        id=webhook_id, **_values(draft), secret=seal.seal(secret), failures=0,
        created_by=actor.person_id, created_at=clock.now(),
    )  # fmt: skip
    tx.add(webhook)
    tx.flush()
    actions.record(tx, actor.person_id, "webhook.added", "webhook", webhook_id)
    return _with_secret(webhook, secret)


def change(
    tx: Session, actor: Actor, reach: Reach, webhook_id: UUID, draft: WebhookDraft
) -> WebhookOut:
    """Makes a webhook what the draft says; one that was failing starts afresh.

    Raises WebhookNotFound, RegionUnknown, WebhookForbidden, ClientUnknown, AddressRefused.
    """
    webhook = queries.get_webhook(tx, actor, webhook_id, lock=True)
    _checked(tx, actor, reach, draft)
    for name, value in _values(draft).items():
        setattr(webhook, name, value)
    webhook.failures = 0
    tx.flush()
    # What waited while it was paused has no job any more.
    for delivery_id in queries.left_waiting(tx, clock.now(), webhook_id):
        outbox.enqueue(tx, "webhook.due", delivery_id=delivery_id)
    actions.record(tx, actor.person_id, "webhook.changed", "webhook", webhook_id)
    return queries.webhook_out(webhook)


def _checked(tx: Session, actor: Actor, reach: Reach, draft: WebhookDraft) -> None:
    try:
        region = get_region(tx, draft.region_code)
    except RegionNotFound:
        raise RegionUnknown from None
    if not actor.holds(queries.KEEPERS, region.path):
        raise WebhookForbidden
    reach.parse(draft.url)
    if draft.client_id is None:
        return
    client = identity.find_client(tx, draft.client_id)
    # Another district's client is nothing that could be listened to from here.
    if client is None or not actor.holds(queries.KEEPERS, get_region(tx, client.region_code).path):
        raise ClientUnknown


def _values(draft: WebhookDraft) -> dict[str, Any]:
    return {
        "name": draft.name, "url": draft.url, "events": sorted(set(draft.events)),
        "region_code": draft.region_code, "client_id": draft.client_id,
        "state": "active" if draft.active else "paused",
    }  # fmt: skip


def rotate(tx: Session, actor: Actor, seal: Seal, webhook_id: UUID) -> WebhookSecretOut:
    """Gives a webhook a new secret, said this once; the one before signs for a day beside it.

    Raises WebhookNotFound.
    """
    webhook = queries.get_webhook(tx, actor, webhook_id, lock=True)
    secret = rules.new_secret()
    webhook.old_secret, webhook.old_until = webhook.secret, clock.now() + rules.OVERLAP
    webhook.secret = seal.seal(secret)
    tx.flush()
    actions.record(tx, actor.person_id, "webhook.rotated", "webhook", webhook_id)
    return _with_secret(webhook, secret)


def _with_secret(webhook: Webhook, secret: str) -> WebhookSecretOut:
    return WebhookSecretOut(**queries.webhook_out(webhook).model_dump(), secret=secret)


def replay(_tx: Session, _actor: Actor, stored: str, **_held: Any) -> WebhookSecretOut:
    """The first answer again; the secret it held is told no second time."""
    return WebhookSecretOut.model_validate_json(stored)


def remove(tx: Session, actor: Actor, webhook_id: UUID) -> None:
    """Ends a webhook; what waits for it is given up. Raises WebhookNotFound."""
    queries.get_webhook(tx, actor, webhook_id, lock=True)
    end(tx, webhook_id)
    actions.record(tx, actor.person_id, "webhook.removed", "webhook", webhook_id)


def end(tx: Session, webhook_id: UUID) -> None:
    """Removes a webhook that the caller has locked; its secrets are forgotten."""
    gone = {"state": "removed", "secret": "", "old_secret": None, "old_until": None}
    tx.execute(update(Webhook).where(Webhook.id == webhook_id).values(gone))
    waiting = update(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == "waiting"
    )
    over = {"last_error": "webhook_removed", "next_at": None, "done_at": clock.now()}
    tx.execute(waiting.values(state="given_up", **over))


def test(tx: Session, actor: Actor, webhook_id: UUID) -> DeliveryOut:
    """Queues a message that means nothing. Raises WebhookNotFound, WebhookPaused."""
    _told(tx, actor, webhook_id)
    delivery_id = _queue(tx, webhook_id, Event.TEST_SENT, {"webhook_id": str(webhook_id)})
    actions.record(tx, actor.person_id, "webhook.tested", "webhook", webhook_id)
    return DeliveryOut.model_validate(queries.get_delivery(tx, webhook_id, delivery_id))


def retry(tx: Session, actor: Actor, webhook_id: UUID, delivery_id: UUID) -> DeliveryOut:
    """Sends a message again, now and with all its attempts before it.

    Raises WebhookNotFound, WebhookPaused, DeliveryNotFound, DeliveryDone.
    """
    _told(tx, actor, webhook_id)
    delivery = queries.get_delivery(tx, webhook_id, delivery_id)
    if delivery.state == "delivered":
        raise DeliveryDone
    delivery.state, delivery.attempts = "waiting", 0
    delivery.next_at, delivery.done_at = clock.now(), None
    tx.flush()
    outbox.enqueue(tx, "webhook.due", delivery_id=delivery_id)
    actions.record(tx, actor.person_id, "delivery.retried", "webhook", webhook_id)
    return DeliveryOut.model_validate(delivery)


def _told(tx: Session, actor: Actor, webhook_id: UUID) -> None:
    if queries.get_webhook(tx, actor, webhook_id, lock=True).state == "paused":
        raise WebhookPaused


def sweep(tx: Session) -> None:
    """Gives a job to what waits without one, and forgets what was done three months ago."""
    now = clock.now()
    for delivery_id in queries.left_waiting(tx, now - OVERDUE):
        outbox.enqueue(tx, "webhook.due", delivery_id=delivery_id)
    tx.execute(delete(WebhookDelivery).where(WebhookDelivery.done_at < now - KEEP_DONE))

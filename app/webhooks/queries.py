"""Reads of webhooks: who sees which, who wants an event, and what is to be sent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import clock
from app.kit.page import Page, page
from app.regions.models import Region
from app.regions.queries import spans, under_any
from app.webhooks.errors import DeliveryNotFound, WebhookNotFound
from app.webhooks.models import Event, Webhook, WebhookDelivery
from app.webhooks.schemas import DeliveryOut, WebhookOut

KEEPERS = frozenset({Role.ADMINISTRATOR})
LIVING = ("active", "failing")
# What one job carries at once; the rest has jobs of its own.
MOST_AT_ONCE = 50
DELIVERY = tuple(getattr(WebhookDelivery, name) for name in DeliveryOut.model_fields)


def _visible(count: int) -> ColumnElement[bool]:
    """THE rule for webhooks: administrators see those of their regions."""
    codes = select(Region.code).where(under_any(Region.path, count))
    return Webhook.region_code.in_(codes) & (Webhook.state != "removed")


def webhooks(tx: Session, actor: Actor, limit: int, cursor: str | None) -> Page[WebhookOut]:
    """A page of the webhooks of the actor's regions, the newest first."""
    paths = actor.paths(KEEPERS)
    query = select(*Webhook.__table__.c).where(_visible(len(paths)))
    keys = (Webhook.created_at, Webhook.id)
    return page(
        tx, query, keys, build=webhook_out, limit=limit, cursor=cursor,
        filters=(actor.person_id,), given=spans(paths),
    )  # fmt: skip


def get_webhook(tx: Session, actor: Actor, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """A webhook of the actor's regions. Raises WebhookNotFound, also for a removed one."""
    paths = actor.paths(KEEPERS)
    query = select(Webhook).where(Webhook.id == webhook_id, _visible(len(paths)))
    if lock:
        query = query.with_for_update(key_share=True)
    found = tx.scalar(query, spans(paths))
    if found is None:
        raise WebhookNotFound
    return found


def webhook_out(row: Any) -> WebhookOut:
    """A webhook without its secrets."""
    still = row.old_until is not None and row.old_until > clock.now()
    shown = ("id", "name", "url", "events", "region_code", "client_id", "state", "failures")
    return WebhookOut(
        **{name: getattr(row, name) for name in shown},
        old_secret_until=row.old_until if still else None, created_at=row.created_at,
    )  # fmt: skip


def deliveries(
    tx: Session, actor: Actor, webhook_id: UUID, limit: int, cursor: str | None
) -> Page[DeliveryOut]:
    """A page of what a webhook was told, the newest first. Raises WebhookNotFound."""
    get_webhook(tx, actor, webhook_id)
    query = select(*DELIVERY).where(WebhookDelivery.webhook_id == webhook_id)
    keys = (WebhookDelivery.created_at, WebhookDelivery.id)
    build = DeliveryOut.model_validate
    return page(tx, query, keys, build=build, limit=limit, cursor=cursor, filters=(webhook_id,))


def get_delivery(tx: Session, webhook_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """One delivery, locked. Raises DeliveryNotFound."""
    query = select(WebhookDelivery).where(
        WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook_id
    )
    found = tx.scalar(query.with_for_update(key_share=True))
    if found is None:
        raise DeliveryNotFound
    return found


def wanting(tx: Session, event: Event, region_path: str, client_id: str | None) -> list[UUID]:
    """The living webhooks that want an event of this place and, if it has one, this client."""
    query = select(Webhook.id, Webhook.events).where(
        # Every region above the place is named in its path.
        Webhook.region_code.in_(region_path.strip("/").split("/")), Webhook.state.in_(LIVING),
    )  # fmt: skip
    if client_id is not None:
        query = query.where(or_(Webhook.client_id.is_(None), Webhook.client_id == client_id))
    return [row.id for row in tx.execute(query.order_by(Webhook.id)) if event in row.events]


def due(tx: Session, now: datetime) -> list[Any]:
    """What is to be sent by now, the oldest first; what another worker holds is left to it."""
    delivery = WebhookDelivery
    query = (
        select(
            delivery.id, delivery.webhook_id, delivery.payload, delivery.attempts, Webhook.url,
            Webhook.secret, Webhook.old_secret, Webhook.old_until,
        )
        .join(Webhook, Webhook.id == delivery.webhook_id)
        .where(delivery.state == "waiting", delivery.next_at <= now, Webhook.state.in_(LIVING))
        .order_by(delivery.next_at, delivery.id)
        .limit(MOST_AT_ONCE)
    )  # fmt: skip
    return list(tx.execute(query.with_for_update(skip_locked=True, of=delivery)))


def left_waiting(tx: Session, before: datetime, webhook_id: UUID | None = None) -> list[UUID]:
    """Deliveries of living webhooks that should have been sent before an instant."""
    query = (
        select(WebhookDelivery.id)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(
            WebhookDelivery.state == "waiting", WebhookDelivery.next_at < before,
            Webhook.state.in_(LIVING),
        )
        .order_by(WebhookDelivery.next_at)
    )  # fmt: skip
    if webhook_id is not None:
        query = query.where(WebhookDelivery.webhook_id == webhook_id)
    return list(tx.scalars(query.limit(1000)))

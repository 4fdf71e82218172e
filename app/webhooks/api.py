"""Webhooks over HTTP, for the administrators of a region."""

from typing import Annotated
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Administrator
from app.identity.errors import PersonOnly, RoleMissing
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import FromApp
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.seal import Sealing
from app.regions.errors import RegionUnknown
from app.webhooks import queries, service
from app.webhooks.errors import (
    AddressRefused,
    ClientUnknown,
    DeliveryDone,
    DeliveryNotFound,
    WebhookForbidden,
    WebhookNotFound,
    WebhookPaused,
)  # fmt: skip
from app.webhooks.rules import Reach
from app.webhooks.schemas import DeliveryOut, WebhookDraft, WebhookOut, WebhookSecretOut

router = Router(prefix="/v1/webhooks", tags=["webhooks 事件回调"])
Reaching = Annotated[Reach, FromApp("webhook_reach")]
ADMIN = (PersonOnly, RoleMissing)
WRITES = (WebhookForbidden, RegionUnknown, ClientUnknown, AddressRefused)


@router.get("", responses=raises(*ADMIN))
@in_transaction
def list_webhooks(
    tx: Session, actor: Administrator, limit: Limit = 20, cursor: Cursor = None
) -> Page[WebhookOut]:
    """The webhooks of the caller's regions, newest first."""
    return queries.webhooks(tx, actor, limit, cursor)


@router.post("", responses=raises(*ADMIN, *WRITES))
@in_transaction(status=201, replay=service.replay)
def add_webhook(
    tx: Session, actor: Administrator, seal: Sealing, reach: Reaching, body: WebhookDraft
) -> WebhookSecretOut:
    """Adds an address that is told of events; the answer holds its secret, this once."""
    return service.add(tx, actor, seal, reach, body)


@router.get("/{webhook_id}", responses=raises(*ADMIN, WebhookNotFound))
@in_transaction
def get_webhook(tx: Session, actor: Administrator, webhook_id: UUID) -> WebhookOut:
    """One webhook, without its secret."""
    return queries.webhook_out(queries.get_webhook(tx, actor, webhook_id))


@router.put("/{webhook_id}", responses=raises(*ADMIN, *WRITES, WebhookNotFound))
@in_transaction
def change_webhook(
    tx: Session, actor: Administrator, reach: Reaching, webhook_id: UUID, body: WebhookDraft
) -> WebhookOut:
    """Changes, pauses or wakes a webhook; its secret stays."""
    return service.change(tx, actor, reach, webhook_id, body)


@router.delete("/{webhook_id}", responses=raises(*ADMIN, WebhookNotFound))
@in_transaction
def delete_webhook(tx: Session, actor: Administrator, webhook_id: UUID) -> None:
    """Ends a webhook; what still waits for it is given up."""
    service.remove(tx, actor, webhook_id)


@router.post("/{webhook_id}/rotate", responses=raises(*ADMIN, WebhookNotFound))
@in_transaction(replay=service.replay)
def rotate_webhook(
    tx: Session, actor: Administrator, seal: Sealing, webhook_id: UUID
) -> WebhookSecretOut:
    """Gives a new secret, told this once; for a day the one before signs beside it."""
    return service.rotate(tx, actor, seal, webhook_id)


@router.post("/{webhook_id}/test", responses=raises(*ADMIN, WebhookNotFound, WebhookPaused))
@in_transaction(status=201)
def test_webhook(tx: Session, actor: Administrator, webhook_id: UUID) -> DeliveryOut:
    """Sends the event `test.sent`, whatever the webhook wants otherwise."""
    return service.test(tx, actor, webhook_id)


@router.get("/{webhook_id}/deliveries", responses=raises(*ADMIN, WebhookNotFound))
@in_transaction
def list_deliveries(
    tx: Session, actor: Administrator, webhook_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[DeliveryOut]:
    """What the webhook was told, newest first, and what became of it."""
    return queries.deliveries(tx, actor, webhook_id, limit, cursor)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/retry",
    responses=raises(*ADMIN, WebhookNotFound, WebhookPaused, DeliveryNotFound, DeliveryDone),
)
@in_transaction
def retry_delivery(
    tx: Session, actor: Administrator, webhook_id: UUID, delivery_id: UUID
) -> DeliveryOut:
    """Sends a message again at once, with all its attempts before it."""
    return service.retry(tx, actor, webhook_id, delivery_id)

"""Tables of those who want to be told, and of what they were told."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base


class Event(StrEnum):
    """Everything that other programs can be told of."""

    REDEMPTION_FULFILLED = "redemption.fulfilled"
    HOLD_FULFILLED = "hold.fulfilled"
    HOLD_CANCELLED = "hold.cancelled"
    HOLD_EXPIRED = "hold.expired"
    HOLD_REFUNDED = "hold.refunded"
    NOTICE_PUBLISHED = "notice.published"
    POINTS_SETTLED = "points.settled"
    TEST_SENT = "test.sent"


class Webhook(Base):
    """An address that wants some kinds of events. `secret` is sealed with the service's key."""

    __tablename__ = "webhooks"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Str]
    url: Mapped[Str]
    events: Mapped[Json]
    secret: Mapped[Str]
    # Still accepted by receivers for a while after a rotation; sealed too.
    old_secret: Mapped[Str | None]
    old_until: Mapped[At | None]
    client_id: Mapped[CodeStr | None] = mapped_column(ForeignKey("api_clients.id"))
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    state: Mapped[CodeStr]
    failures: Mapped[Int]
    created_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("state IN ('active', 'paused', 'failing', 'removed')", name="state"),
        CheckConstraint("failures >= 0", name="failures"),
    )


class WebhookDelivery(Base):
    """One event for one address; its id is the message's id in every attempt."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[Id] = mapped_column(primary_key=True)
    webhook_id: Mapped[Id] = mapped_column(ForeignKey("webhooks.id"))
    event: Mapped[CodeStr]
    payload: Mapped[Json]
    state: Mapped[CodeStr]
    attempts: Mapped[Int]
    last_status: Mapped[Int | None]
    last_error: Mapped[CodeStr | None]
    created_at: Mapped[At]
    next_at: Mapped[At | None]
    done_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="state"),
        CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name="done"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_webhook_deliveries_webhook", "webhook_id", "created_at"),
        Index("ix_webhook_deliveries_state", "state", "next_at"),
    )

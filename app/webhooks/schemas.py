"""The words of webhooks at the edge; a secret goes out once and never again."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.schema import Code, Draft, Instant, Name, Out, PlainText
from app.webhooks.models import Event

Address = Annotated[PlainText, StringConstraints(min_length=10, max_length=500)]
State = Literal["active", "paused", "failing", "removed"]
DeliveryState = Literal["waiting", "delivered", "given_up"]


class WebhookDraft(Draft):
    name: Name = Field(examples=["商户收银系统"])
    url: Address = Field(examples=["https://shop.example/hooks"])
    events: list[Event] = Field(min_length=1, max_length=len(Event))
    region_code: Code = Field(description="Events of its whole subtree", examples=["500152000000"])
    client_id: Code | None = Field(
        None, description="Of events about an API client, only those about this one"
    )
    active: bool = Field(default=True, strict=True, description="False pauses it: events wait")


class WebhookOut(Out):
    id: UUID
    name: str
    url: str
    events: list[Event]
    region_code: str
    client_id: str | None
    state: State = Field(description="`failing`: many attempts in a row failed; it is still tried")
    failures: int = Field(description="Attempts in a row that failed")
    old_secret_until: Instant | None = Field(description="Until then both secrets sign")
    created_at: Instant


class WebhookSecretOut(WebhookOut):
    # Given once, to whoever asked; a replayed answer has it no more.
    not_stored: ClassVar[frozenset[str]] = frozenset({"secret"})

    secret: str | None = Field(
        default=None, description="Shown this once; null when the same request is sent again",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )  # fmt: skip


class DeliveryOut(Out):
    """What became of one message; neither its content nor the receiver's answer is shown."""

    id: UUID = Field(description="The `webhook-id` of every attempt")
    event: Event
    state: DeliveryState
    attempts: int
    last_status: int | None = Field(description="HTTP status of the last answer")
    last_error: str | None = Field(
        description="status, redirected, timeout, unreachable, unresolved, address_refused, "
        "secret_broken, webhook_removed"
    )
    created_at: Instant
    next_at: Instant | None = Field(description="When it is tried again, at the earliest")
    done_at: Instant | None

"""The words of the counter without network at the edge."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.kit.fields import each_once
from app.kit.schema import Code, Draft, Instant, Note, Out

MOST_ACCEPTED = 200
Why = Literal["used", "cancelled", "expired", "unknown"]
TypedCode = Annotated[str, StringConstraints(min_length=6, max_length=40)]


class OfflineLineOut(Out):
    name: str
    quantity: int


class OfflineRedemptionOut(Out):
    redemption_id: UUID
    code_hash: str = Field(description="Hexadecimal")
    expires_at: Instant = Field(description="Not to be accepted from then on")
    lines: list[OfflineLineOut]


class OfflineListOut(Out):
    """What a counter may accept without network.

    `code_hash` is PBKDF2-HMAC-SHA256 of the ten characters of the code (upper case, no dashes),
    with this list's `salt` and `rounds`, 32 bytes long.
    """

    station_id: str
    salt: str = Field(description="Hexadecimal; another one for each list")
    rounds: int
    made_at: Instant
    report_by: Instant = Field(description="Acceptances that arrive until then are posted")
    complete: bool = Field(description="False: more are held than fit")
    items: list[OfflineRedemptionOut]


class AcceptanceDraft(Draft):
    acceptance: Code = Field(description="The device's own number; sent again, it counts once")
    code: TypedCode
    accepted_at: Instant


class AcceptancesDraft(Draft):
    acceptances: list[AcceptanceDraft] = Field(min_length=1, max_length=MOST_ACCEPTED)

    @model_validator(mode="after")
    def names_each_once(self) -> Self:
        """Each number stands in one acceptance."""
        each_once((a.acceptance for a in self.acceptances), "验收号", "an acceptance")
        return self


class AcceptanceOut(Out):
    acceptance: str
    outcome: Literal["fulfilled", "exception", "refused"]
    why: Why | None = Field(description="Of an exception, which somebody will look at")
    code: str | None = Field(description="Why it was refused", examples=["acceptance_reused"])
    title: str | None
    title_en: str | None


class AcceptancesOut(Out):
    fulfilled: int
    items: list[AcceptanceOut] = Field(description="In the order in which they were sent")


class CounterExceptionOut(Out):
    id: UUID
    station_id: str
    acceptance: str
    why: Why
    redemption_id: UUID | None
    keeper: str
    accepted_at: Instant
    created_at: Instant
    closed_by: str | None
    closed_at: Instant | None
    closing_note: str | None


class ClosingDraft(Draft):
    note: Note

"""The words of settling with merchants at the edge. They name no member."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.kit.fields import Unfit
from app.kit.schema import Code, Day, Draft, Instant, Out, PlainText

State = Literal["drawn", "approved", "paid", "dropped"]
Reference = Annotated[PlainText, StringConstraints(min_length=1, max_length=64)]


class StatementDraft(Draft):
    merchant: Code = Field(
        description="A station's id, or the id of a program that runs an external store",
        examples=["TN001"],
    )
    first_day: Day = Field(description="Names the period; what was left before it is settled too")
    last_day: Day = Field(description="All that happened until its end (Asia/Shanghai)")

    @model_validator(mode="after")
    def is_a_period(self) -> Self:
        """The last day is the first or comes after it."""
        if self.last_day < self.first_day:
            raise Unfit("结束日早于开始日", "last_day comes before first_day")
        return self


class PaymentDraft(Draft):
    payment_ref: Reference = Field(description="The bank's reference", examples=["20261122000017"])


class StatementOut(Out):
    id: UUID
    number: str = Field(examples=["JS-500152-2026-000001"])
    merchant: str
    merchant_name: str
    region_code: str
    first_day: date
    last_day: date
    fen: int = Field(description="What the merchant is owed")
    state: State
    drawn_by: str
    drawn_at: Instant
    approved_by: str | None
    approved_at: Instant | None
    payment_ref: str | None
    paid_by: str | None
    paid_at: Instant | None


class SettledItemOut(Out):
    name: str
    name_en: str
    quantity: int


class SettledLineOut(Out):
    """One redemption or hold: handed out, or taken back (then `fen` is below 0)."""

    kind: Literal["fulfil", "refund"]
    redemption_id: UUID | None = Field(description="Of a station")
    reference: str | None = Field(description="The external store's own number")
    items: list[SettledItemOut] = Field(description="Empty for an external store")
    fen: int
    at: Instant


class StatementDetailOut(StatementOut):
    lines: list[SettledLineOut] = Field(
        description="The oldest first; together they are `fen`. A dropped statement has none"
    )

"""The words of a member's own statement, and of why an entry is there."""

from datetime import date
from uuid import UUID

from pydantic import Field

from app.kit.schema import Instant, Out
from app.ledger.schemas import EntryOut
from app.rewards.schemas import WhyOut


class EntryLineOut(EntryOut):
    balance: int = Field(description="Points on the account after this entry")


class TotalOut(Out):
    """The entries of one kind, summed up."""

    kind: str
    count: int
    came: int = Field(description="Points that came; never negative")
    went: int = Field(description="Points that left; never negative")


class PointsStatementOut(Out):
    """A balance here is the points on the account: spendable and on the way together.

    What a redemption holds is off the account until it is cancelled. A member of a household sees
    its purse, and their own account from before.
    """

    member_no: str
    first_day: date = Field(description="A business day, Asia/Shanghai")
    last_day: date
    opening: int = Field(description="Points on the account when the first day began")
    closing: int = Field(description="When the last day ended, or now")
    entries: list[EntryLineOut] = Field(description="The oldest first")
    totals: list[TotalOut]


class RedeemedItemOut(Out):
    name: str
    name_en: str
    quantity: int
    points_each: int


class RedeemedOut(Out):
    """What points were held for, at a station or in an external store."""

    id: UUID
    station_id: str | None = Field(description="Null in an external store")
    store: str = Field(description="The name of the station or store")
    reference: str | None = Field(description="The external store's own number")
    state: str
    points: int
    items: list[RedeemedItemOut]


class LotPartOut(Out):
    """Points of one lot that the entry made, took or gave back."""

    points: int
    fund: str
    earner: str = Field(description="Who earned them, in a household perhaps another")
    earned_at: Instant
    settled_at: Instant | None = Field(description="Spendable since; null: still on the way")
    expires_at: Instant | None
    carried: bool = Field(description="From another purse: they were earned before that")


class EntryDetailOut(EntryOut):
    """Why these points."""

    award: WhyOut | None = Field(description="The caller's own award behind the entry")
    redemption: RedeemedOut | None
    cause: str | None = Field(description="Why it was given, taken back or refunded by hand")
    answers_id: UUID | None = Field(description="The entry that this one ends or reverses")
    lots: list[LotPartOut]

"""The words of tills at the edge. They know members by number: no name, no history."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.schema import Code, Draft, Instant, Out

State = Literal["held", "fulfilled", "cancelled", "expired"]
Happened = Literal["created", "fulfilled", "cancelled", "expired", "refunded"]
MemberCode = Annotated[str, StringConstraints(min_length=11, max_length=60)]


class MemberCodeOut(Out):
    code: str = Field(examples=["7K3M9QXA4TQ2WE8RZB"])
    member_no: str
    expires_at: Instant = Field(description="When to fetch the next one; it is good a minute more")


class BalanceOut(Out):
    member_no: str
    spendable: int


class HoldDraft(Draft):
    code: MemberCode = Field(description="As the member showed it", examples=["7K3M9QXA4TQ2WE8RZB"])
    points: int = Field(strict=True, ge=1, le=1_000_000)
    cost_fen: int = Field(
        strict=True, ge=0, le=1_000_000_000,
        description="What the store is owed for it; no more than the points are worth",
    )  # fmt: skip
    reference: Code = Field(
        description="The store's own number; sent again, it means the same hold",
        examples=["R-20261122-0001"],
    )


class HoldOut(Out):
    id: UUID
    reference: str
    member_no: str
    state: State
    points: int
    cost_fen: int
    created_at: Instant
    expires_at: Instant = Field(description="Held no longer than this")
    resolved_at: Instant | None
    refunded_at: Instant | None = Field(description="When its goods were taken back")


class DayHoldOut(Out):
    """A hold as it stood when the day ended."""

    hold_id: UUID
    reference: str
    state: State
    points: int
    cost_fen: int
    created_at: Instant
    resolved_at: Instant | None
    refunded_at: Instant | None = Field(description="When its goods were taken back, that day")


class DayRefundOut(Out):
    """Goods of a hold, fulfilled on this or an earlier day, that were taken back on the day."""

    hold_id: UUID
    reference: str
    state: Literal["refunded"]
    points: int = Field(description="Less than 0: the member has them again")
    cost_fen: int = Field(description="0 or less: the store is owed it no more")
    resolved_at: Instant = Field(description="When it was fulfilled")
    refunded_at: Instant


class TotalOut(Out):
    """What happened on the day, summed up; `fulfilled` and `refunded` together are what moved."""

    what: Happened
    count: int
    points: int = Field(description="Less than 0 when refunded")
    fen: int = Field(
        description="What the store asked for; owed when fulfilled, less than 0 when refunded"
    )


class ReconciliationOut(Out):
    day: date = Field(description="A business day, Asia/Shanghai")
    client_id: str
    final: bool = Field(description="Whether the day is over, so that this never changes again")
    holds: list[DayHoldOut] = Field(description="Created or resolved on the day, the oldest first")
    refunds: list[DayRefundOut] = Field(description="Taken back on the day, the oldest first")
    totals: list[TotalOut]
    checksum: str = Field(
        description="SHA-256 of the holds, then the refunds, in this order: of each the first seven"
        " values joined by commas (instants in UTC, YYYY-MM-DDTHH:MM:SS.ffffffZ, null as nothing)"
        " and a line feed"
    )

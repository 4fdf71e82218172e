"""The words of stock and of those who wait for it at the edge."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.kit.schema import Code, Draft, Instant, Note, Out

MoveKind = Literal["restock", "reserve", "release", "fulfil", "adjust", "transfer", "refund"]
Quantity = Annotated[int, Field(strict=True, ge=1, le=100_000)]


class RestockDraft(Draft):
    item_id: UUID
    quantity: Quantity
    delivery: Code = Field(description="The delivery's number; it counts once for each item")


class StockTakeDraft(Draft):
    item_id: UUID
    counted: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = Field(
        description="Pieces on the shelf now, with those that are reserved"
    )
    reason: Note = Field(examples=["月末盘点"])


class TransferDraft(Draft):
    to: Code = Field(description="The station that receives the goods")
    item_id: UUID
    quantity: Quantity
    number: Code = Field(description="The transfer's own number; it counts once for each item")


class StockOut(Out):
    item_id: UUID
    code: str
    name: str
    on_hand: int
    reserved: int = Field(description="Wait for the codes of held redemptions")
    available: int


class StockList(Out):
    items: list[StockOut]


class StockMoveOut(Out):
    """`source` is the delivery, the transfer's number, the stock-take or the redemption."""

    id: UUID
    item_id: UUID
    name: str
    kind: MoveKind
    on_hand_change: int
    reserved_change: int
    source: str
    by: str | None = Field(description="Whoever of the staff moved it")
    reason: str | None = Field(description="Of a stock-take")
    created_at: Instant


class WaitOut(Out):
    station_id: str
    station_name: str
    item_id: UUID
    item_name: str
    item_name_en: str
    created_at: Instant
    told_at: Instant | None = Field(description="Once told, one waits no longer")


class WaitList(Out):
    items: list[WaitOut]

"""The words of a station's day."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit.schema import Out
from app.store.schemas import CounterExceptionOut

Flow = Literal["opened", "handed_out", "cancelled", "expired", "refunded"]


class FlowOut(Out):
    """What happened to redemptions on the day; each may have begun on another."""

    what: Flow
    count: int
    pieces: int
    points: int
    fen: int = Field(description="What the station is owed for the goods")


class KeeperDayOut(Out):
    """What one keeper handed out."""

    person_id: UUID
    name: str
    count: int
    pieces: int
    points: int
    fen: int


class ItemDayOut(Out):
    """Pieces of one item, by what happened; points and fen of those handed out."""

    item_id: UUID
    code: str
    name: str
    name_en: str
    opened: int
    handed_out: int
    cancelled: int
    expired: int
    refunded: int
    points: int
    fen: int


class ShelfDayOut(Out):
    """Pieces on the shelf: opening and all that moved are closing."""

    item_id: UUID
    code: str
    name: str
    opening: int
    restocked: int
    transferred: int = Field(description="In, or out when negative")
    adjusted: int = Field(description="By stock-takes")
    handed_out: int = Field(description="Never positive")
    returned: int
    closing: int
    reserved: int = Field(description="Of the closing: wait for their codes")


class DayReportOut(Out):
    station_id: str
    station_name: str
    day: date = Field(description="A business day, Asia/Shanghai")
    final: bool = Field(description="Whether the day is over")
    redemptions: list[FlowOut]
    keepers: list[KeeperDayOut]
    items: list[ItemDayOut]
    shelf: list[ShelfDayOut]
    exceptions: list[CounterExceptionOut] = Field(
        description="What the counter took without network and could not post"
    )

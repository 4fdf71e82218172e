"""Stock over HTTP: deliveries, stock-takes, transfers, what lies on a shelf and how it came."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.identity.errors import PersonOnly, RoleMissing
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.store import lists, queries, shelves
from app.store.access import StockHand, StockReader
from app.store.errors import (
    CountBelowReserved,
    DeliveryBooked,
    ItemNotFound,
    NotOfStation,
    StationNotFound,
    StockExhausted,
    TransferBooked,
    TransferToItself,
)  # fmt: skip
from app.store.schemas import (
    RestockDraft,
    StockList,
    StockMoveOut,
    StockOut,
    StockTakeDraft,
    TransferDraft,
)  # fmt: skip

router = Router(prefix="/v1/stations/{station_id}", tags=["stock 库存"])
ASKED = (PersonOnly, RoleMissing, StationNotFound, NotOfStation)


@router.post("/restocks", responses=raises(*ASKED, ItemNotFound, DeliveryBooked))
@in_transaction
def restock(tx: Session, actor: StockHand, station_id: Code, body: RestockDraft) -> StockOut:
    """Books a delivery; its number counts once for each item."""
    return shelves.restock(tx, actor, station_id, body)


@router.post("/stock-takes", responses=raises(*ASKED, ItemNotFound, CountBelowReserved))
@in_transaction
def take_stock(tx: Session, actor: StockHand, station_id: Code, body: StockTakeDraft) -> StockOut:
    """Books what was counted (盘点); the difference is a move with a reason."""
    return shelves.count(tx, actor, station_id, body)


@router.post(
    "/transfers",
    responses=raises(*ASKED, ItemNotFound, TransferToItself, TransferBooked, StockExhausted),
)
@in_transaction
def transfer_stock(
    tx: Session, actor: StockHand, station_id: Code, body: TransferDraft
) -> StockOut:
    """Moves goods to another station (调拨); the answer is what is left here."""
    return shelves.transfer(tx, actor, station_id, body)


@router.get("/stock", responses=raises(*ASKED))
@in_transaction
def get_stock(tx: Session, actor: StockReader, station_id: Code) -> StockList:
    """What lies on a station's shelf, and how much of it waits for codes."""
    return lists.stock(tx, queries.station_for(tx, actor, station_id, shelves.READERS).id)


@router.get("/stock-moves", responses=raises(*ASKED))
@in_transaction
def list_stock_moves(
    tx: Session,
    actor: StockReader,
    station_id: Code,
    item: Annotated[UUID | None, Query(description="Only of this item")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[StockMoveOut]:
    """Every change of a station's shelf with its cause, the newest first."""
    station = queries.station_for(tx, actor, station_id, shelves.READERS)
    return lists.stock_moves(tx, station.id, item, limit, cursor)

"""Lists for those who work at a station, and of what people wait for."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.models import Person
from app.kit.page import Page, cut
from app.store.models import (
    CounterException,
    Item,
    Station,
    StationKeeper,
    Stock,
    StockMove,
    StockTake,
    Wait,
)  # fmt: skip
from app.store.schemas import (
    CounterExceptionOut,
    KeeperList,
    KeeperOut,
    StockList,
    StockMoveOut,
    StockOut,
    WaitList,
    WaitOut,
)  # fmt: skip

# What a member of the public did moves stock too; the log names the staff only.
BY_STAFF = frozenset({"restock", "fulfil", "adjust", "transfer", "refund"})
MOST_WAITS = 100


def keepers(tx: Session, station_id: str) -> KeeperList:
    query = (
        select(StationKeeper.person_id, Person.name, StationKeeper.since)
        .join(Person, Person.id == StationKeeper.person_id)
        .where(StationKeeper.station_id == station_id)
        .order_by(StationKeeper.since, StationKeeper.person_id)
    )
    return KeeperList(items=[KeeperOut.model_validate(row) for row in tx.execute(query)])


def stock(tx: Session, station_id: str, item_id: UUID | None = None) -> StockList:
    """The shelf of a station, or one row of it, by the items' codes."""
    query = (
        select(Item.id, Item.code, Item.name, Stock.on_hand, Stock.reserved)
        .join(Stock, Stock.item_id == Item.id)
        .where(Stock.station_id == station_id)
        .order_by(Item.code)
    )
    if item_id is not None:
        query = query.where(Stock.item_id == item_id)
    items = [
        StockOut(
            item_id=row.id, code=row.code, name=row.name, on_hand=row.on_hand,
            reserved=row.reserved, available=row.on_hand - row.reserved,
        )
        for row in tx.execute(query)
    ]  # fmt: skip
    return StockList(items=items)


def stock_row(tx: Session, station_id: str, item_id: UUID) -> StockOut:
    (row,) = stock(tx, station_id, item_id).items
    return row


def stock_moves(
    tx: Session, station_id: str, item_id: UUID | None, limit: int, cursor: str | None
) -> Page[StockMoveOut]:
    """Every change of a station's shelf, the newest first."""
    query = select(StockMove, Item.name).join(Item, Item.id == StockMove.item_id)
    query = query.where(StockMove.station_id == station_id)
    if item_id is not None:
        query = query.where(StockMove.item_id == item_id)
    found = cut(
        tx,
        query,
        (StockMove.created_at, StockMove.id),
        limit=limit,
        cursor=cursor,
        filters=(station_id, item_id),
    )
    moves = [row.StockMove for row in found.rows]
    staff = {m.actor_id for m in moves if m.actor_id is not None and m.kind in BY_STAFF}
    names, reasons = identity.names(tx, staff), _reasons(tx, moves)
    items = [
        StockMoveOut(
            id=m.id, item_id=m.item_id, name=row.name, kind=m.kind,
            on_hand_change=m.on_hand_change, reserved_change=m.reserved_change, source=m.source,
            by=names.get(m.actor_id), reason=reasons.get(m.source), created_at=m.created_at,
        )
        for row, m in zip(found.rows, moves, strict=True)
    ]  # fmt: skip
    return Page(items=items, next_cursor=found.next_cursor)


def _reasons(tx: Session, moves: Collection[StockMove]) -> dict[str, str]:
    takes = [UUID(move.source) for move in moves if move.kind == "adjust"]
    query = select(StockTake.id, StockTake.reason).where(StockTake.id.in_(takes))
    return {str(row.id): row.reason for row in tx.execute(query)}


def waits(tx: Session, person_id: UUID) -> WaitList:
    """What a person waits or waited for, the newest first."""
    query = (
        select(
            Wait.station_id, Station.name.label("station_name"), Wait.item_id,
            Item.name.label("item_name"), Item.name_en.label("item_name_en"), Wait.created_at,
            Wait.told_at,
        )
        .join(Station, Station.id == Wait.station_id)
        .join(Item, Item.id == Wait.item_id)
        .where(Wait.person_id == person_id)
        .order_by(Wait.created_at.desc(), Wait.station_id, Wait.item_id)
        .limit(MOST_WAITS)
    )  # fmt: skip
    return WaitList(items=[WaitOut.model_validate(row) for row in tx.execute(query)])


def waited_for(tx: Session, item_id: UUID) -> list[str]:
    """The stations at which somebody waits for an item, by their ids."""
    waiting = Wait.item_id == item_id, Wait.told_at.is_(None)
    return list(
        tx.scalars(select(Wait.station_id).where(*waiting).distinct().order_by(Wait.station_id))
    )


def exceptions(
    tx: Session, station_id: str, limit: int, cursor: str | None
) -> Page[CounterExceptionOut]:
    """What a station's counter took without network and could not post, the newest first."""
    found = cut(
        tx,
        select(CounterException).where(CounterException.station_id == station_id),
        (CounterException.created_at, CounterException.id),
        limit=limit,
        cursor=cursor,
        filters=(station_id,),
    )
    shown = exceptions_out(tx, [row.CounterException for row in found.rows])
    return Page(items=shown, next_cursor=found.next_cursor)


def exceptions_out(tx: Session, rows: Collection[Any]) -> list[CounterExceptionOut]:
    people = {row.keeper_id for row in rows} | {row.closed_by for row in rows}
    names = identity.names(tx, people - {None})
    return [
        CounterExceptionOut(
            id=e.id, station_id=e.station_id, acceptance=e.acceptance, why=e.why,
            redemption_id=e.redemption_id, keeper=names[e.keeper_id], accepted_at=e.accepted_at,
            created_at=e.created_at, closed_by=names.get(e.closed_by), closed_at=e.closed_at,
            closing_note=e.closing_note,
        )
        for e in rows
    ]  # fmt: skip

"""Goods that arrive, are counted and move between stations; each has a number and counts once.

The rows of the shelf are locked first, by station and item, so what was booked before is seen.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.store import lists, queries, stock
from app.store.errors import CountBelowReserved, DeliveryBooked, TransferBooked, TransferToItself
from app.store.models import StockMove, StockTake
from app.store.schemas import RestockDraft, StockOut, StockTakeDraft, TransferDraft
from app.store.stock import Row

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
READERS = ADMINISTRATORS | {Role.AUDITOR}


def restock(tx: Session, actor: Actor, station_id: str, draft: RestockDraft) -> StockOut:
    """Puts a delivery on the shelf; the same one again changes nothing.

    Raises StationNotFound, NotOfStation, ItemNotFound, DeliveryBooked (with another quantity).
    """
    station = queries.station_for(tx, actor, station_id, ADMINISTRATORS)
    row = station.id, queries.get_item(tx, draft.item_id).id
    stock.lock(tx, [row])
    booked = _booked(tx, "restock", draft.delivery, [row])
    if not booked:
        stock.restock(tx, row, draft.quantity, source=draft.delivery, actor_id=actor.person_id)
        actions.record(
            tx, actor.person_id, "stock.restocked", "station", station.id, item=str(row[1]),
            quantity=draft.quantity, delivery=draft.delivery,
        )  # fmt: skip
    elif booked != {row: draft.quantity}:
        raise DeliveryBooked
    return lists.stock_row(tx, *row)


def count(tx: Session, actor: Actor, station_id: str, draft: StockTakeDraft) -> StockOut:
    """Books what was counted (盘点): the difference is an `adjust` move with the take's id.

    Raises StationNotFound, NotOfStation, ItemNotFound, CountBelowReserved.
    """
    station = queries.station_for(tx, actor, station_id, ADMINISTRATORS)
    row = station.id, queries.get_item(tx, draft.item_id).id
    pieces = stock.lock(tx, [row])[row]
    if draft.counted < pieces.reserved:
        raise CountBelowReserved(reserved=pieces.reserved)
    take_id = new_id()
    insert_row(
        tx, StockTake, id=take_id, station_id=station.id, item_id=row[1], counted=draft.counted,
        expected=pieces.on_hand, reason=draft.reason, actor_id=actor.person_id,
        created_at=clock.now(),
    )  # fmt: skip
    if draft.counted != pieces.on_hand:
        by = draft.counted - pieces.on_hand
        stock.change(tx, "adjust", row, take_id, actor.person_id, on_hand=by)
    actions.record(
        tx, actor.person_id, "stock.counted", "station", station.id, item=str(row[1]),
        counted=draft.counted, expected=pieces.on_hand, reason=draft.reason,
    )  # fmt: skip
    return lists.stock_row(tx, *row)


def transfer(tx: Session, actor: Actor, station_id: str, draft: TransferDraft) -> StockOut:
    """Moves goods to another open station (调拨), out and in under one number; counts once.

    Raises StationNotFound, NotOfStation, ItemNotFound, TransferToItself, TransferBooked,
    StockExhausted.
    """
    station = queries.station_for(tx, actor, station_id, ADMINISTRATORS)
    to, item = queries.get_station(tx, draft.to), queries.get_item(tx, draft.item_id)
    if to.id == station.id:
        raise TransferToItself
    left, entered = (station.id, item.id), (to.id, item.id)
    # Both before either changes, in their order: two transfers the other way round wait.
    stock.lock(tx, [left, entered])
    booked = _booked(tx, "transfer", draft.number, [left, entered])
    if not booked:
        for row, by in ((left, -draft.quantity), (entered, draft.quantity)):
            stock.change(tx, "transfer", row, draft.number, actor.person_id, on_hand=by)
        actions.record(
            tx, actor.person_id, "stock.transferred", "station", station.id, to=to.id,
            item=str(item.id), quantity=draft.quantity, number=draft.number,
        )  # fmt: skip
    elif booked != {left: -draft.quantity, entered: draft.quantity}:
        raise TransferBooked
    return lists.stock_row(tx, *left)


def _booked(tx: Session, kind: str, source: str, rows: Sequence[Row]) -> dict[Row, int]:
    """What was booked under a number on these rows before."""
    query = select(StockMove.station_id, StockMove.item_id, StockMove.on_hand_change).where(
        StockMove.kind == kind,
        StockMove.source == source,
        StockMove.station_id.in_([station_id for station_id, _ in rows]),
        StockMove.item_id.in_([item_id for _, item_id in rows]),
    )
    return {(m.station_id, m.item_id): m.on_hand_change for m in tx.execute(query)}

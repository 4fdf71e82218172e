"""Waiting for goods that are gone (到货提醒): first come, first told, and told once."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Person
from app.kit import clock
from app.notify import service as notify
from app.store import lists, queries, rules, stock
from app.store.errors import ItemInStock, ItemNotFound, WaitNotFound, WaitsFull
from app.store.models import Item, Station, Wait
from app.store.schemas import WaitList

MOST_WAITS = 50


def wait(tx: Session, actor: Actor, station_id: str, item_id: UUID) -> WaitList:
    """Waits for an item of a station; whoever waits already keeps their place.

    Raises StationNotFound, ItemNotFound (never on that shelf, or not published), ItemInStock,
    WaitsFull.
    """
    station, item = queries.get_station(tx, station_id), queries.get_item(tx, item_id)
    # Two at once of the same person wait here, so that the cap holds.
    tx.execute(
        select(Person.id).where(Person.id == actor.person_id).with_for_update(key_share=True)
    )
    # Whoever fills the shelf changes this row first and looks for people who wait afterwards.
    pieces = stock.find(tx, (station.id, item.id))
    if pieces is None or not item.published:
        raise ItemNotFound
    if pieces.free > 0 and rules.on_sale(item, clock.now()):
        raise ItemInStock
    _queue(tx, actor, station.id, item.id)
    return lists.waits(tx, actor.person_id)


def _queue(tx: Session, actor: Actor, station_id: str, item_id: UUID) -> None:
    mine = tx.get(Wait, (station_id, item_id, actor.person_id))
    if mine is not None and mine.told_at is None:
        return
    waiting = Wait.person_id == actor.person_id, Wait.told_at.is_(None)
    if (tx.scalar(select(func.count()).where(*waiting)) or 0) >= MOST_WAITS:
        raise WaitsFull
    if mine is None:
        mine = Wait(station_id=station_id, item_id=item_id, person_id=actor.person_id)
        tx.add(mine)
    mine.created_at, mine.told_at = clock.now(), None
    tx.flush()


def give_up(tx: Session, actor: Actor, station_id: str, item_id: UUID) -> WaitList:
    """Waits no longer, and gives what one still waits for. Raises WaitNotFound."""
    key = station_id, item_id, actor.person_id
    mine = tx.get(Wait, key, with_for_update={"key_share": True})
    if mine is None:
        raise WaitNotFound
    tx.delete(mine)
    tx.flush()
    return lists.waits(tx, actor.person_id)


def tell(tx: Session, station_id: str, item_id: UUID) -> None:
    """Tells as many of those who wait as pieces are free, in the order in which they came.

    Nothing is reserved for them. Idempotent: whoever was told waits no longer.
    """
    pieces = stock.find(tx, (station_id, item_id))
    station, item = tx.get_one(Station, station_id), tx.get_one(Item, item_id)
    if pieces is None or not station.open or not rules.on_sale(item, clock.now()):
        return
    first = (
        select(Wait)
        .where(Wait.station_id == station_id, Wait.item_id == item_id, Wait.told_at.is_(None))
        .order_by(Wait.created_at, Wait.person_id)
        .limit(pieces.free)
        .with_for_update(key_share=True)
    )
    for one in tx.scalars(first).all():
        one.told_at = clock.now()
        # Whoever waits for it again is told again.
        subject = f"{station_id}/{item_id}/{one.created_at.isoformat()}"
        name = {"zh": item.name, "en": item.name_en}
        notify.tell(tx, one.person_id, "item.arrived", subject, item=name, station=station.name)
    tx.flush()

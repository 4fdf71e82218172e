"""Goods as people see them: with signed photos, and where they lie on a shelf."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.page import Page, page
from app.media.schemas import PhotoUrls
from app.media.views import VARIANTS, Signer
from app.store import queries, rules
from app.store.errors import ItemNotFound
from app.store.models import Item, Station, Stock
from app.store.schemas import GoodsOut, ItemDetailOut, ItemOut, ShelfOut

_CARD = (
    "id", "code", "name", "name_en", "kind", "description", "points", "on_sale_from",
    "on_sale_until", "person_limit", "limit_days",
)  # fmt: skip
_FREE = (Stock.on_hand - Stock.reserved).label("available")


def _card(item: Item, signer: Signer) -> dict[str, Any]:
    photo = item.photo_id
    urls = PhotoUrls(**{v: signer.url(photo, v) for v in VARIANTS}) if photo is not None else None
    return {**{name: getattr(item, name) for name in _CARD}, "photo": urls}


def items(tx: Session, station_id: str, signer: Signer) -> list[ItemOut]:
    """What a station offers now, the cheapest first. Raises StationNotFound."""
    queries.get_station(tx, station_id)
    query = (
        select(Item, _FREE)
        .join(Stock, Stock.item_id == Item.id)
        .where(Stock.station_id == station_id, Item.published)
        .order_by(Item.points, Item.code)
    )
    now = clock.now()
    return [
        ItemOut(**_card(row.Item, signer), available=row.available)
        for row in tx.execute(query)
        if rules.on_sale(row.Item, now)
    ]


def item_out(tx: Session, code: str, signer: Signer) -> ItemDetailOut:
    """A published item and its shelves. Raises ItemNotFound."""
    item = queries.find_item(tx, code)
    if item is None or not item.published:
        raise ItemNotFound
    query = (
        select(Station.id.label("station_id"), Station.name.label("station_name"), _FREE)
        .join(Stock, Stock.station_id == Station.id)
        .where(Stock.item_id == item.id, Station.open)
        .order_by(Station.id)
    )
    shelves = [ShelfOut.model_validate(row) for row in tx.execute(query)]
    now = rules.on_sale(item, clock.now())
    return ItemDetailOut(**_card(item, signer), on_sale=now, shelves=shelves)


def goods_out(item: Item, signer: Signer) -> GoodsOut:
    return GoodsOut(
        **_card(item, signer), cost_fen=item.cost_fen, photo_id=item.photo_id,
        published=item.published, version=item.version, created_at=item.created_at,
    )  # fmt: skip


def catalogue(tx: Session, limit: int, cursor: str | None, signer: Signer) -> Page[GoodsOut]:
    """Every item, published or not, the newest first."""
    return page(
        tx,
        select(Item),
        (Item.created_at, Item.id),
        build=lambda row: goods_out(row.Item, signer),
        limit=limit,
        cursor=cursor,
    )

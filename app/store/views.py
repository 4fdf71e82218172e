"""Stations and goods as people see them: how far it is, which photo, and where goods lie."""

from math import cos, hypot, radians
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.page import Page, page
from app.ledger import sums as ledger
from app.media.schemas import PhotoUrls, PlaceOut
from app.media.views import VARIANTS, Signer
from app.store import queries, rules
from app.store.errors import ItemNotFound
from app.store.hours import is_open
from app.store.models import Item, Station, Stock
from app.store.schemas import GoodsOut, ItemDetailOut, ItemOut, ShelfOut, StationOut

METRES_PER_DEGREE = radians(6_371_008.8)
_CARD = (
    "id", "code", "name", "name_en", "kind", "description", "points", "on_sale_from",
    "on_sale_until", "person_limit", "limit_days",
)  # fmt: skip
_FREE = (Stock.on_hand - Stock.reserved).label("available")


def stations(tx: Session, near: tuple[float, float] | None, *, open_now: bool) -> list[StationOut]:
    """All stations, the nearest to a WGS-84 place first; a district has a few hundred at most."""
    rows = tx.scalars(select(Station).where(Station.open).order_by(Station.id))
    found = [station_out(station, near) for station in rows]
    if open_now:
        found = [station for station in found if station.open_now]
    return sorted(found, key=lambda s: (s.distance_m or 0, s.id))


def station_out(s: Station, near: tuple[float, float] | None = None) -> StationOut:
    return StationOut(
        id=s.id, name=s.name, kind=s.kind, region_code=s.region_code, hours=s.hours,
        services=s.services, place=PlaceOut(lat=s.lat, lng=s.lng), open=s.open,
        open_now=s.open and is_open(s.hours, clock.now()),
        distance_m=_distance_m(near, s) if near else None,
    )  # fmt: skip


def _distance_m(near: tuple[float, float], station: Station) -> float:
    """Metres on a plane around the place: right to 0.1 % within a district."""
    lat, lng = near
    north = (station.lat - lat) * METRES_PER_DEGREE
    east = (station.lng - lng) * METRES_PER_DEGREE * cos(radians(lat))
    return round(hypot(north, east), 1)


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


def goods_out(item: Item, signer: Signer, lowest_fen: int) -> GoodsOut:
    """An item for its keepers; `lowest_fen` is what a point is worth at the lowest live rate."""
    return GoodsOut(
        **_card(item, signer), cost_fen=item.cost_fen, photo_id=item.photo_id,
        published=item.published, too_costly=item.cost_fen > item.points * lowest_fen,
        version=item.version, created_at=item.created_at,
    )  # fmt: skip


def catalogue(
    tx: Session, limit: int, cursor: str | None, signer: Signer, *, too_costly: bool = False
) -> Page[GoodsOut]:
    """Every item, published or not, the newest first; or only the published ones whose points are
    worth less than they cost, since a fund of a lower rate came after them."""
    lowest_fen = ledger.lowest_rate(tx)
    query = select(Item)
    if too_costly:
        query = query.where(Item.published, Item.cost_fen > Item.points * lowest_fen)
    return page(
        tx,
        query,
        (Item.created_at, Item.id),
        build=lambda row: goods_out(row.Item, signer, lowest_fen),
        limit=limit,
        cursor=cursor,
        filters=(too_costly,),
    )

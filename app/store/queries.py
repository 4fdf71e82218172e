"""Reads of stations, goods and redemptions."""

from collections import defaultdict
from collections.abc import Sequence
from math import cos, hypot, radians
from typing import Any, cast
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.kit import clock
from app.kit.page import Page, cut
from app.media.schemas import PlaceOut
from app.store.errors import CodeUnknown, RedemptionNotFound, StationNotFound
from app.store.hours import is_open
from app.store.models import Item, Redemption, RedemptionLine, Station, StationKeeper, Stock
from app.store.schemas import ItemOut, LineOut, RedemptionOut, State, StationOut

METRES_PER_DEGREE = radians(6_371_008.8)


def get_station(tx: Session, station_id: str) -> Station:
    """Raises StationNotFound, also for one that is closed for good."""
    station = tx.get(Station, station_id)
    if station is None or not station.open:
        raise StationNotFound
    return station


def stations(tx: Session, near: tuple[float, float] | None, *, open_now: bool) -> list[StationOut]:
    """All stations, the nearest to a WGS-84 place first; a district has a few hundred at most."""
    now = clock.now()
    rows = tx.scalars(select(Station).where(Station.open).order_by(Station.id))
    found = [
        StationOut(
            id=s.id, name=s.name, kind=s.kind, region_code=s.region_code, hours=s.hours,
            services=s.services, place=PlaceOut(lat=s.lat, lng=s.lng),
            open_now=is_open(s.hours, now), distance_m=_distance_m(near, s) if near else None,
        )
        for s in rows
    ]  # fmt: skip
    if open_now:
        found = [station for station in found if station.open_now]
    return sorted(found, key=lambda s: (s.distance_m or 0, s.id))


def _distance_m(near: tuple[float, float], station: Station) -> float:
    """Metres on a plane around the place: right to 0.1 % within a district."""
    lat, lng = near
    north = (station.lat - lat) * METRES_PER_DEGREE
    east = (station.lng - lng) * METRES_PER_DEGREE * cos(radians(lat))
    return round(hypot(north, east), 1)


def items(tx: Session, station_id: str) -> list[ItemOut]:
    """What a station offers. Raises StationNotFound."""
    get_station(tx, station_id)
    left = (Stock.on_hand - Stock.reserved).label("available")
    query = (
        select(Item.id, Item.code, Item.name, Item.name_en, Item.points, left)
        .join(Stock, Stock.item_id == Item.id)
        .where(Stock.station_id == station_id, Item.published)
        .order_by(Item.points, Item.code)
    )
    return [ItemOut.model_validate(row) for row in tx.execute(query)]


def published(tx: Session, ids: Sequence[UUID]) -> dict[UUID, Item]:
    query = select(Item).where(Item.id.in_(ids), Item.published)
    return {item.id: item for item in tx.scalars(query)}


def get_mine(tx: Session, actor: Actor, redemption_id: UUID, *, lock: bool = False) -> Redemption:
    """One of the caller's redemptions. Raises RedemptionNotFound, also for somebody else's."""
    query = select(Redemption).where(
        Redemption.id == redemption_id, Redemption.person_id == actor.person_id
    )
    redemption = tx.scalar(query.with_for_update(key_share=True) if lock else query)
    if redemption is None:
        raise RedemptionNotFound
    return redemption


def get_by_code(tx: Session, keeper: Actor, code_hash: str) -> Redemption:
    """The redemption of a code at one of the keeper's stations, locked. Raises CodeUnknown."""
    keeps = exists().where(
        StationKeeper.station_id == Redemption.station_id,
        StationKeeper.person_id == keeper.person_id,
    )
    query = select(Redemption).where(Redemption.code_hash == code_hash, keeps)
    redemption = tx.scalar(query.with_for_update(key_share=True))
    if redemption is None:
        raise CodeUnknown
    return redemption


def lines(tx: Session, redemption_id: UUID) -> list[RedemptionLine]:
    """The lines in the order in which stock rows are locked everywhere: by item."""
    query = select(RedemptionLine).where(RedemptionLine.redemption_id == redemption_id)
    return list(tx.scalars(query.order_by(RedemptionLine.item_id)))


def mine(tx: Session, actor: Actor, limit: int, cursor: str | None) -> Page[RedemptionOut]:
    """The caller's redemptions, newest first, without their codes."""
    found = cut(
        tx,
        select(Redemption).where(Redemption.person_id == actor.person_id),
        (Redemption.created_at, Redemption.id),
        limit=limit,
        cursor=cursor,
        filters=(actor.person_id,),
    )
    shown = redemptions_out(tx, [row.Redemption for row in found.rows])
    return Page(items=shown, next_cursor=found.next_cursor)


def redemptions_out(tx: Session, rows: Sequence[Redemption]) -> list[RedemptionOut]:
    query = (
        select(RedemptionLine, Item.name)
        .join(Item, Item.id == RedemptionLine.item_id)
        .where(RedemptionLine.redemption_id.in_([r.id for r in rows]))
        .order_by(RedemptionLine.item_id)
    )
    shown: dict[UUID, list[LineOut]] = defaultdict(list)
    for row in tx.execute(query):
        shown[row.RedemptionLine.redemption_id].append(_line(row))
    names = select(Station.id, Station.name).where(Station.id.in_({r.station_id for r in rows}))
    station_names = {row.id: row.name for row in tx.execute(names)}
    return [
        RedemptionOut(
            id=r.id, station_id=r.station_id, station_name=station_names[r.station_id],
            state=cast("State", r.state), points=r.points, lines=shown[r.id],
            created_at=r.created_at, expires_at=r.expires_at, resolved_at=r.resolved_at,
        )
        for r in rows
    ]  # fmt: skip


def _line(row: Any) -> LineOut:
    line: RedemptionLine = row.RedemptionLine
    return LineOut(
        item_id=line.item_id, name=row.name, quantity=line.quantity, points_each=line.points_each
    )


def count_held(tx: Session, person_id: UUID) -> int:
    held = Redemption.person_id == person_id, Redemption.state == "held"
    return tx.scalar(select(func.count()).where(*held)) or 0

"""Reads of stations, goods and redemptions."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit.page import Page, cut
from app.regions.models import Region
from app.store import rules
from app.store.errors import (
    CodeUnknown,
    ExceptionNotFound,
    ItemNotFound,
    NotOfStation,
    RedemptionNotFound,
    StationNotFound,
)  # fmt: skip
from app.store.models import (
    CounterException,
    Item,
    Redemption,
    RedemptionLine,
    Station,
    StationKeeper,
)  # fmt: skip
from app.store.schemas import LineOut, RedemptionOut, State

KEEPERS = frozenset({Role.KEEPER})


def get_station(tx: Session, station_id: str) -> Station:
    """Raises StationNotFound, also for one that is closed for good."""
    station = tx.get(Station, station_id)
    if station is None or not station.open:
        raise StationNotFound
    return station


def any_station(tx: Session, station_id: str, *, lock: bool = False) -> tuple[Station, str]:
    """A station, also a closed one, and the path of its region. Raises StationNotFound."""
    query = select(Station, Region.path).join(Region, Region.code == Station.region_code)
    query = query.where(Station.id == station_id)
    row = tx.execute(query.with_for_update(key_share=True, of=Station) if lock else query).first()
    if row is None:
        raise StationNotFound
    return row.Station, row.path


def is_keeper(tx: Session, station_id: str, person_id: UUID) -> bool:
    return tx.get(StationKeeper, (station_id, person_id)) is not None


def station_for(
    tx: Session, actor: Actor, station_id: str, roles: Collection[str], *, keepers: bool = True
) -> Station:
    """A station for those who hold one of the roles over its region, and for its keepers.

    A keeper is appointed to the station and still holds the role there. Raises StationNotFound,
    NotOfStation.
    """
    station, path = any_station(tx, station_id)
    if actor.holds(roles, path):
        return station
    kept = keepers and actor.holds(KEEPERS, path) and is_keeper(tx, station.id, actor.person_id)
    if not kept:
        raise NotOfStation
    return station


def get_item(tx: Session, item_id: UUID) -> Item:
    """Raises ItemNotFound."""
    item = tx.get(Item, item_id)
    if item is None:
        raise ItemNotFound
    return item


def find_item(tx: Session, code: str, *, lock: bool = False) -> Item | None:
    query = select(Item).where(Item.code == code)
    return tx.scalar(query.with_for_update(key_share=True) if lock else query)


def on_sale(tx: Session, ids: Sequence[UUID], now: datetime) -> dict[UUID, Item]:
    """Those of the items that may be redeemed at the moment."""
    found = tx.scalars(select(Item).where(Item.id.in_(ids)))
    return {item.id: item for item in found if rules.on_sale(item, now)}


def taken(tx: Session, person_id: UUID, item_id: UUID, since: datetime) -> int:
    """Pieces that a person holds or was handed; what was given back does not count."""
    query = (
        select(func.coalesce(func.sum(RedemptionLine.quantity), 0))
        .join(Redemption, Redemption.id == RedemptionLine.redemption_id)
        .where(
            Redemption.person_id == person_id, Redemption.created_at >= since,
            Redemption.state.in_(("held", "fulfilled")), RedemptionLine.item_id == item_id,
        )
    )  # fmt: skip
    return int(tx.scalar(query) or 0)


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
    """The redemption of a code at one of the keeper's stations, locked. Raises CodeUnknown.

    A keeper is appointed to the station and still holds the role there, as for `station_for`.
    """
    keeps = exists().where(
        StationKeeper.station_id == Redemption.station_id,
        StationKeeper.person_id == keeper.person_id,
    )
    query = (
        select(Redemption, Region.path)
        .join(Station, Station.id == Redemption.station_id)
        .join(Region, Region.code == Station.region_code)
        .where(Redemption.code_hash == code_hash, keeps)
    )
    row = tx.execute(query.with_for_update(key_share=True, of=Redemption)).first()
    if row is None or not keeper.holds(KEEPERS, row.path):
        raise CodeUnknown
    redemption: Redemption = row.Redemption
    return redemption


def find_by_code(tx: Session, station_id: str, code_hash: str) -> Redemption | None:
    """The redemption of a code at one station, locked."""
    query = select(Redemption).where(
        Redemption.code_hash == code_hash, Redemption.station_id == station_id
    )
    return tx.scalar(query.with_for_update(key_share=True))


def is_accepted(tx: Session, station_id: str, acceptance: str) -> bool:
    """Whether a counter's acceptance was posted for some redemption."""
    same = Redemption.station_id == station_id, Redemption.acceptance == acceptance
    return tx.scalar(select(Redemption.id).where(*same)) is not None


def find_exception(tx: Session, station_id: str, acceptance: str) -> CounterException | None:
    query = select(CounterException).where(
        CounterException.station_id == station_id, CounterException.acceptance == acceptance
    )
    return tx.scalar(query)


def get_exception(tx: Session, station_id: str, exception_id: UUID) -> CounterException:
    """An exception of a station, locked. Raises ExceptionNotFound."""
    query = select(CounterException).where(
        CounterException.id == exception_id, CounterException.station_id == station_id
    )
    exception = tx.scalar(query.with_for_update(key_share=True))
    if exception is None:
        raise ExceptionNotFound
    return exception


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

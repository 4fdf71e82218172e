"""Stations, goods and waiting for them over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.grids.schemas import Crs
from app.grids.service import to_wgs84
from app.identity.access import Administrator, Reporter
from app.identity.errors import PersonNotFound, PersonOnly, RoleMissing
from app.kit.errors import Invalid, MissingPrecondition, Stale
from app.kit.http import Cursor, IfMatch, Limit, in_transaction, version_of
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Latitude, Longitude
from app.ledger import sums as ledger
from app.media.errors import PhotoNotFound, PhotoUsed
from app.media.views import Signers
from app.posts.errors import OutsideSubtree
from app.regions.errors import RegionUnknown
from app.store import catalogue, lists, queries, shelves, stations, views, waiting
from app.store.access import Cataloguer, StockReader
from app.store.errors import (
    ItemInStock,
    ItemNotFound,
    ItemProhibited,
    ItemTooCostly,
    KeeperNotFound,
    KeeperRoleMissing,
    NotOfStation,
    StationNotFound,
    WaitNotFound,
    WaitsFull,
)  # fmt: skip
from app.store.schemas import (
    GoodsOut,
    ItemDetailOut,
    ItemDraft,
    ItemList,
    KeeperList,
    StationDraft,
    StationList,
    StationOut,
    WaitList,
)  # fmt: skip

router = Router(prefix="/v1", tags=["store 积分超市"])


@router.get("/stations", responses=raises(Invalid))
@in_transaction
def list_stations(
    tx: Session,
    lat: Annotated[Latitude | None, Query()] = None,
    lng: Annotated[Longitude | None, Query()] = None,
    crs: Annotated[Crs | None, Query(description="Needed with a place")] = None,
    open_now: Annotated[bool, Query()] = False,
) -> StationList:
    """The stations (暖新驿站), the nearest first when a place is given; public."""
    near = None
    if lat is not None or lng is not None or crs is not None:
        if lat is None or lng is None or crs is None:
            raise Invalid
        near = to_wgs84(lat, lng, crs)
    return StationList(items=views.stations(tx, near, open_now=open_now))


@router.get("/items", responses=raises(StationNotFound))
@in_transaction
def list_items(
    tx: Session, signer: Signers, station: Annotated[Code, Query(examples=["TN001"])]
) -> ItemList:
    """What a station offers for points now; public."""
    return ItemList(items=views.items(tx, station, signer))


@router.get("/items/{code}", responses=raises(ItemNotFound))
@in_transaction
def get_item(tx: Session, signer: Signers, code: Code) -> ItemDetailOut:
    """A published item, and where it lies on a shelf; public."""
    return views.item_out(tx, code, signer)


@router.put(
    "/items/{code}",
    responses=raises(
        PersonOnly, RoleMissing, OutsideSubtree, ItemProhibited, ItemTooCostly, PhotoNotFound,
        PhotoUsed, MissingPrecondition, Stale,
    ),
)  # fmt: skip
@in_transaction
def put_item(
    tx: Session, actor: Administrator, signer: Signers, code: Code, body: ItemDraft,
    if_match: IfMatch = None,
) -> GoodsOut:  # fmt: skip
    """Adds an item, or changes the version in If-Match; by a district's administrator."""
    version = version_of(if_match) if if_match is not None else None
    item = catalogue.put_item(tx, actor, code, body, version)
    return views.goods_out(item, signer, ledger.lowest_rate(tx))


@router.get("/catalogue", responses=raises(PersonOnly, RoleMissing))
@in_transaction
def list_catalogue(
    tx: Session,
    actor: Cataloguer,  # noqa: ARG001 - that there is one is the permission
    signer: Signers,
    too_costly: Annotated[
        bool, Query(description="Only those published that their points no longer pay for")
    ] = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[GoodsOut]:
    """Every item with its cost and version, published or not, the newest first."""
    return views.catalogue(tx, limit, cursor, signer, too_costly=too_costly)


@router.put(
    "/stations/{station_id}",
    responses=raises(PersonOnly, RoleMissing, RegionUnknown, OutsideSubtree),
)
@in_transaction
def put_station(
    tx: Session, actor: Administrator, station_id: Code, body: StationDraft
) -> StationOut:
    """Adds or replaces a station in the caller's regions; its keepers and shelf stay."""
    return views.station_out(stations.put_station(tx, actor, station_id, body))


@router.get(
    "/stations/{station_id}/keepers",
    responses=raises(PersonOnly, RoleMissing, StationNotFound, NotOfStation),
)
@in_transaction
def list_keepers(tx: Session, actor: StockReader, station_id: Code) -> KeeperList:
    """Who keeps a station (店主)."""
    return lists.keepers(tx, queries.station_for(tx, actor, station_id, shelves.READERS).id)


@router.put(
    "/stations/{station_id}/keepers/{person_id}",
    responses=raises(
        PersonOnly, RoleMissing, StationNotFound, OutsideSubtree, PersonNotFound, KeeperRoleMissing
    ),
)
@in_transaction
def put_keeper(tx: Session, actor: Administrator, station_id: Code, person_id: UUID) -> KeeperList:
    """Appoints a keeper, who holds that role over the station's region already."""
    return stations.put_keeper(tx, actor, station_id, person_id)


@router.delete(
    "/stations/{station_id}/keepers/{person_id}",
    responses=raises(PersonOnly, RoleMissing, StationNotFound, OutsideSubtree, KeeperNotFound),
)
@in_transaction
def remove_keeper(
    tx: Session, actor: Administrator, station_id: Code, person_id: UUID
) -> KeeperList:
    """Ends a keeper's work at a station; the answer is those who are left."""
    return stations.remove_keeper(tx, actor, station_id, person_id)


@router.put(
    "/stations/{station_id}/items/{item_id}/wait",
    responses=raises(PersonOnly, StationNotFound, ItemNotFound, ItemInStock, WaitsFull),
)
@in_transaction
def wait_for_item(tx: Session, actor: Reporter, station_id: Code, item_id: UUID) -> WaitList:
    """Asks to be told when a station has an item again; first come, first told, once."""
    return waiting.wait(tx, actor, station_id, item_id)


@router.delete(
    "/stations/{station_id}/items/{item_id}/wait", responses=raises(PersonOnly, WaitNotFound)
)
@in_transaction
def stop_waiting(tx: Session, actor: Reporter, station_id: Code, item_id: UUID) -> WaitList:
    """Waits no longer; the answer is what the caller still waits for."""
    return waiting.give_up(tx, actor, station_id, item_id)


@router.get("/me/waits", responses=raises(PersonOnly))
@in_transaction
def list_waits(tx: Session, actor: Reporter) -> WaitList:
    """What the caller waits for, and what they were told of."""
    return lists.waits(tx, actor.person_id)

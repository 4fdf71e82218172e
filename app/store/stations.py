"""Writes to stations and their keepers, by the administrators of the station's region."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.grids.service import to_wgs84
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.db import insert_for
from app.posts.errors import OutsideSubtree
from app.regions.errors import RegionUnknown
from app.regions.models import Region
from app.store import lists, queries
from app.store.errors import KeeperNotFound, KeeperRoleMissing
from app.store.models import Station, StationKeeper
from app.store.schemas import KeeperList, StationDraft

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


def put_station(tx: Session, actor: Actor, station_id: str, draft: StationDraft) -> Station:
    """Adds or replaces a station. Raises RegionUnknown, OutsideSubtree (where it is or is to be).

    Closed, it takes no new redemptions; what is held there can still be handed out.
    """
    region = tx.get(Region, draft.region_code)
    if region is None:
        raise RegionUnknown
    _refuse_outside(actor, region.path)
    lat, lng = to_wgs84(draft.lat, draft.lng, draft.crs)
    values = {**draft.model_dump(exclude={"crs"}), "lat": lat, "lng": lng}
    row = insert_for(tx, Station).values(id=station_id, created_at=clock.now(), **values)
    tx.execute(row.on_conflict_do_nothing(index_elements=["id"]))
    station, path = queries.any_station(tx, station_id, lock=True)
    _refuse_outside(actor, path)
    for field, value in values.items():
        setattr(station, field, value)
    tx.flush()
    actions.record(
        tx, actor.person_id, "station.put", "station", station_id, region=draft.region_code,
        open=draft.open,
    )  # fmt: skip
    return station


def _refuse_outside(actor: Actor, path: str) -> None:
    if not actor.holds(ADMINISTRATORS, path):
        raise OutsideSubtree


def put_keeper(tx: Session, actor: Actor, station_id: str, person_id: UUID) -> KeeperList:
    """Appoints a keeper (店主), who holds that role over the station's region already.

    Raises StationNotFound, OutsideSubtree, PersonNotFound, KeeperRoleMissing.
    """
    station, path = queries.any_station(tx, station_id)
    _refuse_outside(actor, path)
    identity.get_person(tx, person_id)
    if person_id not in identity.holding(tx, path, queries.KEEPERS):
        raise KeeperRoleMissing
    row = insert_for(tx, StationKeeper).values(
        station_id=station.id, person_id=person_id, since=clock.now()
    )
    once = row.on_conflict_do_nothing().returning(StationKeeper.person_id)
    if tx.execute(once).first() is not None:
        actions.record(
            tx, actor.person_id, "keeper.added", "station", station_id, person=str(person_id)
        )
    return lists.keepers(tx, station.id)


def remove_keeper(tx: Session, actor: Actor, station_id: str, person_id: UUID) -> KeeperList:
    """Raises StationNotFound, OutsideSubtree, KeeperNotFound."""
    station, path = queries.any_station(tx, station_id)
    _refuse_outside(actor, path)
    gone = delete(StationKeeper).where(
        StationKeeper.station_id == station.id, StationKeeper.person_id == person_id
    )
    if tx.execute(gone.returning(StationKeeper.person_id)).first() is None:
        raise KeeperNotFound
    actions.record(
        tx, actor.person_id, "keeper.removed", "station", station_id, person=str(person_id)
    )
    return lists.keepers(tx, station.id)

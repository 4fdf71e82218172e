"""The town with two stations, their keepers and a bar of soap; words for a redemption over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from cast import DISTRICT, OTHER_STATION, STATION, make_rule, make_store
from httpx2 import Response
from ledger.build import Town, earn, make_rider, make_town
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity import service as identity
from app.identity.models import Occupation, Person, Role
from app.store import service
from app.store.codes import Codes
from app.store.models import Item, Stock

__all__ = ["DISTRICT", "OTHER_STATION", "STATION"]
CODES = Codes(b"a secret of thirty-two bytes....", timedelta(hours=24))


@dataclass(frozen=True)
class Shop(Town):
    """The town; Li and Wang keep STATION, Zhou keeps OTHER_STATION; ten soaps of 5 points."""

    li: Person
    wang: Person
    zhou: Person
    soap: Item


def make_shop(tx: Session, *, fen: int = 100_000, points: int = 0) -> Shop:
    """The shop; Liu Bo has `points` to spend."""
    town = make_town(tx, fen=fen)
    li, wang, zhou = (
        identity.add_person(tx, name, Occupation.STAFF) for name in ("李", "王", "周")
    )
    for keeper in (li, wang, zhou):
        identity.grant(tx, None, keeper.id, Role.KEEPER, DISTRICT)
    make_rule(tx, town.fund)
    soap = make_store(tx, li, zhou)
    service.add_keeper(tx, STATION, wang.id)
    tx.flush()
    if points:
        earn(tx, town.fund, town.liu_bo, points)
    return Shop(town.ma, town.wu, town.liu_bo, town.fund, li, wang, zhou, soap)


def make_buyer(tx: Session, shop: Shop, points: int) -> Person:
    buyer = make_rider(tx)
    earn(tx, shop.fund, buyer, points)
    return buyer


def stock(tx: Session, item: Item, station: str = STATION) -> tuple[int, int]:
    """On hand, reserved."""
    row = select(Stock.on_hand, Stock.reserved)
    on_hand, reserved = tx.execute(
        row.where(Stock.item_id == item.id, Stock.station_id == station)
    ).one()
    return on_hand, reserved


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def draft(*items: Item, quantity: int = 1, station: str = STATION) -> dict[str, object]:
    lines = [{"item_id": str(item.id), "quantity": quantity} for item in items]
    return {"station_id": station, "lines": lines}


def buy(client, headers, *items: Item, **more) -> Response:
    body = draft(*items, **more)
    return client.post("/v1/redemptions", json=body, headers={**key(), **headers})


def hand_out(client, headers, code: str) -> Response:
    return client.post("/v1/redemptions/fulfil", json={"code": code}, headers=headers)


def give_back(client, headers, redemption_id: str) -> Response:
    return client.post(f"/v1/redemptions/{redemption_id}/cancel", headers=headers)

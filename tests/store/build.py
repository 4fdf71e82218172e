"""The town with two stations, their keepers and a bar of soap; words for a redemption over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from cast import DISTRICT, OTHER_STATION, STATION, make_rule, make_store
from httpx2 import Response
from ledger.build import Town, earn, make_rider, make_town
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.identity import service as identity
from app.identity.models import Grant, Occupation, Person, Role
from app.kit import clock
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
    sun: Person  # administrator of the district
    xu: Person  # auditor of the district


def make_shop(tx: Session, *, fen: int = 100_000, points: int = 0) -> Shop:
    """The shop; Liu Bo has `points` to spend."""
    town = make_town(tx, fen=fen)
    li, wang, zhou = (
        identity.add_person(tx, name, Occupation.STAFF) for name in ("李", "王", "周")
    )
    for keeper in (li, wang, zhou):
        identity.grant(tx, None, keeper.id, Role.KEEPER, DISTRICT)
    sun, xu = (identity.add_person(tx, name, Occupation.STAFF) for name in ("孙", "许"))
    identity.grant(tx, None, sun.id, Role.ADMINISTRATOR, DISTRICT)
    identity.grant(tx, None, xu.id, Role.AUDITOR, DISTRICT)
    make_rule(tx, town.fund)
    soap = make_store(tx, li, zhou)
    service.add_keeper(tx, STATION, wang.id)
    tx.flush()
    if points:
        earn(tx, town.fund, town.liu_bo, points)
    return Shop(town.ma, town.wu, town.liu_bo, town.fund, li, wang, zhou, soap, sun, xu)


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


def take_roles(tx: Session, person: Person) -> None:
    """Whatever was granted to a person is revoked."""
    of_theirs = update(Grant).where(Grant.person_id == person.id)
    tx.execute(of_theirs.values(revoked_at=clock.now()))


def refusal(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def restock(client, headers, item: Item, quantity: int, delivery: str, station=STATION) -> Response:
    body = {"item_id": str(item.id), "quantity": quantity, "delivery": delivery}
    return client.post(f"/v1/stations/{station}/restocks", json=body, headers=headers)


def count(client, headers, item: Item, counted: int, station: str = STATION) -> Response:
    body = {"item_id": str(item.id), "counted": counted, "reason": "月末盘点"}
    return client.post(f"/v1/stations/{station}/stock-takes", json=body, headers=headers)


def transfer(client, headers, item: Item, quantity: int, number: str, **way: str) -> Response:
    source, to = way.get("source", STATION), way.get("to", OTHER_STATION)
    body = {"to": to, "item_id": str(item.id), "quantity": quantity, "number": number}
    return client.post(f"/v1/stations/{source}/transfers", json=body, headers=headers)


def accept(client, headers, *taken: tuple[str, str], at=None, station: str = STATION) -> Response:
    """Sends acceptances `(number, code)`, accepted at one moment."""
    when = (at or clock.now()).isoformat()
    body = [{"acceptance": n, "code": code, "accepted_at": when} for n, code in taken]
    url = f"/v1/stations/{station}/acceptances"
    return client.post(url, json={"acceptances": body}, headers=headers)

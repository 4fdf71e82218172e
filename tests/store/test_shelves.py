"""Deliveries, stock-takes, transfers, and the log of all that moved a shelf."""

import pytest
from sqlalchemy import func, select
from store.build import (
    OTHER_STATION,
    STATION,
    buy,
    count,
    give_back,
    hand_out,
    refusal,
    restock,
    stock,
    take_roles,
    transfer,
)  # fmt: skip

from app.kit.db import work
from app.kit.ids import new_id
from app.store import service
from app.store.models import StockMove, StockTake


@pytest.fixture
def shelf(db, shop):
    """On hand and reserved soap at a station."""

    def now(station=STATION):
        with work(db, write=False) as tx:
            return stock(tx, shop.soap, station)

    return now


def refused_to_others(send, shop, as_):
    """What every write to STATION answers to the wrong people."""
    assert refusal(send(as_(shop.zhou))) == (403, "not_of_station")
    for person in (shop.xu, shop.liu_bo):
        assert refusal(send(as_(person))) == (403, "role_missing")
    assert send({}).status_code == 401


class TestRestock:
    def test_counts_once(self, client, shop, as_, shelf):
        li = as_(shop.li)
        for _ in "12":
            shown = restock(client, li, shop.soap, 5, "SH-1")
            assert shown.status_code == 200, shown.text
            assert (shown.json()["on_hand"], shown.json()["available"]) == (15, 15)
        assert refusal(restock(client, li, shop.soap, 6, "SH-1")) == (409, "delivery_booked")
        assert shelf() == (15, 0)

    def test_one_delivery_of_several_items(self, client, db, shop, as_):
        with work(db, write=True) as tx:
            tea = service.add_item(tx, "tea", ("茶", "Tea"), points=3, cost_fen=200)
        for item in (shop.soap, tea):
            assert restock(client, as_(shop.sun), item, 5, "SH-1").status_code == 200
        url = f"/v1/stations/{STATION}/stock"
        shown = client.get(url, headers=as_(shop.li)).json()["items"]
        assert [(i["code"], i["on_hand"]) for i in shown] == [("soap", 15), ("tea", 5)]

    def test_the_wrong_people_and_things(self, client, shop, as_, shelf):
        refused_to_others(lambda who: restock(client, who, shop.soap, 5, "SH-1"), shop, as_)
        li = as_(shop.li)
        absent = restock(client, li, shop.soap, 5, "SH-1", station="TN999")
        assert refusal(absent) == (404, "station_not_found")
        body = {"item_id": str(new_id()), "quantity": 1, "delivery": "SH-1"}
        url = f"/v1/stations/{STATION}/restocks"
        unknown = client.post(url, json=body, headers=li)
        assert refusal(unknown) == (404, "item_not_found")
        for quantity in (0, -1, 1.5, True):
            assert restock(client, li, shop.soap, quantity, "SH-2").status_code == 422
        assert shelf() == (10, 0)


class TestStockTake:
    @pytest.mark.parametrize(("counted", "moves"), [(7, 1), (12, 1), (10, 0)])
    def test_books_the_difference(self, client, db, shop, as_, shelf, counted, moves):
        buy(client, as_(shop.liu_bo), shop.soap, quantity=2)
        shown = count(client, as_(shop.li), shop.soap, counted).json()
        assert (shown["on_hand"], shown["reserved"]) == (counted, 2)
        assert shelf() == (counted, 2)
        with work(db, write=False) as tx:
            take = tx.scalars(select(StockTake)).one()
            booked = tx.execute(
                select(StockMove.source, StockMove.on_hand_change).where(StockMove.kind == "adjust")
            ).all()
        assert (take.counted, take.expected, take.actor_id) == (counted, 10, shop.li.id)
        assert booked == [(str(take.id), counted - 10)] * moves

    def test_never_below_what_is_reserved(self, client, db, shop, as_, shelf):
        held = buy(client, as_(shop.liu_bo), shop.soap, quantity=4).json()
        low = count(client, as_(shop.li), shop.soap, 3)
        assert refusal(low) == (409, "count_below_reserved")
        assert low.json()["reserved"] == 4
        assert shelf() == (10, 4)
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count()).select_from(StockTake)) == 0
        give_back(client, as_(shop.liu_bo), held["id"])
        assert count(client, as_(shop.li), shop.soap, 3).json()["available"] == 3

    def test_what_was_never_there(self, client, shop, as_, shelf):
        shown = count(client, as_(shop.zhou), shop.soap, 2, OTHER_STATION)
        assert shown.json()["on_hand"] == 2

    def test_the_wrong_people(self, client, shop, as_, shelf):
        refused_to_others(lambda who: count(client, who, shop.soap, 1), shop, as_)
        assert shelf() == (10, 0)


class TestTransfer:
    def test_leaves_here_and_arrives_there_once(self, client, shop, as_, shelf):
        for _ in "12":
            left = transfer(client, as_(shop.li), shop.soap, 4, "DB-1")
            assert left.json()["on_hand"] == 6
            assert (shelf(), shelf(OTHER_STATION)) == ((6, 0), (4, 0))
        back = {"source": OTHER_STATION, "to": STATION}
        same = transfer(client, as_(shop.zhou), shop.soap, 4, "DB-1", **back)
        assert refusal(same) == (409, "transfer_booked")
        more = transfer(client, as_(shop.li), shop.soap, 5, "DB-1")
        assert refusal(more) == (409, "transfer_booked")
        home = transfer(client, as_(shop.zhou), shop.soap, 4, "DB-2", **back)
        assert home.json()["on_hand"] == 0
        assert (shelf(), shelf(OTHER_STATION)) == ((10, 0), (0, 0))

    def test_only_what_is_free(self, client, shop, as_, shelf):
        buy(client, as_(shop.liu_bo), shop.soap, quantity=3)
        assert refusal(transfer(client, as_(shop.li), shop.soap, 8, "DB-1")) == (
            409, "stock_exhausted",
        )  # fmt: skip
        assert transfer(client, as_(shop.li), shop.soap, 7, "DB-1").status_code == 200
        assert (shelf(), shelf(OTHER_STATION)) == ((3, 3), (7, 0))

    def test_to_where(self, client, db, shop, as_):
        li = as_(shop.li)
        itself = transfer(client, li, shop.soap, 1, "DB-1", to=STATION)
        assert refusal(itself) == (422, "transfer_to_itself")
        with work(db, write=True) as tx:
            service.queries.get_station(tx, OTHER_STATION).open = False
        for to in (OTHER_STATION, "TN999"):
            nowhere = transfer(client, li, shop.soap, 1, "DB-1", to=to)
            assert refusal(nowhere) == (404, "station_not_found")

    def test_the_wrong_people(self, client, shop, as_, shelf):
        refused_to_others(lambda who: transfer(client, who, shop.soap, 1, "DB-1"), shop, as_)
        assert shelf() == (10, 0)


class TestLog:
    def test_says_what_moved_and_why(self, client, db, shop, as_):
        liu, li = as_(shop.liu_bo), as_(shop.li)
        hand_out(client, li, buy(client, liu, shop.soap).json()["code"])
        count(client, li, shop.soap, 8)
        transfer(client, as_(shop.sun), shop.soap, 2, "DB-1")
        url = f"/v1/stations/{STATION}/stock-moves"
        moves, cursor = [], None
        while True:
            more = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = client.get(url, headers=li, params=more).json()
            moves += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        shown = [(m["kind"], m["on_hand_change"], m["by"], m["reason"]) for m in moves]
        assert shown == [
            ("transfer", -2, "孙", None), ("adjust", -1, "李", "月末盘点"),
            ("fulfil", -1, "李", None), ("reserve", 0, None, None), ("restock", 10, "李", None),
        ]  # fmt: skip
        one = client.get(url, headers=li, params={"item": str(new_id())}).json()
        assert one["items"] == []
        page = client.get(url, headers=li, params={"limit": 2}).json()
        foreign = {"cursor": page["next_cursor"], "item": str(shop.soap.id)}
        assert refusal(client.get(url, headers=li, params=foreign)) == (400, "cursor_invalid")

    @pytest.mark.parametrize("what", ["stock", "stock-moves"])
    def test_who_may_look(self, client, db, shop, as_, what):
        url = f"/v1/stations/{STATION}/{what}"
        for person in (shop.li, shop.wang, shop.sun, shop.xu):
            assert client.get(url, headers=as_(person)).status_code == 200
        assert refusal(client.get(url, headers=as_(shop.zhou))) == (403, "not_of_station")
        assert refusal(client.get(url, headers=as_(shop.liu_bo))) == (403, "role_missing")
        absent = f"/v1/stations/TN999/{what}"
        assert refusal(client.get(absent, headers=as_(shop.sun))) == (404, "station_not_found")
        with work(db, write=True) as tx:
            take_roles(tx, shop.wang)
        assert refusal(client.get(url, headers=as_(shop.wang))) == (403, "role_missing")

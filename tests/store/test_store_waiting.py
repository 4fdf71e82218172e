"""Waiting for goods that are gone: first come, first told, once for each wait."""

from datetime import timedelta

import pytest
from ledger.build import earn, make_rider
from store.build import (
    OTHER_STATION,
    STATION,
    buy,
    count,
    give_back,
    make_buyer,
    refusal,
    restock,
    transfer,
)  # fmt: skip

from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.store import service, waiting
from app.store import stock as shelf
from app.store.models import Item


@pytest.fixture
def gone(db, shop):
    """An item that was on the shelf of STATION: its one piece is held by Liu Bo."""
    with work(db, write=True) as tx:
        earn(tx, shop.fund, shop.liu_bo, 5)
        tea = service.add_item(tx, "tea", ("茶", "Tea"), points=5, cost_fen=400)
        shelf.restock(tx, (STATION, tea.id), 1, source="d-0", actor_id=shop.li.id)
    return tea


@pytest.fixture
def held(client, shop, as_, gone):
    return buy(client, as_(shop.liu_bo), gone).json()


@pytest.fixture
def queue(client, db, as_, held, gone):
    """Three riders who wait for tea, in the order in which they came, a minute apart."""
    with work(db, write=True) as tx:
        riders = [make_rider(tx) for _ in range(3)]
    for rider in riders:
        assert wait(client, as_(rider), gone).status_code == 200
        clock.shift(timedelta(minutes=1))
    return riders


def wait(client, headers, item, station=STATION):
    return client.put(f"/v1/stations/{station}/items/{item.id}/wait", headers=headers)


def leave(client, headers, item, station=STATION):
    return client.delete(f"/v1/stations/{station}/items/{item.id}/wait", headers=headers)


@pytest.fixture
def told(client, as_, drain):
    """How many messages of an arrival each rider has."""

    def now(riders):
        drain()
        inboxes = [client.get("/v1/inbox", headers=as_(rider)).json() for rider in riders]
        return [len(inbox["items"]) for inbox in inboxes]

    return now


class TestWait:
    def test_begins_once_and_ends(self, client, shop, as_, gone, held):
        chen = as_(shop.ma)
        for _ in "12":
            (mine,) = wait(client, chen, gone).json()["items"]
        assert (mine["item_name"], mine["station_id"], mine["told_at"]) == ("茶", STATION, None)
        assert client.get("/v1/me/waits", headers=chen).json()["items"] == [mine]
        assert client.get("/v1/me/waits", headers=as_(shop.wu)).json()["items"] == []
        assert refusal(leave(client, as_(shop.wu), gone)) == (404, "wait_not_found")
        assert leave(client, chen, gone).json()["items"] == []
        assert refusal(leave(client, chen, gone)) == (404, "wait_not_found")

    def test_for_what(self, client, db, shop, as_, gone):
        liu = as_(shop.liu_bo)
        assert refusal(wait(client, liu, gone)) == (409, "item_in_stock")
        assert refusal(wait(client, liu, gone, OTHER_STATION)) == (404, "item_not_found")
        assert refusal(wait(client, liu, gone, "TN999")) == (404, "station_not_found")
        url = f"/v1/stations/{STATION}/items/{new_id()}/wait"
        assert refusal(client.put(url, headers=liu)) == (404, "item_not_found")
        assert client.put(url).status_code == 401
        buy(client, liu, gone)
        with work(db, write=True) as tx:
            tx.get_one(Item, gone.id).published = False
        assert refusal(wait(client, liu, gone)) == (404, "item_not_found")

    def test_for_no_more_than_fifty(self, client, shop, as_, gone, held, monkeypatch):
        monkeypatch.setattr(waiting, "MOST_WAITS", 0)
        assert refusal(wait(client, as_(shop.ma), gone)) == (409, "waits_full")


class TestTold:
    def test_as_many_as_there_are_pieces_in_their_order(self, client, shop, as_, gone, queue, told):
        assert told(queue) == [0, 0, 0]
        restock(client, as_(shop.li), gone, 2, "d-1")
        assert told(queue) == [1, 1, 0]
        assert told(queue) == [1, 1, 0]
        (waited,) = client.get("/v1/me/waits", headers=as_(queue[0])).json()["items"]
        assert waited["told_at"] is not None
        (message,) = client.get("/v1/inbox", headers=as_(queue[0])).json()["items"]
        assert "茶" in message["text"]
        english = {**as_(queue[0]), "Accept-Language": "en"}
        assert "Tea" in client.get("/v1/inbox", headers=english).json()["items"][0]["text"]
        restock(client, as_(shop.li), gone, 1, "d-2")
        assert told(queue) == [1, 1, 1], "each once"

    def test_by_a_cancelled_redemption(self, client, shop, as_, held, queue, told):
        give_back(client, as_(shop.liu_bo), held["id"])
        assert told(queue) == [1, 0, 0]

    def test_by_one_that_timed_out(self, client, shop, as_, held, queue, told):
        clock.shift(timedelta(hours=25))
        assert told(queue) == [1, 0, 0]

    def test_by_a_stock_take(self, client, shop, as_, gone, queue, told):
        count(client, as_(shop.li), gone, 3)
        assert told(queue) == [1, 1, 0]

    def test_by_a_transfer(self, client, db, shop, as_, gone, queue, told):
        with work(db, write=True) as tx:
            shelf.restock(tx, (OTHER_STATION, gone.id), 5, source="d-0", actor_id=None)
        back = {"source": OTHER_STATION, "to": STATION}
        transfer(client, as_(shop.zhou), gone, 1, "DB-1", **back)
        assert told(queue) == [1, 0, 0]

    def test_not_by_what_leaves(self, client, db, shop, as_, gone, queue, told):
        count(client, as_(shop.li), gone, 1)
        assert told(queue) == [0, 0, 0]

    def test_not_whoever_gave_up(self, client, shop, as_, gone, queue, told):
        leave(client, as_(queue[0]), gone)
        restock(client, as_(shop.li), gone, 1, "d-1")
        assert told(queue) == [0, 1, 0]

    def test_again_after_waiting_again(self, client, db, shop, as_, gone, queue, told):
        restock(client, as_(shop.li), gone, 1, "d-1")
        assert told(queue) == [1, 0, 0]
        with work(db, write=True) as tx:
            buyer = make_buyer(tx, shop, 5)
        assert buy(client, as_(buyer), gone).status_code == 201
        assert wait(client, as_(queue[0]), gone).status_code == 200
        restock(client, as_(shop.li), gone, 2, "d-2")
        assert told(queue) == [1, 1, 1], "whoever waits again stands at the end"
        restock(client, as_(shop.li), gone, 1, "d-3")
        assert told(queue) == [2, 1, 1]

    def test_when_it_comes_on_sale(self, client, db, shop, as_, gone, queue, told):
        tea = {
            "name": "茶", "name_en": "Tea", "kind": "food", "points": 5, "cost_fen": 400,
            "published": True,
        }  # fmt: skip
        begins = (clock.now() + timedelta(hours=1)).isoformat()

        def put(version, **more):
            headers = {**as_(shop.sun), "If-Match": f'"{version}"'}
            body = {**tea, **more}
            assert client.put("/v1/items/tea", json=body, headers=headers).status_code == 200

        put(1, published=False)
        restock(client, as_(shop.li), gone, 3, "d-1")
        assert told(queue) == [0, 0, 0]
        put(2, on_sale_from=begins)
        assert told(queue) == [0, 0, 0]
        clock.shift(timedelta(hours=1))
        assert told(queue) == [1, 1, 1]

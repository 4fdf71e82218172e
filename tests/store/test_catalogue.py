"""The catalogue over HTTP: who may change it, what may stand in it, what a buyer then may take."""

from datetime import timedelta

import pytest
from cast import STREET
from flows.story import upload
from ledger.build import make_fund
from sqlalchemy import select
from store.build import STATION, buy, give_back, hand_out, refusal

from app.identity import service as identity
from app.identity.models import Occupation, Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.store import stock as shelf
from app.store.models import Item, Redemption

TEA = {"name": "茶", "name_en": "Tea", "kind": "food", "points": 3, "cost_fen": 200}


def put(client, headers, code="tea", version=None, **more):
    match = {"If-Match": f'"{version}"'} if version is not None else {}
    return client.put(f"/v1/items/{code}", json={**TEA, **more}, headers={**headers, **match})


class TestPut:
    def test_adds_and_changes_by_version(self, client, db, shop, as_):
        sun = as_(shop.sun)
        made = put(client, sun)
        assert made.status_code == 200, made.text
        assert made.headers["etag"] == '"1"'
        shown = made.json()
        assert (shown["version"], shown["published"], shown["cost_fen"]) == (1, False, 200)
        changed = put(client, sun, version=1, published=True, points=4, description="红茶")
        assert (changed.json()["version"], changed.headers["etag"]) == (2, '"2"')
        assert (changed.json()["points"], changed.json()["description"]) == (4, "红茶")
        with work(db, write=False) as tx:
            log = select(StaffAction.actor_id).where(StaffAction.action == "item.put")
            assert tx.scalars(log).all() == [shop.sun.id] * 2

    def test_the_version_that_was_read(self, client, shop, as_):
        sun = as_(shop.sun)
        assert refusal(put(client, sun, version=1)) == (412, "stale_version")
        put(client, sun)
        assert refusal(put(client, sun)) == (428, "precondition_required")
        assert refusal(put(client, sun, version=2)) == (412, "stale_version")
        assert put(client, sun, version=1).status_code == 200

    def test_by_administrators_of_whole_districts(self, client, db, shop, as_):
        with work(db, write=True) as tx:
            street = identity.add_person(tx, "街道", Occupation.STAFF)
            identity.grant(tx, None, street.id, Role.ADMINISTRATOR, STREET)
        assert refusal(put(client, as_(street))) == (403, "outside_subtree")
        for person in (shop.li, shop.xu, shop.liu_bo):
            assert refusal(put(client, as_(person))) == (403, "role_missing")
        assert client.put("/v1/items/tea", json=TEA).status_code == 401
        assert client.get("/v1/items/tea").status_code == 404

    @pytest.mark.parametrize("kind", ["cash", "alcohol", "tobacco"])
    def test_prohibited_kinds(self, client, shop, as_, kind):
        refused = put(client, as_(shop.sun), kind=kind)
        assert refusal(refused) == (422, "item_prohibited")
        assert refused.json()["reason"] == kind

    @pytest.mark.parametrize("where", ["name", "name_en", "description"])
    def test_prohibited_words(self, client, shop, as_, where):
        for words, reason in (("江津白酒", "alcohol"), ("Gift card", "cash"), ("香烟", "tobacco")):
            refused = put(client, as_(shop.sun), **{where: words})
            assert refusal(refused) == (422, "item_prohibited")
            assert refused.json()["reason"] == reason
        assert client.get("/v1/items/tea").status_code == 404

    def test_a_cost_above_the_points(self, client, shop, as_):
        sun = as_(shop.sun)
        assert refusal(put(client, sun, cost_fen=301)) == (422, "item_too_costly")
        assert put(client, sun, cost_fen=300).status_code == 200

    @pytest.mark.parametrize(
        "odd",
        [
            {"points": 0}, {"points": True}, {"cost_fen": -1}, {"person_limit": 1},
            {"limit_days": 1}, {"person_limit": 0, "limit_days": 1}, {"kind": "gold"},
            {"on_sale_from": "2026-12-01T00:00:00Z", "on_sale_until": "2026-12-01T00:00:00Z"},
            {"code": "cup"}, {"name": ""},
        ],
    )  # fmt: skip
    def test_odd_items(self, client, shop, as_, odd):
        sent = client.put("/v1/items/tea", json={**TEA, **odd}, headers=as_(shop.sun))
        assert sent.status_code == 422

    def test_a_photo_of_ones_own(self, client, shop, as_):
        sun, liu = as_(shop.sun), as_(shop.liu_bo)
        mine, other, strange = upload(client, sun), upload(client, sun), upload(client, liu)
        assert refusal(put(client, sun, photo_id=strange)) == (404, "photo_not_found")
        made = put(client, sun, photo_id=mine, published=True).json()
        thumb = made["photo"]["thumb"]
        assert client.get(thumb).status_code == 200
        assert client.get("/v1/items/tea").json()["photo"] == made["photo"]
        assert put(client, sun, version=1, photo_id=mine).status_code == 200, "still its own"
        assert refusal(put(client, sun, code="cup", photo_id=mine)) == (409, "photo_used")
        assert put(client, sun, version=2, photo_id=other).json()["photo"]["thumb"] != thumb
        assert put(client, sun, version=3).json()["photo"] is None


class TestGet:
    def test_is_public_and_says_where_it_lies(self, client, shop, as_):
        shown = client.get("/v1/items/soap").json()
        assert (shown["name"], shown["on_sale"]) == ("香皂", True)
        assert [(s["station_id"], s["available"]) for s in shown["shelves"]] == [(STATION, 10)]
        assert "cost_fen" not in shown
        assert refusal(client.get("/v1/items/nothing")) == (404, "item_not_found")

    def test_the_catalogue_is_for_its_keepers(self, client, shop, as_):
        put(client, as_(shop.sun))
        for person in (shop.sun, shop.xu):
            page = client.get("/v1/catalogue", headers=as_(person), params={"limit": 1}).json()
            assert [(i["code"], i["published"]) for i in page["items"]] == [("tea", False)]
            more = {"limit": 1, "cursor": page["next_cursor"]}
            rest = client.get("/v1/catalogue", headers=as_(person), params=more).json()
            assert [(i["code"], i["cost_fen"]) for i in rest["items"]] == [("soap", 400)]
        assert refusal(client.get("/v1/catalogue", headers=as_(shop.li))) == (403, "role_missing")

    def test_lists_what_became_too_costly(self, client, db, shop, as_):
        """Refused when it is published, listed when a fund of a lower rate comes after it."""
        sun = as_(shop.sun)

        def listed():
            asked = client.get("/v1/catalogue?too_costly=true", headers=sun).json()["items"]
            every = client.get("/v1/catalogue", headers=sun).json()["items"]
            assert [i for i in every if i["too_costly"] and i["published"]] == asked
            return [i["code"] for i in asked]

        assert put(client, sun, published=True).json()["too_costly"] is False
        put(client, sun, "cup", name="杯", name_en="Cup", published=False)
        put(client, sun, "pin", name="针", name_en="Pin", cost_fen=30, published=True)
        assert listed() == []
        with work(db, write=True) as tx:
            make_fund(tx, shop.ma, shop.wu, fen=0, rate_fen=10)
        assert listed() == ["tea", "soap"]
        assert refusal(put(client, sun, version=1, published=True)) == (422, "item_too_costly")


@pytest.fixture
def offer(client, db, shop, as_):
    """Puts tea on the shelf as it is told to; again, it changes it."""

    def put_out(**how):
        with work(db, write=True) as tx:
            item = tx.scalar(select(Item).where(Item.code == "tea"))
        version = item.version if item else None
        answer = put(client, as_(shop.sun), version=version, **{"published": True, **how})
        assert answer.status_code == 200, answer.text
        with work(db, write=True) as tx:
            tea = tx.scalars(select(Item).where(Item.code == "tea")).one()
            if version is None:
                shelf.restock(tx, (STATION, tea.id), 50, source="d", actor_id=None)
        return tea

    return put_out


class TestOnSale:
    def test_only_between_its_dates(self, client, shop, as_, offer):
        now = clock.now()
        begins, ends = now + timedelta(days=1), now + timedelta(days=2)
        tea = offer(on_sale_from=begins.isoformat(), on_sale_until=ends.isoformat())

        def answers():
            listed = client.get("/v1/items", params={"station": STATION}).json()["items"]
            bought = buy(client, as_(shop.liu_bo), tea)
            return [item["code"] for item in listed], bought.status_code

        assert answers() == (["soap"], 409)
        assert refusal(buy(client, as_(shop.liu_bo), tea)) == (409, "item_unavailable")
        clock.shift(timedelta(days=1, minutes=1))
        assert answers() == (["tea", "soap"], 201)
        clock.shift(timedelta(days=1))
        assert answers() == (["soap"], 409)

    def test_a_new_price_leaves_what_is_held(self, client, db, shop, as_, offer, look):
        tea = offer()
        held = buy(client, as_(shop.liu_bo), tea, quantity=2).json()
        assert held["points"] == 6
        offer(points=9, cost_fen=900)
        url = f"/v1/redemptions/{held['id']}"
        shown = client.get(url, headers=as_(shop.liu_bo)).json()
        assert (shown["points"], shown["lines"][0]["points_each"]) == (6, 3)
        assert hand_out(client, as_(shop.li), held["code"]).status_code == 200
        assert look()[1] == (24, 0, 0)
        with work(db, write=False) as tx:
            assert tx.scalars(select(Redemption.cost_fen)).one() == 400
        assert buy(client, as_(shop.liu_bo), tea).json()["points"] == 9

    def test_taken_down_while_held(self, client, shop, as_, offer):
        held = buy(client, as_(shop.liu_bo), offer()).json()
        tea = offer(published=False)
        assert refusal(buy(client, as_(shop.liu_bo), tea)) == (409, "item_unavailable")
        assert hand_out(client, as_(shop.li), held["code"]).status_code == 200


class TestLimit:
    def test_counts_what_is_held_and_handed_out(self, client, shop, as_, offer, look):
        liu = as_(shop.liu_bo)
        tea = offer(person_limit=3, limit_days=7)
        first = buy(client, liu, tea, quantity=2).json()
        over = buy(client, liu, tea, quantity=2)
        assert refusal(over) == (409, "person_limit_reached")
        assert (over.json()["left"], over.json()["item_id"]) == (1, str(tea.id))
        assert look()[1] == (24, 0, 6), "a refusal holds nothing"
        hand_out(client, as_(shop.li), first["code"])
        last = buy(client, liu, tea).json()
        assert refusal(buy(client, liu, tea)) == (409, "person_limit_reached")
        give_back(client, liu, last["id"])
        assert buy(client, liu, tea).status_code == 201
        # Soap has no limit, but a cart is one thing.
        assert refusal(buy(client, liu, shop.soap, tea)) == (409, "person_limit_reached")
        assert buy(client, liu, shop.soap).status_code == 201

    def test_is_for_each_person_and_period(self, client, db, shop, as_, offer, drain):
        tea = offer(person_limit=1, limit_days=2)
        held = buy(client, as_(shop.liu_bo), tea).json()
        hand_out(client, as_(shop.li), held["code"])
        assert buy(client, as_(shop.liu_bo), tea).status_code == 409
        clock.shift(timedelta(days=1))
        assert buy(client, as_(shop.liu_bo), tea).status_code == 409
        clock.shift(timedelta(days=1))
        assert buy(client, as_(shop.liu_bo), tea).status_code == 201

    def test_what_timed_out_does_not_count(self, client, shop, as_, offer, drain):
        tea = offer(person_limit=1, limit_days=30)
        assert buy(client, as_(shop.liu_bo), tea).status_code == 201
        clock.shift(timedelta(hours=25))
        drain()
        assert buy(client, as_(shop.liu_bo), tea).status_code == 201

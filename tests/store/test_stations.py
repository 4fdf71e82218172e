"""Stations and their keepers, by the administrators of the region."""

import pytest
from cast import OTHER_STATION, STATION, STREET, VILLAGE
from ledger.build import make_rider
from store.build import buy, hand_out, refusal, restock, take_roles

from app.identity import service as identity
from app.identity.models import Occupation, Role
from app.kit.db import work
from app.kit.ids import new_id
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

FAR = "500231000000"
DRAFT = {
    "name": "新驿站", "kind": "central", "region_code": VILLAGE, "lat": 30.2, "lng": 105.8,
    "crs": "wgs84", "hours": ["08:30-12:00", "22:00-02:00"], "services": ["饮水", "充电"],
}  # fmt: skip


def put(client, headers, station="TN010", **more):
    return client.put(f"/v1/stations/{station}", json={**DRAFT, **more}, headers=headers)


@pytest.fixture
def far(db, shop):
    """An administrator of another district."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
        person = identity.add_person(tx, "远方", Occupation.STAFF)
        identity.grant(tx, None, person.id, Role.ADMINISTRATOR, FAR)
    return person


class TestStation:
    def test_is_added_and_replaced(self, client, shop, as_):
        sun = as_(shop.sun)
        made = put(client, sun)
        assert made.status_code == 200, made.text
        assert (made.json()["services"], made.json()["open"]) == (["饮水", "充电"], True)
        assert put(client, sun, name="老驿站").json()["name"] == "老驿站"
        listed = client.get("/v1/stations").json()["items"]
        assert [s["name"] for s in listed if s["id"] == "TN010"] == ["老驿站"]

    def test_gcj02_becomes_wgs84(self, client, shop, as_):
        place = put(client, as_(shop.sun), crs="gcj02").json()["place"]
        assert place["lat"] != 30.2
        assert abs(place["lat"] - 30.2) < 0.01

    def test_closed_it_takes_nothing_new_and_hands_out_what_is_held(self, client, shop, as_):
        held = buy(client, as_(shop.liu_bo), shop.soap).json()
        closed = put(client, as_(shop.sun), STATION, open=False)
        assert (closed.json()["open"], closed.json()["open_now"]) == (False, False)
        assert buy(client, as_(shop.liu_bo), shop.soap).status_code == 404
        assert hand_out(client, as_(shop.li), held["code"]).status_code == 200

    def test_of_ones_own_region(self, client, shop, as_, far):
        assert refusal(put(client, as_(far))) == (403, "outside_subtree")
        taken = put(client, as_(far), STATION, region_code=FAR)
        assert refusal(taken) == (403, "outside_subtree"), "a station is not carried away"
        gone = put(client, as_(shop.sun), region_code="123")
        assert refusal(gone) == (422, "region_unknown")
        for person in (shop.li, shop.xu, shop.liu_bo):
            assert refusal(put(client, as_(person))) == (403, "role_missing")
        assert "TN010" not in client.get("/v1/stations").text

    @pytest.mark.parametrize(
        "odd",
        [
            {"hours": ["8:30-12:00"]}, {"hours": ["08:30-24:01"]}, {"hours": ["24:00-08:00"]},
            {"hours": ["08:60-12:00"]}, {"lat": 91}, {"crs": "bd09"}, {"open": 1}, {"name": ""},
        ],
    )  # fmt: skip
    def test_odd_ones(self, client, shop, as_, odd):
        assert put(client, as_(shop.sun), **odd).status_code == 422


class TestKeepers:
    @pytest.fixture
    def keeper(self, db, shop):
        with work(db, write=True) as tx:
            person = identity.add_person(tx, "新店主", Occupation.STAFF)
            identity.grant(tx, None, person.id, Role.KEEPER, STREET)
        return person

    def test_comes_works_and_goes(self, client, shop, as_, keeper):
        sun, new = as_(shop.sun), as_(keeper)
        url = f"/v1/stations/{STATION}/keepers/{keeper.id}"
        assert refusal(restock(client, new, shop.soap, 1, "d-1")) == (403, "not_of_station")
        for _ in "12":
            put_in = client.put(url, headers=sun)
            assert [k["name"] for k in put_in.json()["items"]] == ["李", "王", "新店主"]
        assert restock(client, new, shop.soap, 1, "d-1").status_code == 200
        code = buy(client, as_(shop.liu_bo), shop.soap).json()["code"]
        assert hand_out(client, new, code).status_code == 200
        left = client.delete(url, headers=sun)
        assert [k["name"] for k in left.json()["items"]] == ["李", "王"]
        assert refusal(client.delete(url, headers=sun)) == (404, "keeper_not_found")
        assert refusal(restock(client, new, shop.soap, 1, "d-2")) == (403, "not_of_station")

    def test_whose_role_was_taken_keeps_nothing(self, client, db, shop, as_, keeper):
        url = f"/v1/stations/{STATION}/keepers/{keeper.id}"
        client.put(url, headers=as_(shop.sun))
        code = buy(client, as_(shop.liu_bo), shop.soap).json()["code"]
        with work(db, write=True) as tx:
            import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
            take_roles(tx, keeper)
            identity.grant(tx, None, keeper.id, Role.KEEPER, FAR)
        refused = restock(client, as_(keeper), shop.soap, 1, "d-1")
        assert refusal(refused) == (403, "not_of_station")
        assert refusal(hand_out(client, as_(keeper), code)) == (404, "code_unknown")
        assert hand_out(client, as_(shop.li), code).status_code == 200

    def test_needs_the_role_first(self, client, db, shop, as_, far):
        with work(db, write=True) as tx:
            rider = make_rider(tx)
            elsewhere = identity.add_person(tx, "远方店主", Occupation.STAFF)
            identity.grant(tx, None, elsewhere.id, Role.KEEPER, FAR)
        base, sun = f"/v1/stations/{STATION}/keepers", as_(shop.sun)
        for person in (rider, elsewhere):
            refused = client.put(f"{base}/{person.id}", headers=sun)
            assert refusal(refused) == (409, "keeper_role_missing")
        assert refusal(client.put(f"{base}/{new_id()}", headers=sun)) == (404, "person_not_found")

    def test_only_the_region_s_administrator(self, client, shop, as_, far, keeper):
        url = f"/v1/stations/{STATION}/keepers/{keeper.id}"
        for verb in (client.put, client.delete):
            assert refusal(verb(url, headers=as_(far))) == (403, "outside_subtree")
            for person in (shop.li, shop.xu, shop.liu_bo):
                assert refusal(verb(url, headers=as_(person))) == (403, "role_missing")
            absent = f"/v1/stations/TN999/keepers/{keeper.id}"
            assert refusal(verb(absent, headers=as_(shop.sun))) == (404, "station_not_found")

    def test_who_may_look(self, client, shop, as_, far):
        url = f"/v1/stations/{OTHER_STATION}/keepers"
        for person in (shop.zhou, shop.sun, shop.xu):
            shown = client.get(url, headers=as_(person)).json()["items"]
            assert [k["name"] for k in shown] == ["周"]
        for person in (shop.li, far):
            assert refusal(client.get(url, headers=as_(person))) == (403, "not_of_station")
        assert refusal(client.get(url, headers=as_(shop.liu_bo))) == (403, "role_missing")

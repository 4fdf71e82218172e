"""The points store over HTTP: hold, hand out, cancel, time out; and everything it refuses."""

from datetime import timedelta
from uuid import uuid4

import pytest
from cast import DISTRICT, OTHER_STATION, STATION
from ledger.build import earn, make_fund, make_rider, points
from sqlalchemy import select, text
from store.build import buy, draft, give_back, hand_out, key, refusal, stock
from windows import fresh_window

from app.identity import service as identity
from app.kit import attempts, clock
from app.kit.db import work
from app.kit.idempotency import StoredAnswer
from app.store import service
from app.store import stock as shelf
from app.store.errors import ItemTooCostly, StockExhausted
from app.store.models import Item, Redemption, StockMove


class TestRedeem:
    def test_holds_goods_and_points(self, client, shop, as_, look):
        answer = buy(client, as_(shop.liu_bo), shop.soap, quantity=2)
        assert answer.status_code == 201, answer.text
        shown = answer.json()
        assert (shown["state"], shown["points"], shown["station_id"]) == ("held", 10, STATION)
        assert [(line["name"], line["quantity"]) for line in shown["lines"]] == [("香皂", 2)]
        assert look() == ((10, 2), (20, 0, 10))

    def test_several_lines_are_one_code(self, client, db, shop, as_, look):
        with work(db, write=True) as tx:
            tea = service.add_item(tx, "tea", ("茶", "Tea"), points=3, cost_fen=200)
            shelf.restock(tx, (STATION, tea.id), 1, source="delivery-2", actor_id=None)
        shown = buy(client, as_(shop.liu_bo), shop.soap, tea).json()
        assert (shown["points"], len(shown["lines"])) == (8, 2)
        assert hand_out(client, as_(shop.li), shown["code"]).status_code == 200
        assert look() == ((9, 0), (22, 0, 0))
        with work(db, write=False) as tx:
            assert stock(tx, tea) == (0, 0)

    def test_one_line_out_of_stock_leaves_everything_untouched(self, client, db, shop, as_, look):
        with work(db, write=True) as tx:
            tea = service.add_item(tx, "tea", ("茶", "Tea"), points=3, cost_fen=200)
        before = look()
        for cart in ((shop.soap, tea), (tea, shop.soap)):
            assert refusal(buy(client, as_(shop.liu_bo), *cart)) == (409, "stock_exhausted")
        assert look() == before

    def test_out_of_stock(self, client, db, shop, as_, look):
        with work(db, write=True) as tx:
            cheap = service.add_item(tx, "pin", ("针", "Pin"), points=1, cost_fen=1)
            shelf.restock(tx, (STATION, cheap.id), 2, source="delivery-2", actor_id=None)
        liu = as_(shop.liu_bo)
        assert refusal(buy(client, liu, cheap, quantity=3)) == (409, "stock_exhausted")
        assert refusal(buy(client, liu, shop.soap, station=OTHER_STATION))[0] == 409
        assert look() == ((10, 0), (30, 0, 0))

    def test_more_than_the_points(self, client, shop, as_, look):
        answer = buy(client, as_(shop.liu_bo), shop.soap, quantity=7)
        assert refusal(answer) == (409, "points_insufficient")
        assert look() == ((10, 0), (30, 0, 0))

    def test_points_worth_less_than_the_goods(self, client, db, shop, as_, look):
        """A fund of ten fen a point was opened after the soap was published for four yuan."""
        with work(db, write=True) as tx:
            poor = make_rider(tx)
            earn(tx, make_fund(tx, shop.ma, shop.wu, fen=10_000, rate_fen=10), poor, 30)
        answer = buy(client, as_(poor), shop.soap)
        assert refusal(answer) == (409, "cost_exceeds_value")
        assert look() == ((10, 0), (30, 0, 0)), "nothing is held that could not be handed out"
        with work(db, write=False) as tx:
            assert points(tx, poor) == (30, 0, 0)
        held = buy(client, as_(shop.liu_bo), shop.soap).json()
        assert hand_out(client, as_(shop.li), held["code"]).status_code == 200

    def test_an_item_that_is_not_offered(self, client, db, shop, as_):
        with work(db, write=True) as tx:
            tx.get_one(Item, shop.soap.id).published = False
        liu = as_(shop.liu_bo)
        assert refusal(buy(client, liu, shop.soap)) == (409, "item_unavailable")
        assert client.get("/v1/items", params={"station": STATION}).json()["items"] == []

    def test_a_station_that_is_closed_or_unknown(self, client, db, shop, as_):
        with work(db, write=True) as tx:
            service.queries.get_station(tx, STATION).open = False
        for station in (STATION, "TN999"):
            answer = buy(client, as_(shop.liu_bo), shop.soap, station=station)
            assert refusal(answer) == (404, "station_not_found")
        assert client.get("/v1/items", params={"station": STATION}).status_code == 404

    @pytest.mark.parametrize("quantity", [0, -1, 100, 1.5, "2", True])
    def test_odd_quantities(self, client, shop, as_, quantity):
        assert buy(client, as_(shop.liu_bo), shop.soap, quantity=quantity).status_code == 422

    def test_an_item_named_twice_and_no_item(self, client, shop, as_):
        liu = as_(shop.liu_bo)
        assert buy(client, liu, shop.soap, shop.soap).status_code == 422
        assert buy(client, liu).status_code == 422

    def test_nobody_and_no_key(self, client, shop, as_):
        body = draft(shop.soap)
        assert client.post("/v1/redemptions", json=body, headers=key()).status_code == 401
        keyless = client.post("/v1/redemptions", json=body, headers=as_(shop.liu_bo))
        assert refusal(keyless) == (400, "idempotency_key_missing")

    def test_a_replay_shows_the_code_that_was_not_stored(self, client, db, shop, as_, look):
        headers = {**as_(shop.liu_bo), **key()}
        first, again = (buy(client, headers, shop.soap) for _ in range(2))
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        assert look() == ((10, 1), (25, 0, 5))
        code = first.json()["code"]
        with work(db, write=False) as tx:
            stored = tx.scalars(select(StoredAnswer)).one()
            assert code not in stored.body
            assert code not in str(stored.headers)
            assert tx.scalars(select(Redemption.code_hash)).one() != code
        other = buy(client, headers, shop.soap, quantity=2)
        assert refusal(other) == (422, "idempotency_key_reused")


class TestMine:
    def test_the_code_is_for_its_owner_while_held(self, client, shop, as_):
        liu, li = as_(shop.liu_bo), as_(shop.li)
        held = buy(client, liu, shop.soap).json()
        url = f"/v1/redemptions/{held['id']}"
        assert client.get(url, headers=liu).json()["code"] == held["code"]
        listed = client.get("/v1/redemptions", headers=liu).json()["items"]
        assert [(r["id"], r["code"]) for r in listed] == [(held["id"], None)]
        for stranger in (li, as_(shop.ma)):
            assert client.get(url, headers=stranger).status_code == 404
            assert client.get(f"{url}/qr", headers=stranger).status_code == 404
            assert give_back(client, stranger, held["id"]).status_code == 404
        picture = client.get(f"{url}/qr", headers=liu)
        assert picture.headers["content-type"] == "image/svg+xml"
        assert b"<svg" in picture.content
        done = hand_out(client, li, held["code"])
        assert done.json()["code"] is None
        assert client.get(url, headers=liu).json()["code"] is None
        assert refusal(client.get(f"{url}/qr", headers=liu)) == (409, "redemption_resolved")


class TestFulfil:
    def test_hands_out_and_pays(self, client, db, shop, as_, look):
        code = buy(client, as_(shop.liu_bo), shop.soap).json()["code"]
        typed = f"{code[:5].lower()}-{code[5:]}"
        done = hand_out(client, as_(shop.li), typed)
        assert (done.status_code, done.json()["state"]) == (200, "fulfilled")
        assert look() == ((9, 0), (25, 0, 0))
        with work(db, write=False) as tx:
            kinds = tx.scalars(select(StockMove.kind).order_by(StockMove.id)).all()
        assert kinds == ["restock", "reserve", "fulfil"]

    def test_the_keeper_of_another_station_does_not_know_the_code(self, client, shop, as_, look):
        code = buy(client, as_(shop.liu_bo), shop.soap).json()["code"]
        assert refusal(hand_out(client, as_(shop.zhou), code)) == (404, "code_unknown")
        assert look() == ((10, 1), (25, 0, 5))

    def test_only_keepers(self, client, shop, as_):
        code = buy(client, as_(shop.liu_bo), shop.soap).json()["code"]
        assert refusal(hand_out(client, as_(shop.liu_bo), code)) == (403, "role_missing")
        assert hand_out(client, {}, code).status_code == 401

    def test_used(self, client, shop, as_, look):
        code = buy(client, as_(shop.liu_bo), shop.soap).json()["code"]
        hand_out(client, as_(shop.li), code)
        for keeper in (shop.li, shop.wang):
            assert refusal(hand_out(client, as_(keeper), code)) == (409, "code_used")
        assert look() == ((9, 0), (25, 0, 0))

    def test_cancelled(self, client, shop, as_, look):
        held = buy(client, as_(shop.liu_bo), shop.soap).json()
        give_back(client, as_(shop.liu_bo), held["id"])
        assert refusal(hand_out(client, as_(shop.li), held["code"])) == (410, "code_expired")
        assert look() == ((10, 0), (30, 0, 0))

    def test_expired_before_and_after_the_job(self, client, shop, as_, drain, look):
        drain()
        held = buy(client, as_(shop.liu_bo), shop.soap).json()
        clock.shift(timedelta(hours=24, seconds=1))
        li = as_(shop.li)
        assert refusal(hand_out(client, li, held["code"])) == (410, "code_expired")
        assert look() == ((10, 1), (25, 0, 5))
        assert drain() == 1
        assert refusal(hand_out(client, li, held["code"])) == (410, "code_expired")
        assert look() == ((10, 0), (30, 0, 0))

    def test_ten_wrong_codes_then_none_at_all(self, client, db, shop, as_):
        fresh_window()
        li = as_(shop.li)
        good = buy(client, as_(shop.liu_bo), shop.soap).json()["code"]
        for n in range(10):
            wrong = hand_out(client, li, f"23456789{n:02}")
            assert refusal(wrong) == (404, "code_unknown")
        with work(db, write=False) as tx:
            assert attempts.made(tx, f"code:{shop.li.id}") == 10
        shut = hand_out(client, li, good)
        assert refusal(shut) == (429, "code_checks_too_often")
        assert 0 < int(shut.headers["retry-after"]) <= 301
        assert hand_out(client, as_(shop.wang), good).status_code == 200, "each keeper's own"
        clock.shift(timedelta(minutes=5, seconds=1))
        assert refusal(hand_out(client, li, good)) == (409, "code_used")


class TestCancel:
    def test_gives_everything_back_once(self, client, shop, as_, look):
        liu = as_(shop.liu_bo)
        held = buy(client, liu, shop.soap).json()
        gone = give_back(client, liu, held["id"])
        assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
        assert refusal(give_back(client, liu, held["id"])) == (409, "redemption_resolved")
        assert look() == ((10, 0), (30, 0, 0))

    def test_not_after_handing_out(self, client, shop, as_, look):
        liu = as_(shop.liu_bo)
        held = buy(client, liu, shop.soap).json()
        hand_out(client, as_(shop.li), held["code"])
        assert refusal(give_back(client, liu, held["id"])) == (409, "redemption_resolved")
        assert look() == ((9, 0), (25, 0, 0))

    def test_an_unknown_one(self, client, shop, as_):
        answer = give_back(client, as_(shop.liu_bo), str(uuid4()))
        assert refusal(answer) == (404, "redemption_not_found")


class TestTimeOut:
    def test_nothing_before_its_time_and_nothing_after_an_end(self, client, shop, as_, drain, look):
        drain()
        liu = as_(shop.liu_bo)
        kept, cancelled = (buy(client, liu, shop.soap).json() for _ in range(2))
        give_back(client, liu, cancelled["id"])
        assert drain() == 0
        assert look() == ((10, 1), (25, 0, 5))
        clock.shift(timedelta(hours=25))
        assert drain() == 2
        assert look() == ((10, 0), (30, 0, 0))
        shown = client.get(f"/v1/redemptions/{kept['id']}", headers=as_(shop.liu_bo)).json()
        assert (shown["state"], shown["code"]) == ("expired", None)


class TestShelf:
    def test_items_and_what_is_left(self, client, shop, as_):
        buy(client, as_(shop.liu_bo), shop.soap, quantity=3)
        (soap,) = client.get("/v1/items", params={"station": STATION}).json()["items"]
        assert (soap["code"], soap["available"]) == ("soap", 7)

    def test_an_item_that_costs_more_than_its_points_is_refused(self, shop, tx):
        with pytest.raises(ItemTooCostly), tx.begin_nested():
            service.add_item(tx, "gold", ("金", "Gold"), points=5, cost_fen=501)
        assert service.add_item(tx, "tea", ("茶", "Tea"), points=5, cost_fen=500).published

    def test_a_delivery_counts_once(self, shop, db):
        with pytest.raises(Exception, match=r"(?i)unique|uq_"), work(db, write=True) as tx:
            shelf.restock(tx, (STATION, shop.soap.id), 5, source="delivery-1", actor_id=None)
        with work(db, write=False) as tx:
            assert stock(tx, shop.soap) == (10, 0)

    def test_goods_that_are_held_cannot_leave(self, client, shop, db, as_):
        buy(client, as_(shop.liu_bo), shop.soap, quantity=6)
        with pytest.raises(StockExhausted), work(db, write=True) as tx:
            shelf.change(tx, "adjust", (STATION, shop.soap.id), "count-1", None, on_hand=-5)

    def test_the_nearest_station_first_and_only_those_open(self, client, db, shop):
        with work(db, write=True) as tx:
            moved = "UPDATE stations SET lat = 30.3 WHERE id = :id"
            tx.execute(text(moved), {"id": STATION})
        place = {"lat": 30.2055, "lng": 105.8410, "crs": "wgs84"}
        found = client.get("/v1/stations", params=place).json()["items"]
        assert [s["id"] for s in found] == [OTHER_STATION, STATION]
        assert found[0]["distance_m"] == 0
        assert 10_000 < found[1]["distance_m"] < 11_000
        assert client.get("/v1/stations", params={"lat": 30.2}).status_code == 400
        assert len(client.get("/v1/stations", params={"open_now": True}).json()["items"]) == 2


class TestTill:
    def test_reads_what_a_member_can_spend_and_nothing_else(self, client, db, shop, as_):
        with work(db, write=True) as tx:
            secret = identity.add_client(tx, "till-1", "收银台", ["points:read"], DISTRICT)
            blind = identity.add_client(tx, "blind", "无权", [], DISTRICT)
        url = f"/v1/members/{shop.liu_bo.member_no}/points"

        def bearer(name, given):
            form = {"grant_type": "client_credentials", "scope": "points:read"}
            answer = client.post("/v1/auth/token", data=form, auth=(name, given))
            token = answer.json().get("access_token", "")
            return {"Authorization": f"Bearer {token}"} if token else {}

        shown = client.get(url, headers=bearer("till-1", secret))
        assert shown.json() == {"member_no": shop.liu_bo.member_no, "spendable": 30}
        till = bearer("till-1", secret)
        assert client.get("/v1/members/ZZZZZZZZ/points", headers=till).status_code == 404
        assert client.get("/v1/points", headers=till).status_code == 403
        assert client.get(url, headers=as_(shop.liu_bo)).status_code == 403
        assert client.get(url, headers=bearer("blind", blind)).status_code in {401, 403}
        assert client.get(url, headers=bearer("till-1", "wrong")).status_code == 401

"""A station's day: its sums recomputed by hand, its shelf from opening to closing, no member."""

import csv
import io
from datetime import timedelta
from uuid import UUID

import openpyxl
import pytest
from cast import DISTRICT, GRID, STATION
from settlements.build import tomorrow
from store.build import accept, count, give_back, hand_out, refusal, restock, transfer

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.store import service as store
from app.store import stock

SOAP_POINTS, SOAP_FEN = 5, 400


def today():
    return clock.business_day(clock.now())


@pytest.fixture
def report(client, as_, cast):
    def read(shop, day=None, by=None, path="", **params):
        url = f"/v1/stations/{shop.id}/day-report{path}"
        headers = as_(by or shop.keeper)
        return client.get(url, headers=headers, params={"day": str(day or today()), **params})

    return read


@pytest.fixture
def busy(shop, client, as_, newcomer, db, cast):
    """A day with everything in it, after a day that left three soaps on a held redemption."""
    overnight = shop.held(quantity=3)
    tomorrow()
    keeper, helper = as_(shop.keeper), newcomer((Role.KEEPER, DISTRICT), name="帮手")
    with work(db, write=True) as tx:
        store.add_keeper(tx, shop.id, helper.id)
        towel = store.add_item(tx, f"towel-{shop.id}", ("毛巾", "Towel"), points=9, cost_fen=700)
        stock.restock(tx, (shop.id, towel.id), 6, source="t", actor_id=shop.keeper.id)
    back = shop.sold(quantity=2)
    shop.sold()
    mixed = shop.held()
    assert hand_out(client, as_(helper), mixed["code"]).status_code == 200
    shop.held(quantity=4)
    buyer = newcomer(name="不该出现的人")
    cancelled = shop.held(buyer=buyer, quantity=4)
    give_back(client, as_(buyer), cancelled["id"])
    with work(db, write=True) as tx:
        late = clock.now() + timedelta(days=30)
        store.time_out(tx, UUID(overnight["id"]), late)
    shop.taken_back(back, restock=True)
    assert restock(client, keeper, cast.soap, 20, f"d2-{shop.id}", shop.id).status_code == 200
    moved = transfer(client, keeper, cast.soap, 7, f"m-{shop.id}", source=shop.id, to=STATION)
    assert moved.status_code == 200, moved.text
    on_hand = 100 - 2 - 1 - 1 + 2 + 20 - 7
    assert count(client, keeper, cast.soap, on_hand - 1, shop.id).status_code == 200
    taken = accept(client, keeper, ("A-1", "2345678923"), station=shop.id)
    assert taken.status_code == 200, taken.text
    shop.helper, shop.towel = helper, towel
    return shop


class TestReport:
    def test_what_happened_to_redemptions(self, busy, report):
        shown = report(busy).json()
        found = {
            f["what"]: (f["count"], f["pieces"], f["points"], f["fen"])
            for f in shown["redemptions"]
        }
        expected = {"opened": (5, 12), "handed_out": (3, 4), "cancelled": (1, 4), "expired": (1, 3),
                    "refunded": (1, 2)}  # fmt: skip
        assert found == {
            what: (n, pieces, pieces * SOAP_POINTS, pieces * SOAP_FEN)
            for what, (n, pieces) in expected.items()
        }

    def test_by_keeper(self, busy, report):
        shown = report(busy).json()["keepers"]
        assert [(k["name"], k["count"], k["pieces"], k["points"], k["fen"]) for k in shown] == [
            ("店主", 2, 3, 15, 1200), ("帮手", 1, 1, 5, 400),
        ]  # fmt: skip

    def test_by_item(self, busy, report):
        [soap] = report(busy).json()["items"]
        assert {k: v for k, v in soap.items() if k != "item_id"} == {
            "code": "soap", "name": "香皂", "name_en": "Soap", "opened": 12, "handed_out": 4,
            "cancelled": 4, "expired": 3, "refunded": 2, "points": 20, "fen": 1600,
        }  # fmt: skip

    def test_the_shelf_from_opening_to_closing(self, busy, report, client, as_):
        shelf = {row["code"]: row for row in report(busy).json()["shelf"]}
        soap, towel = shelf["soap"], shelf[busy.towel.code]
        names = ("opening", "restocked", "transferred", "adjusted", "handed_out", "returned",
                 "closing", "reserved")  # fmt: skip
        assert [soap[name] for name in names] == [100, 20, -7, -1, -4, 2, 110, 4]
        assert [towel[name] for name in names] == [0, 6, 0, 0, 0, 0, 6, 0]
        url = f"/v1/stations/{busy.id}/stock"
        now = client.get(url, headers=as_(busy.keeper)).json()["items"]
        assert {(s["code"], s["on_hand"], s["reserved"]) for s in now} == {
            (code, row["closing"], row["reserved"]) for code, row in shelf.items()
        }

    def test_yesterday_stays_what_it_was(self, busy, report):
        shown = report(busy, today() - timedelta(days=1)).json()
        flows = {f["what"]: (f["count"], f["pieces"]) for f in shown["redemptions"]}
        assert flows == {"opened": (1, 3), "handed_out": (0, 0), "cancelled": (0, 0),
                         "expired": (0, 0), "refunded": (0, 0)}  # fmt: skip
        shelf = {row["code"]: row for row in shown["shelf"]}
        assert (shelf["soap"]["opening"], shelf["soap"]["closing"]) == (0, 100)
        assert shelf["soap"]["reserved"] == 3
        assert shelf[busy.towel.code]["closing"] == 0
        assert shown["final"] is True
        assert shown["exceptions"] == shown["keepers"] == []

    def test_exceptions_of_the_counter(self, busy, report):
        [one] = report(busy).json()["exceptions"]
        assert (one["acceptance"], one["why"], one["keeper"]) == ("A-1", "unknown", "店主")

    def test_a_day_that_is_not_over_says_so(self, busy, report):
        shown = report(busy).json()
        assert shown["final"] is False
        assert shown["day"] == str(today())
        tomorrow()
        assert report(busy, today() - timedelta(days=1)).json() == {**shown, "final": True}

    def test_names_no_member(self, busy, report):
        assert "不该出现" not in report(busy).text
        assert "不该出现" not in report(busy, path="/file", format="csv").text


class TestWho:
    def test_its_keepers_and_those_who_check(self, shop, report, cast, newcomer):
        for person in (shop.keeper, cast.sun, newcomer((Role.AUDITOR, DISTRICT))):
            assert report(shop, by=person).status_code == 200
        for person in (cast.li, newcomer((Role.AUDITOR, GRID))):
            for path in ("", "/file"):
                answer = report(shop, by=person, path=path, format="csv")
                assert refusal(answer) == (403, "not_of_station")


class TestFiles:
    @pytest.mark.parametrize(
        ("kind", "start"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF-")]
    )
    def test_is_a_file_to_keep(self, busy, report, kind, start):
        answer = report(busy, path="/file", format=kind)
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(start)
        name = f'attachment; filename="station-{busy.id}-{today()}.{kind}"'
        assert answer.headers["content-disposition"] == name

    def test_says_what_the_report_says(self, busy, report):
        text = report(busy, path="/file", format="csv").content.decode("utf-8-sig")
        rows = {row["类型"]: row for row in csv.DictReader(io.StringIO(text))}
        assert (rows["已核销"]["件数"], rows["已核销"]["金额（元）"]) == ("4", "16.00")
        book = openpyxl.load_workbook(io.BytesIO(report(busy, path="/file", format="xlsx").content))
        assert book.sheetnames == [
            "概要",
            "兑换情况",
            "按店主核销",
            "按商品",
            "库存变动",
            "离线异常",
        ]
        [soap] = [r for r in book["库存变动"].iter_rows(values_only=True) if r[0] == "soap"]
        assert soap == ("soap", "香皂", 100, 20, -7, -1, -4, 2, 110, 4)
        [one] = list(book["离线异常"].iter_rows(min_row=2, values_only=True))
        assert one[3] == "无此兑换码"

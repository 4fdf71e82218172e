"""Contributions followed to goods, and a fund in public, over HTTP."""

import itertools
from datetime import timedelta

import pytest
from cast import DISTRICT, STATION, actor
from flows.story import key
from ledger.build import BY_HAND, broken, earn

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import book, funds, reversing
from app.ledger.models import Fund
from app.ledger.schemas import ContributionDraft
from app.store import service as store
from app.store import stock

_number = itertools.count(1)
GOODS = (("soap", 5, 333), ("rice", 7, 697), ("pen", 1, 99))
# The test of all goods sells and takes back without a till, a member's code or a correction.
UNASKED = (
    *BY_HAND,
    "a till's hold was paid with a code of its own",
    "a redemption is refunded when the ledger says so",
)


@pytest.fixture(scope="module")
def goods(db, cast):
    """Three goods with awkward costs, plenty of each."""
    with work(db, write=True) as tx:
        made = [
            store.add_item(tx, f"t-{name}", (name, name), points, cost)
            for name, points, cost in GOODS
        ]
        for item in made:
            stock.restock(tx, (STATION, item.id), 900, source=f"t-{item.code}", actor_id=cast.li.id)
    return made


@pytest.fixture
def pool(db, cast):
    """A fund of one yuan a point, with contributions of these amounts; the oldest first."""

    def make(*given, rate_fen=100):
        with work(db, write=True) as tx:
            fund = funds.add_fund(
                tx, f"trace{next(_number)}", "暖新基金", "感谢", DISTRICT, rate_fen
            )
            ids = []
            for kind, name, fen in given:
                draft = ContributionDraft(kind=kind, contributor=name, fen=fen)
                made = funds.propose(tx, actor(cast.ma, Role.FUND_MANAGER), fund.id, draft)
                funds.approve(tx, actor(cast.wu, Role.FUND_APPROVER), fund.id, made.id)
                ids.append(made.id)
        return fund, ids

    return make


@pytest.fixture
def give(db):
    def points(fund, person, amount):
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, fund.id), person, amount)

    return points


@pytest.fixture
def buy(client, as_, cast, goods):
    """Somebody redeems goods by their numbers in GOODS and is handed them."""

    def send(person, *pieces, fulfil=True):
        lines = [
            {"item_id": str(item.id), "quantity": n}
            for item, n in zip(goods, pieces, strict=True)
            if n
        ]
        body = {"station_id": STATION, "lines": lines}
        held = client.post("/v1/redemptions", json=body, headers={**as_(person), **key()})
        assert held.status_code == 201, held.text
        if fulfil:
            code = {"code": held.json()["code"]}
            done = client.post("/v1/redemptions/fulfil", json=code, headers=as_(cast.li))
            assert done.status_code == 200, done.text
        return held.json()["id"]

    return send


@pytest.fixture
def trace(client, as_, cast):
    def read(fund, contribution, **params):
        url = f"/v1/funds/{fund.id}/contributions/{contribution}/trace"
        answer = client.get(url, headers=as_(cast.ma), params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read


def paid_by_pages(trace, fund, contribution, limit=2):
    """All items of a trace, read in pages."""
    items, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = trace(fund, contribution, limit=limit, **more)
        assert len(page["items"]) <= limit
        items, cursor = items + page["items"], page["next_cursor"]
        if cursor is None:
            return items


def checked(trace, fund, contribution):
    """A trace whose sums are right: contributed, paid, and each hand-out's lines."""
    shown = trace(fund, contribution, limit=100)
    states = shown["available_fen"], shown["reserved_fen"], shown["paid_fen"]
    assert sum(states) == shown["contributed_fen"]
    assert shown["reserved_points"] == shown["reserved_fen"] // fund.rate_fen
    assert sum(item["fen"] for item in shown["items"]) == shown["paid_fen"]
    for item in shown["items"]:
        if item["lines"]:
            assert sum(line["fen"] for line in item["lines"]) == item["fen"]
    return shown


class TestTrace:
    def test_of_money_that_did_nothing_yet(self, pool, trace):
        fund, (one,) = pool(("government", "潼南区", 1_000))
        shown = checked(trace, fund, one)
        assert (shown["available_fen"], shown["items"], shown["state"]) == (1_000, [], "approved")
        assert (shown["contributor"], shown["kind"]) == ("潼南区", "government")

    def test_before_it_was_approved(self, client, as_, cast, pool, trace):
        fund, _ = pool()
        url = f"/v1/funds/{fund.id}/contributions"
        gift = {"kind": "village", "contributor": "社区", "fen": 5}
        made = client.post(url, json=gift, headers={**as_(cast.ma), **key()}).json()
        shown = checked(trace, fund, made["id"])
        assert (shown["contributed_fen"], shown["state"]) == (0, "proposed")

    def test_down_to_the_goods(self, pool, give, buy, trace, newcomer):
        fund, (one,) = pool(("government", "潼南区", 100_000))
        rider = newcomer()
        give(fund, rider, 30)
        buy(rider, 2, 1, 0)
        shown = checked(trace, fund, one)
        assert (shown["reserved_fen"], shown["reserved_points"]) == (1_300, 13)
        assert shown["paid_fen"] == 2 * 333 + 697
        (item,) = shown["items"]
        assert (item["kind"], item["place"], item["reference"]) == (
            "handed_out", f"驿站{STATION}", None,
        )  # fmt: skip
        assert item["day"] == clock.business_day(clock.now()).isoformat()
        lines = {line["code"]: (line["pieces"], line["cost_fen"], line["fen"])
                 for line in item["lines"]}  # fmt: skip
        assert lines == {"t-soap": (2, 666, 666), "t-rice": (1, 697, 697)}

    def test_three_gave_for_one_basket(self, db, pool, give, buy, trace, newcomer):
        """Lots that straddle contributions: every fen of a line is somebody's, once."""
        fund, given = pool(
            ("government", "潼南区", 437), ("villager", "陈大文", 389), ("village", "社区", 90_000)
        )
        rider = newcomer()
        for points in (4, 4, 6, 7, 9):
            give(fund, rider, points)
        buy(rider, 1, 1, 3)
        buy(rider, 1, 1, 0)
        traces = [checked(trace, fund, one) for one in given]
        assert [len(shown["items"]) for shown in traces] == [1, 1, 2]
        assert sum(shown["paid_fen"] for shown in traces) == 2 * (333 + 697) + 3 * 99
        lines = [
            (item["at"], line["code"], line["cost_fen"], line["fen"])
            for shown in traces for item in shown["items"] for line in item["lines"]
        ]  # fmt: skip
        for at, code, cost, _ in lines:
            assert sum(line[3] for line in lines if line[:2] == (at, code)) == cost
        assert broken(db) == []

    def test_in_pages(self, pool, give, buy, trace, newcomer):
        fund, given = pool(("government", "潼南区", 1_234), ("village", "社区", 90_000))
        rider = newcomer()
        give(fund, rider, 60)
        for _ in range(5):
            buy(rider, 1, 0, 2)
        for one in given:
            whole = checked(trace, fund, one)
            assert paid_by_pages(trace, fund, one) == whole["items"]
        assert sorted(i["at"] for i in whole["items"]) == [
            i["at"] for i in reversed(whole["items"])
        ]

    def test_what_is_held_or_cancelled_bought_nothing(
        self, client, as_, pool, give, buy, trace, newcomer
    ):
        fund, (one,) = pool(("government", "潼南区", 10_000))
        rider = newcomer()
        give(fund, rider, 30)
        held = [buy(rider, 1, 0, 0, fulfil=False) for _ in range(2)]
        client.post(f"/v1/redemptions/{held[0]}/cancel", headers=as_(rider))
        shown = checked(trace, fund, one)
        assert (shown["reserved_points"], shown["items"]) == (30, [])

    def test_goods_that_came_back(self, db, cast, pool, give, buy, trace, newcomer, client):
        fund, given = pool(("government", "潼南区", 250), ("village", "社区", 10_000))
        rider = newcomer()
        give(fund, rider, 20)
        bought = buy(rider, 1, 1, 1)
        before = [checked(trace, fund, one) for one in given]
        with work(db, write=True) as tx:
            reversing.refund(
                tx, source=bought, merchant=STATION, reason="broken", grace=timedelta(days=1),
                by=book.Hands(cast.ma.id, cast.wu.id),
            )  # fmt: skip
        for one, was in zip(given, before, strict=True):
            shown = checked(trace, fund, one)
            assert shown["paid_fen"] == 0
            back, out = shown["items"]
            assert ([out], back["kind"]) == (was["items"], "came_back")
            assert [(-line["pieces"], -line["fen"]) for line in back["lines"]] == [
                (line["pieces"], line["fen"]) for line in out["lines"]
            ]

    def test_external_stores(self, db, cast, pool, give, trace, newcomer, external, client):
        fund, (one,) = pool(("government", "潼南区", 10_000))
        rider = newcomer()
        give(fund, rider, 10)
        reference = external(rider, points=4, cost_fen=377)
        shown = checked(trace, fund, one)
        (item,) = shown["items"]
        assert (item["place"], item["reference"], item["fen"], item["lines"]) == (
            "供销社", reference, 377, [],
        )  # fmt: skip
        told = client.get(f"/v1/funds/{fund.id}/public").json()
        assert (told["paid_fen"], told["external_fen"], told["goods"]) == (377, 377, [])

    def test_strangers_and_other_funds(self, client, as_, cast, pool, newcomer):
        fund, (one,) = pool(("government", "潼南区", 10))
        other, _ = pool()
        url = f"/v1/funds/{fund.id}/contributions/{one}/trace"
        assert client.get(url, headers=as_(cast.wang)).json()["code"] == "fund_not_found"
        assert client.get(url, headers=as_(cast.chen)).json()["code"] == "staff_only"
        elsewhere = url.replace(str(fund.id), str(other.id))
        answer = client.get(elsewhere, headers=as_(cast.ma))
        assert (answer.status_code, answer.json()["code"]) == (404, "contribution_not_found")


class TestPublic:
    def read(self, client, fund, **params):
        answer = client.get(f"/v1/funds/{fund.id}/public", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def test_given_by_whom_with_no_villager_named(self, client, pool):
        fund, _ = pool(
            ("villager", "陈大文", 5), ("benefactor", "慈善家", 7), ("villager", "欧阳修", 11)
        )
        shown = self.read(client, fund)
        assert [(i["contributor"], i["fen"]) for i in shown["items"]] == [
            ("欧*", 11), ("慈善家", 7), ("陈*", 5),
        ]  # fmt: skip
        assert [i["receipt_no"][-6:] for i in shown["items"]] == ["000003", "000002", "000001"]
        assert "大文" not in str(shown)
        kinds = {g["kind"]: g["fen"] for g in shown["by_kind"]}
        assert (kinds["villager"], kinds["benefactor"], shown["contributed_fen"]) == (16, 7, 23)
        first = self.read(client, fund, limit=2)
        rest = self.read(client, fund, limit=2, cursor=first["next_cursor"])
        assert first["items"] + rest["items"] == shown["items"]

    def test_only_what_arrived(self, client, as_, cast, pool):
        fund, _ = pool()
        url = f"/v1/funds/{fund.id}/contributions"
        gift = {"kind": "village", "contributor": "社区", "fen": 5}
        client.post(url, json=gift, headers={**as_(cast.ma), **key()})
        assert self.read(client, fund)["items"] == []

    def test_goods_bought(self, db, cast, client, pool, give, buy, external, newcomer):
        """Two funds pay for one basket; what each paid is in goods and external sales, exactly."""
        fund, _ = pool(("government", "潼南区", 50_000), ("village", "社区", 333))
        other, _ = pool(("government", "潼南区", 50_000), rate_fen=130)
        rider = newcomer()
        give(fund, rider, 16)
        buy(rider, 1, 1, 1)
        give(other, rider, 10)
        # Three points of the first fund are left, so the next basket is paid by both.
        buy(rider, 1, 0, 1)
        gone = buy(rider, 0, 0, 2)
        external(rider, points=2, cost_fen=201)
        with work(db, write=True) as tx:
            reversing.refund(
                tx, source=gone, merchant=STATION, reason="broken", grace=timedelta(days=1),
                by=book.Hands(cast.ma.id, cast.wu.id),
            )  # fmt: skip
        shown = [self.read(client, one) for one in (fund, other)]
        for told in shown:
            spent = sum(item["fen"] for item in told["goods"])
            assert spent + told["external_fen"] == told["paid_fen"]
            assert told["coverage"]["points_fen"] == told["coverage"]["reserved_fen"]
        mine, others = ({i["code"]: i for i in told["goods"]} for told in shown)
        assert (mine["t-rice"]["fen"], mine["t-rice"]["pieces"]) == (697, 1)
        assert "t-rice" not in others
        for code, cost in (("t-soap", 333), ("t-pen", 99)):
            assert mine[code]["fen"] + others[code]["fen"] == 2 * cost
        assert (mine["t-soap"]["pieces"], others["t-soap"]["pieces"]) == (2, 1)
        assert broken(db, but=UNASKED) == []

    def test_goods_of_the_last_thirty_days(self, client, pool, give, buy, external, newcomer):
        fund, _ = pool(("government", "潼南区", 50_000))
        rider = newcomer()
        give(fund, rider, 16)
        buy(rider, 0, 1, 0)
        external(rider, points=3, cost_fen=201)
        today = clock.business_day(clock.now())
        for days, goods, outside in ((0, ["t-rice"], 201), (29, ["t-rice"], 201), (30, [], 0)):
            clock.unshift()
            clock.shift(timedelta(days=days))
            shown = self.read(client, fund)
            assert ([g["code"] for g in shown["goods"]], shown["external_fen"]) == (goods, outside)
            first = today + timedelta(days=days - 29)
            assert (shown["goods_since"], shown["paid_fen"]) == (first.isoformat(), 697 + 201)

    def test_of_no_fund(self, client):
        answer = client.get(f"/v1/funds/{new_id()}/public")
        assert (answer.status_code, answer.json()["code"]) == (404, "fund_not_found")

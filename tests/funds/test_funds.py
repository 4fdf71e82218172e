"""Funds over HTTP: opened, changed, and what their money covers."""

import itertools
from datetime import timedelta

import pytest
from cast import DISTRICT, STREET, contribute
from flows.story import key
from ledger.build import MERCHANT, cancel, earn, fulfil, hold
from sqlalchemy import select

from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.ledger import service, views
from app.ledger.models import Fund
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

ELSEWHERE = "500231000000"
_number = itertools.count(1)


def draft(**more):
    return {
        "code": f"f{next(_number)}", "name": "暖新基金", "purpose": "感谢新就业群体",
        "region_code": DISTRICT, "rate_fen": 50, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def ma(as_, cast):
    return as_(cast.ma)


@pytest.fixture
def opened(client, ma):
    """A new fund as its manager sees it."""
    answer = client.post("/v1/funds", json=draft(), headers={**ma, **key()})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def outsider(db, newcomer, as_):
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(ELSEWHERE, "垫江县", "垫江县", 0, "县", None)])
    return as_(newcomer((Role.FUND_MANAGER, ELSEWHERE)))


def recorded(db, object_id):
    with work(db, write=False) as tx:
        rows = tx.scalars(select(StaffAction).where(StaffAction.object_id == str(object_id)))
        return [(row.action, row.detail) for row in rows]


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


class TestOpening:
    def test_by_a_manager_or_an_administrator(self, client, db, cast, as_, ma):
        for person in (ma, as_(cast.sun)):
            body = draft(shards=3)
            made = client.post("/v1/funds", json=body, headers=person)
            assert made.status_code == 201, made.text
            shown = made.json()
            assert {name: shown[name] for name in body} == body
            assert (shown["state"], shown["contributed_fen"]) == ("active", 0)
            assert client.get(f"/v1/funds/{shown['id']}", headers=ma).json() == shown
            assert recorded(db, shown["id"]) == [("fund.added", {"rate_fen": 50})]

    def test_a_code_is_taken_once(self, client, ma, opened):
        again = client.post("/v1/funds", json=draft(code=opened["code"]), headers=ma)
        refused(again, 409, "fund_code_taken")

    def test_in_ones_own_regions_only(self, client, ma, outsider, as_, cast):
        refused(client.post("/v1/funds", json=draft(), headers=outsider), 403, "forbidden")
        nowhere = client.post("/v1/funds", json=draft(region_code="nowhere"), headers=ma)
        refused(nowhere, 404, "region_not_found")
        refused(client.post("/v1/funds", json=draft(), headers=as_(cast.wu)), 403, "role_missing")

    @pytest.mark.parametrize("bad", [{"rate_fen": 0}, {"rate_fen": 100_001}, {"shards": 65}])
    def test_bounds(self, client, ma, bad):
        refused(client.post("/v1/funds", json=draft(**bad), headers=ma), 422, "unprocessable")


class TestChanging:
    CHANGE = {"name": "新名", "purpose": "新用途", "state": "active", "shards": 4}

    def put(self, client, fund, headers, **more):
        return client.put(f"/v1/funds/{fund['id']}", json={**self.CHANGE, **more}, headers=headers)

    def test_all_but_its_rate(self, client, db, ma, opened):
        answer = self.put(client, opened, ma)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {**opened, **self.CHANGE}
        assert recorded(db, opened["id"])[1] == ("fund.changed", {"state": "active", "shards": 4})
        refused(self.put(client, opened, ma, rate_fen=51), 422, "unprocessable")

    def test_never_fewer_shards(self, client, ma, opened):
        assert self.put(client, opened, ma).status_code == 200
        refused(self.put(client, opened, ma, shards=3), 409, "shards_only_grow")

    def test_money_goes_into_the_new_shards_and_out_of_all(self, client, db, cast, ma, opened):
        fund = opened["id"]
        with work(db, write=True) as tx:
            contribute(tx, fund, cast.ma, cast.wu, 100)
        self.put(client, opened, ma)
        with work(db, write=True) as tx:
            contribute(tx, fund, cast.ma, cast.wu, 400)
        with work(db, write=True) as tx:
            for _ in range(10):
                earn(tx, tx.get_one(Fund, fund), cast.chen, 1)
        shown = client.get(f"/v1/funds/{fund}", headers=ma).json()
        assert (shown["available_fen"], shown["reserved_fen"]) == (0, 500)

    def test_a_closed_one_takes_no_more(self, client, as_, cast, ma, opened):
        url = f"/v1/funds/{opened['id']}/contributions"
        gift = {"kind": "village", "contributor": "莲花社区", "fen": 100}
        waiting = client.post(url, json=gift, headers={**ma, **key()}).json()
        closed = self.put(client, opened, ma, state="closed")
        assert (closed.json()["state"], closed.json()["headroom_points"]) == ("closed", 0)
        refused(client.post(url, json=gift, headers={**ma, **key()}), 409, "fund_closed")
        approve = f"{url}/{waiting['id']}/approve"
        refused(client.post(approve, headers=as_(cast.wu)), 409, "fund_closed")
        self.put(client, opened, ma)
        assert client.post(approve, headers=as_(cast.wu)).status_code == 200

    def test_strangers_and_readers(self, client, as_, cast, newcomer, opened, outsider):
        refused(self.put(client, opened, outsider), 404, "fund_not_found")
        refused(self.put(client, opened, as_(cast.wu)), 403, "role_missing")
        reader = as_(newcomer((Role.AUDITOR, DISTRICT), (Role.FUND_MANAGER, STREET)))
        refused(self.put(client, opened, reader), 403, "forbidden")


class TestCover:
    """Each figure by hand, and both sums of the coverage whatever happens to the points."""

    def shown(self, client, ma, fund):
        return client.get(f"/v1/funds/{fund['id']}", headers=ma).json()

    def covered(self, client, ma, fund):
        cover = self.shown(client, ma, fund)["coverage"]
        assert cover["points_fen"] == cover["reserved_fen"] == cover["points_out"] * 50
        assert cover["ratio"] == (1.0 if cover["points_out"] else None)
        return cover["points_out"]

    def test_an_empty_fund(self, client, ma, opened):
        assert opened["coverage"] == {
            "points_out": 0, "points_fen": 0, "reserved_fen": 0, "ratio": None,
        }  # fmt: skip
        assert (opened["headroom_points"], opened["days_of_cover"]) == (0, None)
        assert [g["count"] for g in opened["by_kind"]] == [0] * 5

    def test_points_out_are_backed_to_the_fen_at_every_step(
        self, client, db, cast, ma, opened, newcomer
    ):
        rider, other = newcomer(), newcomer()
        with work(db, write=True) as tx:
            contribute(tx, opened["id"], cast.ma, cast.wu, 10_000)
        steps = iter((10, 13, 13, 11, 16, 14, 14, 14))

        def step(function):
            with work(db, write=True) as tx:
                made = function(tx, tx.get_one(Fund, opened["id"]))
            assert self.covered(client, ma, opened) == next(steps)
            return made

        on_the_way = step(lambda tx, fund: earn(tx, fund, rider, 10, settled=False))
        step(lambda tx, fund: earn(tx, fund, rider, 3))
        held = step(lambda tx, _: hold(tx, rider, 2))
        # Handed out for less than the points are worth: the rest goes back to the pool.
        step(lambda tx, _: fulfil(tx, held, 60))
        step(lambda tx, fund: earn(tx, fund, other, 5, days=1))
        step(lambda tx, _: hold(tx, other, 2) and fulfil(tx, hold(tx, other, 2), 0))
        held = step(lambda tx, _: hold(tx, rider, 1))
        step(lambda tx, _: cancel(tx, held))
        assert self.shown(client, ma, opened)["paid_fen"] == 60
        with work(db, write=True) as tx:
            service.void(tx, source=on_the_way, reason="false")
        assert self.covered(client, ma, opened) == 4

    def test_headroom_and_days(self, client, db, cast, ma, opened, newcomer):
        with work(db, write=True) as tx:
            contribute(tx, opened["id"], cast.ma, cast.wu, 10_049)
        assert self.shown(client, ma, opened)["headroom_points"] == 200
        assert self.shown(client, ma, opened)["days_of_cover"] is None
        rider = newcomer()
        with work(db, write=True) as tx:
            gone = earn(tx, tx.get_one(Fund, opened["id"]), rider, 10, settled=False)
            service.void(tx, source=gone, reason="false")
            earn(tx, tx.get_one(Fund, opened["id"]), rider, 10)
        shown = self.shown(client, ma, opened)
        # 9,549 fen are left, and 1,000 were drawn in thirty days, though half of it came back.
        assert (shown["headroom_points"], shown["days_of_cover"]) == (190, 9_549 * 30 // 1_000)

    def test_what_was_drawn_long_ago_says_nothing(self, db, cast, opened, newcomer):
        rider = newcomer()
        with work(db, write=True) as tx:
            contribute(tx, opened["id"], cast.ma, cast.wu, 10_000)
            earn(tx, tx.get_one(Fund, opened["id"]), rider, 10)
        with work(db, write=False) as tx:
            fund = tx.get_one(Fund, opened["id"])
            assert views.fund_out(tx, fund).days_of_cover == 9_500 * 30 // 500
            clock.shift(timedelta(days=30, minutes=1))
            assert views.fund_out(tx, fund).days_of_cover is None
        clock.unshift()

    def test_five_kinds_of_givers(self, client, db, as_, cast, ma, opened):
        url = f"/v1/funds/{opened['id']}/contributions"
        for kind, fen in (("villager", 7), ("benefactor", 11), ("villager", 13), ("village", 17)):
            body = {"kind": kind, "contributor": "某", "fen": fen}
            made = client.post(url, json=body, headers={**ma, **key()}).json()
            if kind != "village":
                client.post(f"{url}/{made['id']}/approve", headers=as_(cast.wu))
        kinds = {
            g["kind"]: (g["count"], g["fen"]) for g in self.shown(client, ma, opened)["by_kind"]
        }
        assert kinds == {
            "government": (0, 0), "village": (0, 0), "joint_villages": (0, 0),
            "benefactor": (1, 11), "villager": (2, 20),
        }  # fmt: skip

    def test_strangers_see_no_fund(self, client, opened, outsider, as_, cast):
        url = f"/v1/funds/{opened['id']}"
        refused(client.get(url, headers=outsider), 404, "fund_not_found")
        refused(client.get(url, headers=as_(cast.wang)), 404, "fund_not_found")
        refused(client.get(url, headers=as_(cast.chen)), 403, "staff_only")
        assert MERCHANT not in client.get(url, headers=as_(cast.wu)).text

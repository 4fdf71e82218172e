"""Points for what a patrol found (巡查积分): none without a rule, with one what it says."""

import pytest
from cast import GRID, INSIDE
from flows.story import key, moved, upload
from ledger.build import broken
from matrix.stage import desk  # noqa: F401 - these tests move no clock

from app.identity.models import Role
from app.kit.db import work
from app.patrols import jobs

STOP = {"name": "东门", "lat": 30.2055, "lng": 105.8405, "crs": "wgs84"}


@pytest.fixture(autouse=True)
def _whole(db):
    yield
    assert broken(db) == []


def ok(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()


def post(client, path, headers, body=None):
    return client.post(f"/v1{path}", json=body, headers={**headers, **key()})


@pytest.fixture
def rule(client, cast, as_):
    """A rule for findings, published for as long as the test."""
    body = {
        "code": "patrol", "name": "巡查发现", "name_en": "Found on patrol", "event": "patrol.found",
        "points": 3, "fund_id": str(cast.fund.id), "day_cap": 30, "month_cap": 300,
    }  # fmt: skip
    ok(post(client, "/points/rules", as_(cast.ma), body), 201)
    yield
    ok(post(client, "/points/rules/patrol/end", as_(cast.ma)))


@pytest.fixture
def found(client, db, cast, as_, newcomer):
    """A case that a walker found, as the dispatcher sees it, and the walker's headers."""
    walker = newcomer((Role.GRID_STAFF, GRID), name="网格员小何")
    me = as_(walker)
    plan = {
        "name": "早间巡查", "region_code": GRID, "person_id": str(walker.id),
        "weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "23:59", "stops": [STOP],
    }  # fmt: skip
    ok(post(client, "/patrol-plans", as_(cast.qian), plan), 201)
    with work(db, write=True) as tx:
        jobs.plan_today(tx, {})
    (patrol,) = ok(client.get("/v1/patrols?mine=true", headers=me))["items"]
    ok(post(client, f"/patrols/{patrol['id']}/start", me))
    body = {
        "description": "人行道井盖破损", "photo_ids": [upload(client, me)], "place": INSIDE,
        "category_code": "C0101",
    }  # fmt: skip
    (finding,) = ok(post(client, f"/patrols/{patrol['id']}/findings", me, body), 201)["findings"]
    case = ok(client.get(f"/v1/cases/{finding['case_id']}", headers=as_(cast.qian)))
    return case, me


def closed(client, desk, cast, case, outcome="fixed"):  # noqa: F811
    """Filed by Wang, handled by him, closed by the checker."""
    case = moved(client, desk.wang, case, "file", category_code="C0101")
    case = moved(client, desk.wang, case, "dispatch", assignee_id=str(cast.wang.id))
    case = moved(client, desk.wang, case, "accept")
    photo = upload(client, desk.wang)
    case = moved(client, desk.wang, case, "resolve", photo_ids=[photo], note="已修好")
    return moved(client, desk.sun, case, "close", outcome=outcome)


def awards(client, headers, case):
    items = ok(client.get("/v1/points/awards", headers=headers))["items"]
    return [(a["state"], a["points"]) for a in items if a["source"] == case["number"]]


def balance(client, headers):
    return ok(client.get("/v1/points", headers=headers))["spendable"]


def test_without_a_rule_nothing_is_paid(client, desk, cast, drain, found):  # noqa: F811
    case, me = found
    closed(client, desk, cast, case)
    drain()
    assert awards(client, me, case) == []
    assert balance(client, me) == 0


def test_with_a_rule_the_walker_is_paid_once_it_is_closed(
    client, desk, cast, drain, rule, found  # noqa: F811
):  # fmt: skip
    case, me = found
    assert awards(client, me, case) == []
    closed(client, desk, cast, case)
    drain()
    assert awards(client, me, case) == [("settled", 3)]
    assert balance(client, me) == 3


def test_and_not_for_what_was_no_problem(client, desk, cast, drain, rule, found):  # noqa: F811
    case, me = found
    case = moved(client, desk.wang, case, "verify")
    moved(client, desk.wang, case, "reject", reason_code="not_found", public_note="现场完好")
    drain()
    assert awards(client, me, case) == []
    assert balance(client, me) == 0

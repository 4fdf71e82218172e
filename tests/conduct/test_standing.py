"""Standing: what staff judged opens the fast lane to a person, or asks for a second look."""

from datetime import timedelta

import pytest
from flows.story import move, upload

from app.conduct import rules
from app.kit import clock
from app.kit.db import work
from app.worker import SCHEDULE, Tools, make_handlers

# No hazard: nobody but the trusted has a fast lane for it.
PLAIN = {"category": "litter"}
LITTER = {"category_code": "E0102"}
UNTRUE = {"reason_code": "false_report", "public_note": "现场没有"}


@pytest.fixture
def quick(monkeypatch):
    """Two verified reports are enough here."""
    monkeypatch.setattr(rules, "TRUSTED_VERIFIED", 2)


@pytest.fixture
def standing(client, as_):
    return lambda person: client.get("/v1/me/standing", headers=as_(person)).json()


@pytest.fixture
def rejected(desk, drain):
    def make(person, times: int, reason: str = "false_report") -> None:
        for _ in range(times):
            case = desk.reported(reporter=person)
            desk.moved(case, "reject", **{**UNTRUE, "reason_code": reason})
        drain()

    return make


@pytest.fixture
def renew(app, db):
    """What the schedule asks for, done once."""

    def run() -> None:
        assert "standings.renewed" in SCHEDULE
        handlers = make_handlers(Tools(app.state.db, app.state.bucket, app.state.grids))
        with work(db, write=True) as tx:
            handlers["standings.renewed"](tx, {})

    return run


def levels(found):
    return found["level"], found["verified"], found["false_reports"]


def may_file(case) -> bool:
    return "file" in {offer["move"] for offer in case["moves"]}


class TestTrusted:
    def test_opens_the_fast_lane_for_what_is_no_hazard(
        self, quick, client, desk, drain, newcomer, standing
    ):
        person = newcomer()
        assert levels(standing(person)) == ("new", 0, 0)
        first = desk.reported(reporter=person, **PLAIN)
        assert (first["lane"], may_file(first)) == (None, False)
        desk.moved(desk.moved(first, "verify"), "file", **LITTER)
        drain()
        assert levels(standing(person)) == ("new", 1, 0)
        desk.filed(reporter=person)
        drain()
        assert levels(standing(person)) == ("trusted", 2, 0)
        case = desk.reported(reporter=person, **PLAIN)
        assert (case["lane"], may_file(case)) == ("fast", True)
        assert desk.moved(case, "file", **LITTER)["status"] == "filed"

    def test_not_for_an_anonymous_report(self, quick, desk, drain, newcomer, standing):
        person = newcomer()
        for _ in range(2):
            desk.filed(reporter=person)
        drain()
        assert standing(person)["level"] == "trusted"
        case = desk.reported(reporter=person, anonymous=True, **PLAIN)
        assert (case["lane"], may_file(case)) == (None, False)

    def test_what_is_withdrawn_after_filing_proves_nothing(
        self, quick, client, desk, drain, newcomer, standing
    ):
        person = newcomer()
        desk.filed(reporter=person)
        drain()
        url = f"/v1/reports/{desk.report['id']}/withdraw"
        assert client.post(url, json={}, headers=desk.liu).status_code == 200
        drain()
        assert levels(standing(person)) == ("new", 0, 0)


class TestWatched:
    def test_closes_it_even_for_a_hazard_and_asks_for_a_second_look(
        self, client, desk, rejected, newcomer, standing
    ):
        person = newcomer()
        rejected(person, 2)
        rejected(person, 1, reason="not_found")
        assert levels(standing(person)) == ("new", 0, 2)
        rejected(person, 1)
        assert levels(standing(person)) == ("watched", 0, 3)
        case = desk.reported(reporter=person, anonymous=True)
        assert (case["lane"], case["hazard"], may_file(case)) == ("review", True, False)
        refused = move(client, desk.wang, case, "file", category_code="C0101")
        assert (refused.status_code, refused.json()["code"]) == (409, "fast_lane_closed")
        case = desk.moved(case, "verify")
        assert desk.moved(case, "file", category_code="C0101")["status"] == "filed"

    def test_staff_find_them_by_their_counts(self, client, desk, rejected, newcomer):
        person = newcomer()
        rejected(person, 3)
        found = client.get("/v1/standings", headers=desk.qian).json()["items"]
        mine = next(item for item in found if item["member_no"] == person.member_no)
        assert (mine["name"], mine["false_reports"]) == ("新*", 3)

    def test_ends_by_itself_after_thirty_days(self, rejected, newcomer, standing, renew):
        person = newcomer()
        rejected(person, 3)
        clock.shift(timedelta(days=29, hours=23))
        renew()
        assert standing(person)["level"] == "watched"
        clock.shift(timedelta(hours=1))
        renew()
        assert levels(standing(person)) == ("new", 0, 3)
        clock.shift(timedelta(days=150))
        renew()
        assert levels(standing(person)) == ("new", 0, 0)


def test_who_joined_a_case_is_judged_with_it_and_by_a_case_once(
    client, desk, drain, newcomer, standing, as_
):
    first, second = newcomer(), newcomer()
    case = desk.reported(reporter=first)
    for person in (second, second):
        who = as_(person)
        body = {
            "description": "同一处",
            "photo_ids": [upload(client, who)],
            "joins": case["number"],
        }
        body |= {"place": {"lat": 30.2055, "lng": 105.8405, "crs": "wgs84"}}
        key = {"Idempotency-Key": f"joins-{body['photo_ids'][0]}"}
        assert client.post("/v1/reports", json=body, headers={**who, **key}).status_code == 201
    drain()
    desk.moved(case, "reject", **UNTRUE)
    drain()
    assert [levels(standing(p)) for p in (first, second)] == [("new", 0, 1)] * 2

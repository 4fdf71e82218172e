"""Stories of the grid centre: the rice blast of Tongnan, an illegal building of Dianjiang."""

from datetime import timedelta

import pytest
from cast import DISTRICT, GRID, INSIDE, STREET, VILLAGE, actor
from flows.story import key, moved, report, upload

from app.categories import service as categories
from app.furniture import tools_of
from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.posts import appointments
from app.posts import service as posts
from app.posts.schemas import AppointmentDraft
from app.routing import service as routing
from app.routing.schemas import RoutingRuleDraft, RuleSetDraft
from app.worker import make_handlers


@pytest.fixture
def district(db, cast):
    """The posts of both districts, and categories that know their nets."""
    with work(db, write=True) as tx:
        posts.load_seed(tx)
        categories.load_seed(tx)


def appoint(db, cast, person, post, region, **more):
    with work(db, write=True) as tx:
        today = clock.business_day(clock.now()).isoformat()
        draft = AppointmentDraft(
            person_id=person.id, post_code=post, region_code=region, starts_on=today, **more
        )
        appointments.appoint(tx, actor(cast.sun, Role.ADMINISTRATOR), draft)


def staff(db, name):
    with work(db, write=True) as tx:
        return identity.add_staff(tx, name, "a long and honest password", name)


def the_case(client, headers, number):
    items = client.get("/v1/cases", headers=headers, params={"limit": 100}).json()["items"]
    return next((item for item in items if item["number"] == number), None)


def reported(client, as_, drain, reporter, **more):
    sent = report(client, as_(reporter), INSIDE, **more)
    drain()
    return client.get(f"/v1/reports/{sent['id']}", headers=as_(reporter)).json()["case_number"]


class TestRiceBlast:
    """A farmer tells; the agricultural post of the town is on site within a day."""

    def test_past_the_grid_head_to_the_agronomist(self, client, db, cast, as_, drain, district):
        head, tian = staff(db, "head"), staff(db, "tian")
        appoint(db, cast, head, "grid_head", GRID)
        appoint(db, cast, tian, "agronomist", STREET)
        with work(db, write=True) as tx:
            rule = RoutingRuleDraft(name="农", category_code="E06", post_code="agronomist")
            sun = actor(cast.sun, Role.ADMINISTRATOR)
            routing.publish(tx, sun, RuleSetDraft(region_code=DISTRICT, rules=[rule]))
        number = reported(
            client,
            as_,
            drain,
            cast.chen,
            category="crops",
            description="稻叶上有梭形病斑，一片枯死",
        )
        case = the_case(client, as_(head), number)
        full = client.get(f"/v1/cases/{case['id']}", headers=as_(head)).json()
        assert full["routing"]["rule_name"] == "农"
        assert full["routing"]["post"] == {
            "role": "handler", "post": "agronomist", "region_code": STREET,
        }  # fmt: skip
        told = client.get("/v1/inbox", headers=as_(tian)).json()["items"]
        assert [message["subject"] for message in told] == [number]
        case = moved(client, as_(head), case, "verify")
        case = moved(client, as_(head), case, "file", category_code="E0601")
        case = moved(client, as_(head), case, "dispatch", assignee_id=str(tian.id))
        # Eight working hours for the cure; on site within a day is the clock of making it safe.
        clocks = client.get(f"/v1/cases/{case['id']}/clocks", headers=as_(head)).json()["items"]
        handle = next(c for c in clocks if c["kind"] == "handle")
        assert (handle["mode"], handle["allowed_s"]) == ("working", 8 * 3600)
        case = moved(client, as_(tian), case, "accept")
        photo = upload(client, as_(tian))
        case = moved(client, as_(tian), case, "resolve", photo_ids=[photo], note="已施药")
        case = moved(client, as_(cast.sun), case, "close", outcome="fixed")
        assert case["status"] == "closed"


class TestIllegalBuilding:
    """垫江's way: three levels, returned twice, decided by the level above (分级办理)."""

    def test_up_the_levels(self, client, db, cast, as_, drain, district):
        first, second, third = (staff(db, name) for name in ("first", "second", "third"))
        appoint(db, cast, third, "dj_third_head", GRID)
        appoint(db, cast, second, "dj_second_head", VILLAGE)
        appoint(db, cast, first, "dj_first_head", STREET)
        # The district lets a case be returned twice, no more.
        answer = client.put(
            "/v1/categories/E0101/terms", headers=as_(cast.sun),
            json={"region_code": DISTRICT, "most_returns": 2, "net_code": "building"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        number = reported(client, as_, drain, cast.chen, category="other", description="楼顶搭建")
        case = the_case(client, as_(third), number)
        case = moved(client, as_(third), case, "verify")
        case = moved(client, as_(third), case, "file", category_code="E0101")
        assert case["net_code"] == "building"
        for _ in range(2):
            case = moved(client, as_(third), case, "dispatch", assignee_id=str(third.id))
            case = moved(
                client, as_(third), case, "return", reason_code="not_mine", note="无权拆除"
            )
        case = moved(client, as_(third), case, "dispatch", assignee_id=str(third.id))
        offered = {move["move"] for move in case["moves"]}
        assert "return" not in offered
        assert "escalate" in offered
        case = moved(client, as_(third), case, "escalate", note="退单两次，请社区决定")
        assert (case["level_code"], case["status"]) == (VILLAGE, "filed")
        # The grid still sees it and decides nothing any more.
        assert the_case(client, as_(third), number)["moves"] == []
        case = moved(client, as_(second), case, "escalate", note="请街道决定")
        assert case["level_code"] == STREET
        assert the_case(client, as_(second), number)["moves"] == []
        case = moved(client, as_(first), case, "dispatch", assignee_id=str(first.id))
        case = moved(client, as_(first), case, "accept")
        photo = upload(client, as_(first))
        case = moved(client, as_(first), case, "resolve", photo_ids=[photo], note="已拆除")
        case = moved(client, as_(cast.sun), case, "close", outcome="fixed")
        history = client.get(f"/v1/cases/{case['id']}/events", headers=as_(first)).json()["items"]
        levels = [e["data"].get("level_code") for e in history if e["move"] == "escalate"]
        assert levels == [VILLAGE, STREET]

    def test_going_up_wins_no_time(self, client, db, cast, as_, drain, district):
        head = staff(db, "head")
        appoint(db, cast, head, "community_duty", VILLAGE)
        number = reported(client, as_, drain, cast.chen)
        case = the_case(client, as_(cast.wang), number)
        case = moved(client, as_(cast.wang), case, "file", category_code="C0101")
        case = moved(client, as_(cast.wang), case, "dispatch", assignee_id=str(cast.wang.id))
        due = case["handle_due_at"]
        clock.shift(timedelta(minutes=20))
        case = moved(client, as_(cast.wang), case, "escalate", note="需要吊车")
        case = moved(client, as_(head), case, "dispatch", assignee_id=str(cast.wang.id))
        assert case["handle_due_at"] == due
        clock.shift(timedelta(minutes=1))
        case = moved(client, as_(head), case, "escalate", note="社区也没有")
        case = moved(client, as_(cast.qian), case, "hand_down", region_code=GRID, note="已协调")
        assert case["level_code"] is None
        assert {m["move"] for m in the_case(client, as_(cast.wang), number)["moves"]} >= {
            "dispatch"
        }


def test_a_suspended_case_comes_back_on_its_date(client, db, app, cast, as_, drain):
    number = reported(client, as_, drain, cast.chen)
    case = the_case(client, as_(cast.wang), number)
    case = moved(client, as_(cast.wang), case, "file", category_code="C0101")
    case = moved(client, as_(cast.wang), case, "dispatch", assignee_id=str(cast.wang.id))
    day = clock.business_day(clock.now()) + timedelta(days=2)
    case = moved(client, as_(cast.qian), case, "suspend", review_on=day.isoformat(), note="等配件")
    assert (case["status"], case["review_at"] is not None) == ("suspended", True)
    looked = make_handlers(tools_of(app.state))["cases.reviewed"]
    for shift, status in ((timedelta(days=1), "suspended"), (timedelta(days=2), "dispatched")):
        clock.shift(shift)
        with work(db, write=True) as tx:
            looked(tx, {})
        drain()
        assert the_case(client, as_(cast.qian), number)["status"] == status


@pytest.mark.parametrize("days", [-1, 400])
def test_a_review_date_lies_within_a_year(client, cast, as_, drain, days):
    number = reported(client, as_, drain, cast.chen)
    case = the_case(client, as_(cast.wang), number)
    case = moved(client, as_(cast.wang), case, "file", category_code="C0101")
    case = moved(client, as_(cast.wang), case, "dispatch", assignee_id=str(cast.wang.id))
    day = clock.business_day(clock.now()) + timedelta(days=days)
    answer = client.post(
        f"/v1/cases/{case['id']}/moves",
        json={"move": "suspend", "review_on": day.isoformat(), "note": "等"},
        headers={**as_(cast.qian), **key(), "If-Match": f'"{case["version"]}"'},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (422, "review_date_invalid")

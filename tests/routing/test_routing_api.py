"""Rules and trials over HTTP: who may, what is refused, what is written and what never is."""

from uuid import UUID

import pytest
from cast import DISTRICT, GRID, INSIDE, OTHER_GRID, OUTSIDE, STREET, VILLAGE
from races.together import at_once
from routing.build import NOON, Town, spot
from sqlalchemy import func, select

from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.kit.ids import new_id
from app.kit.outbox import Job
from app.notify.models import Message
from app.posts import service as posts
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions
from app.routing import service
from app.routing.models import RoutingDecision, RoutingRule, RuleSet

URL = "/v1/routing/rules"
OTHER = "500231000000"
HEAD = {"name": "归网格长", "post_code": "grid_head"}
DOCTOR = {"name": "归医生", "post_code": "doctor"}
FULL = {
    "name": "夜间农事", "category_code": "E0601", "net_code": "governance", "region_code": VILLAGE,
    "source": "report", "weekdays": [6, 7], "starts": "22:00", "ends": "06:00",
    "unit_code": "U1",
}  # fmt: skip


@pytest.fixture(scope="module")
def hall(db, client, cast, as_, newcomer):
    """The cast with the seeds of posts, and a district next to it."""
    with work(db, write=True) as tx:
        posts.load_seed(tx)
        import_regions(tx, [RegionDraft(OTHER, "垫江县", "垫江县", 0, "县", None)])
        town = Town(tx, None)
        town.unit("U1")
        town.unit("FAR", OTHER)
    return Hall(client, {
        "wang": as_(cast.wang), "sun": as_(cast.sun),
        "qian": as_(cast.qian), "liu": as_(cast.liu_bo),
        "street": as_(newcomer((Role.ADMINISTRATOR, STREET))),
        "head": as_(newcomer((Role.GRID_HEAD, GRID))),
        "far": as_(newcomer((Role.ADMINISTRATOR, OTHER), (Role.DISPATCHER, OTHER))),
    })  # fmt: skip


class Hall:
    """Requests by name."""

    def __init__(self, client, who):
        self.client, self.who = client, who

    def put(self, *rules, by="sun", region=DISTRICT, **more):
        body = {"region_code": region, "rules": list(rules), **more}
        return self.client.put(URL, json=body, headers=self.who[by])

    def published(self, *rules, **more):
        answer = self.put(*rules, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path="", by="wang", region=DISTRICT):
        return self.client.get(f"{URL}{path}", params={"region": region}, headers=self.who[by])

    def trial(self, by="qian", **body):
        return self.client.post("/v1/routing/trial", json=body, headers=self.who[by])


def code(answer):
    return answer.status_code, answer.json()["code"]


class TestPublish:
    def test_the_next_version_as_a_whole(self, hall, db, cast):
        before = hall.published(HEAD, note="第一稿")
        after = hall.published(FULL, DOCTOR)
        assert after["version"] == before["version"] + 1
        assert (after["region_code"], after["note"]) == (DISTRICT, None)
        assert after["published_by"] == cast.sun.name
        first = after["rules"][0]
        assert first == {**FULL, "position": 1, "post_code": None}
        assert [rule["position"] for rule in after["rules"]] == [1, 2]
        assert hall.get().json() == after
        # What was published before stands as it was.
        assert hall.get(f"/{before['version']}").json() == before
        with work(db, write=False) as tx:
            done = tx.scalars(select(StaffAction).filter_by(action="rules.published")).all()[-1]
            assert (done.object_id, done.detail) == (DISTRICT, {"version": after["version"]})

    def test_no_rules_at_all(self, hall):
        assert hall.published()["rules"] == []
        assert hall.get().json()["rules"] == []

    def test_findings(self, hall):
        found = hall.published(DOCTOR, {**DOCTOR, "unit_code": "U1", "post_code": None})["findings"]
        assert [(f["position"], f["kind"]) for f in found] == [
            (1, "points_at_nobody"), (2, "points_at_nobody"),
        ]  # fmt: skip

    def test_a_rule_that_is_never_reached(self, hall, db):
        with work(db, write=True) as tx:
            Town(tx, None).appoint("legal_adviser", DISTRICT)
        lawyer = {"name": "归法律顾问", "post_code": "legal_adviser"}
        found = hall.published(lawyer, {**lawyer, "category_code": "E0601"})["findings"]
        assert [(f["position"], f["kind"], f["by"]) for f in found] == [(2, "never_reached", 1)]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("category_code", "X9999"), ("net_code", "nonet"), ("region_code", "nowhere"),
            ("region_code", OTHER), ("post_code", "nopost"), ("unit_code", "NOUNIT"),
            ("unit_code", "FAR"),
        ],
    )  # fmt: skip
    def test_unknown_codes_are_named_and_nothing_is_published(self, hall, db, field, value):
        bad = {**HEAD, field: value}
        if field == "unit_code":
            del bad["post_code"]
        with work(db, write=False) as tx:
            before = tx.scalar(select(func.count()).select_from(RuleSet))
        answer = hall.put(HEAD, bad)
        assert code(answer) == (422, "rules_invalid")
        assert [e["loc"] for e in answer.json()["errors"]] == [["body", "rules", 1, field]]
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count()).select_from(RuleSet)) == before

    @pytest.mark.parametrize(
        "bad",
        [
            {"post_code": None}, {"unit_code": "U1"}, {"starts": "08:00"}, {"ends": "08:00"},
            {"weekdays": [1, 1]}, {"weekdays": [0]}, {"weekdays": [True]}, {"source": "phone"},
            {"starts": "24:00", "ends": "08:00"}, {"starts": "8:00", "ends": "09:00"},
            {"name": ""}, {"position": 3},
        ],
    )  # fmt: skip
    def test_a_rule_that_is_none(self, hall, bad):
        assert code(hall.put({**HEAD, **bad})) == (422, "unprocessable")

    def test_for_districts_only(self, hall):
        answer = hall.put(HEAD, region=STREET)
        assert code(answer) == (422, "rules_invalid")
        assert answer.json()["errors"][0]["loc"] == ["body", "region_code"]

    def test_by_its_administrators_only(self, hall):
        assert code(hall.put(HEAD, by="qian")) == (403, "role_missing")
        assert code(hall.put(HEAD, by="street")) == (403, "outside_subtree")
        assert code(hall.put(HEAD, by="far")) == (404, "region_not_found")
        assert code(hall.put(HEAD, region="nowhere")) == (404, "region_not_found")

    def test_several_at_once_are_versions_without_a_gap(self, hall, db):
        before = hall.published(HEAD)["version"]
        answers = at_once([lambda: hall.put(HEAD, DOCTOR) for _ in range(4)])
        versions = sorted(answer.json()["version"] for answer in answers)
        assert versions == list(range(before + 1, before + 5))
        with work(db, write=False) as tx:
            query = select(func.count()).select_from(RoutingRule)
            assert tx.scalar(query.where(RoutingRule.version > before)) == 8


class TestRead:
    def test_before_the_first_version(self, hall):
        answer = hall.get(by="far", region=OTHER).json()
        assert (answer["version"], answer["rules"], answer["published_at"]) == (0, [], None)

    def test_any_region_of_the_district(self, hall):
        hall.published(HEAD)
        assert hall.get(region=GRID).json() == hall.get().json()

    def test_a_version_that_is_not_there(self, hall):
        assert code(hall.get("/999")) == (404, "rule_set_not_found")

    def test_staff_of_the_district_only(self, hall):
        assert code(hall.get(by="liu")) == (403, "staff_only")
        assert code(hall.get(by="far")) == (404, "region_not_found")
        assert code(hall.get(region="nowhere")) == (404, "region_not_found")


class TestTrial:
    def test_who_would_get_it_and_why(self, hall, cast):
        hall.published()
        answer = hall.trial(place=INSIDE).json()
        assert (answer["region_code"], answer["grid_code"]) == (GRID, GRID)
        assert answer["people"][0] == {"id": str(cast.wang.id), "name": cast.wang.name}
        assert answer["explained"]["rule"] == "grid"
        assert answer["explained"]["steps"][-1]["rung"] == "role"

    def test_is_what_a_decision_would_be(self, hall, db, app):
        hall.published(HEAD)
        answer = hall.trial(place=INSIDE, category_code="E0601", at=NOON.isoformat()).json()
        with work(db, write=True) as tx:
            decision = service.decide(tx, app.state.grids, spot(category_code="E0601"), NOON)
        assert answer["explained"] == decision.explained
        assert [p["id"] for p in answer["people"]] == [str(i) for i in decision.person_ids]

    def test_gcj02_is_converted(self, hall):
        assert hall.trial(place={**INSIDE, "crs": "gcj02"}).json()["grid_code"] != GRID

    def test_rules_that_are_not_published(self, hall, db):
        hall.published()
        with work(db, write=True) as tx:
            Town(tx, None).appoint("police", VILLAGE)
        police = {"name": "归民警", "post_code": "police", "weekdays": [3]}
        answer = hall.trial(place=INSIDE, rules=[police], at=NOON.isoformat()).json()
        assert (answer["post_code"], answer["explained"]["rule_version"]) == ("police", 0)
        assert hall.trial(place=INSIDE, at=NOON.isoformat()).json()["post_code"] != "police"
        answer = hall.trial(place=INSIDE, rules=[{**police, "post_code": "nopost"}])
        assert code(answer) == (422, "rules_invalid")

    def test_nothing_is_written(self, hall, db):
        hall.published(DOCTOR)
        with work(db, write=False) as tx:
            before = {t: tx.scalar(select(func.count()).select_from(t)) for t in (Job, RuleSet)}
        why = hall.trial(place=INSIDE).json()["explained"]
        assert why["empty_rules"][0]["position"] == 1
        with work(db, write=False) as tx:
            after = {t: tx.scalar(select(func.count()).select_from(t)) for t in before}
        assert after == before

    def test_by_the_roles_that_may(self, hall):
        assert code(hall.trial(by="wang", place=INSIDE)) == (403, "role_missing")
        for name in ("sun", "qian", "street", "head"):
            assert hall.trial(by=name, place=INSIDE).status_code == 200

    def test_in_their_regions_only(self, hall):
        assert code(hall.trial(by="far", place=INSIDE)) == (403, "outside_subtree")
        assert code(hall.trial(by="head", region_code=OTHER_GRID)) == (403, "outside_subtree")
        # Outside every grid it would be the district's.
        assert code(hall.trial(by="head", place=OUTSIDE)) == (403, "outside_subtree")
        assert hall.trial(by="qian", place=OUTSIDE).status_code == 200

    def test_what_does_not_exist(self, hall):
        assert code(hall.trial(region_code="nowhere")) == (404, "region_not_found")
        assert code(hall.trial(place=INSIDE, category_code="X9")) == (422, "category_unknown")
        assert code(hall.trial(category_code="E0601")) == (422, "unprocessable")


class TestEmptyRule:
    def test_each_administrator_is_told_once(self, hall, db, app, cast, drain):
        drain()
        version = hall.published({**DOCTOR, "source": "patrol"})["version"]
        with work(db, write=True) as tx:
            for _ in range(2):
                service.decide(tx, app.state.grids, spot(source="patrol"), NOON)
        drain()
        with work(db, write=True) as tx:
            service.decide(tx, app.state.grids, spot(source="patrol"), NOON)
        drain()
        inbox = hall.client.get("/v1/inbox", headers=hall.who["sun"]).json()["items"]
        told = [m for m in inbox if m["subject"] == f"{DISTRICT}/{version}/1"]
        assert len(told) == 1
        assert "归医生" in told[0]["text"]
        assert f"第 {version} 版" in told[0]["text"]
        with work(db, write=False) as tx:
            people = set(tx.scalars(select(Message.person_id).filter_by(kind="rule.found_empty")))
        assert people == {cast.sun.id}


def test_a_decision_is_stored_with_its_case(db, app, desk):
    case = desk.reported()
    with work(db, write=True) as tx:
        decision = service.decide(tx, app.state.grids, spot(), NOON)
        service.record(tx, UUID(case["id"]), "corrected", decision)
    with work(db, write=False) as tx:
        rows = tx.scalars(select(RoutingDecision).filter_by(reason="corrected")).all()
    assert [row.explained for row in rows] == [decision.explained]
    assert rows[0].id < new_id()

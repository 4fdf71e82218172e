"""Why a case went where it went, whom routing proposes now, and the words it was filed under."""

from uuid import UUID

import pytest
from cases.case_build import code, events, make_member, make_unit
from cast import DISTRICT, GRID, INSIDE_OTHER, OTHER_GRID, STREET, VILLAGE
from flows.story import moved
from routing.build import Town, spot
from sqlalchemy import func, select

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.kit.outbox import Job
from app.posts import service as posts
from app.routing import service
from app.routing.schemas import MOST_TOLD, Decision

LITTER = {"category": "litter"}
HEAP = "E0102"


def routing(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/routing", headers=headers)


def assignees(client, desk, case):
    answer = client.get(f"/v1/cases/{case['id']}/assignees", headers=desk.qian)
    assert answer.status_code == 200, answer.text
    return answer.json()


def proposed(client, desk, case):
    return [one["id"] for one in assignees(client, desk, case)["items"] if one["proposed"]]


def ids(*people):
    return [str(person.id) for person in people]


def jobs(db):
    with work(db, write=False) as tx:
        return tx.scalar(select(func.count()).select_from(Job).where(Job.kind.like("rule.%")))


@pytest.fixture(scope="module")
def rules(client, desk, db):
    """Publishes the district's only rules."""
    with work(db, write=True) as tx:
        posts.load_seed(tx)

    def publish(*listed):
        body = {
            "region_code": DISTRICT,
            "rules": [{"name": f"规则{n}", **rule} for n, rule in enumerate(listed, start=1)],
        }
        answer = client.put("/v1/routing/rules", json=body, headers=desk.sun)
        assert answer.status_code == 200, answer.text
        return answer.json()["version"]

    return publish


@pytest.fixture
def unit(db, newcomer, rules):
    """A unit with three people, to which litter goes."""
    people = [make_member(newcomer, name) for name in ("甲", "乙", "丙")]
    name = make_unit(db)
    with work(db, write=True) as tx:
        for person in people:
            # No step of the ladder, so that the next test's ladder finds the grid's own people.
            Town(tx, None).appoint("doctor", STREET, person=person, unit_code=name)
    rules({"category_code": HEAP, "unit_code": name})
    return name, *people


class TestDecisions:
    def test_all_of_them_the_oldest_first(self, client, desk, app, db, rules):
        version = rules({"category_code": "E0601", "post_code": "grid_head"})
        case = desk.reported()
        moved(client, desk.wang, case, "correct", note="在隔壁", place=INSIDE_OTHER)
        with work(db, write=True) as tx:
            again = service.decide(tx, app.state.grids, spot(INSIDE_OTHER))
            service.record(tx, UUID(case["id"]), "filed", again)
        answer = routing(client, desk.zhao, case)
        assert answer.status_code == 200, answer.text
        opened, corrected, filed = answer.json()["items"]
        reasons = (opened["reason"], corrected["reason"], filed["reason"])
        assert reasons == ("opened", "corrected", "filed")
        assert (opened["region_code"], opened["grid"], opened["rule"]) == (GRID, GRID, "grid")
        assert (corrected["region_code"], corrected["grid"]) == (OTHER_GRID, OTHER_GRID)
        assert opened["border_m"] == pytest.approx(48.1, abs=0.3)
        assert opened["candidates"] == [{"code": GRID, "distance_m": 0.0}]
        assert (opened["rule_version"], opened["position"], opened["rule_name"]) == (
            version, None, None,
        )  # fmt: skip
        assert [step["rung"] for step in opened["steps"]] == [1, 2, 3, 4, 5, "role"]
        assert opened["steps"][-1] == {
            "rung": "role", "position": None, "post": "grid_staff", "unit": None,
            "region_code": GRID, "held": 1, "on_duty": 1,
        }  # fmt: skip
        assert (opened["people"], opened["nobody"]) == (1, False)
        assert opened["category_code"] == "C0101"
        assert opened["post"] == {"post": None, "role": "grid_staff", "region_code": GRID}
        assert opened["at"] <= corrected["at"] <= filed["at"]

    def test_the_rule_and_the_unit_that_it_named(self, client, desk, unit, cast):
        case = desk.reported(**LITTER)
        answer = routing(client, desk.qian, case)
        (opened,) = answer.json()["items"]
        assert (opened["position"], opened["rule_name"], opened["unit"]) == (1, "规则1", unit[0])
        assert (opened["steps"][0]["rung"], opened["steps"][0]["held"]) == ("rule", 3)
        # Counts of people and no names.
        assert not any(name in answer.text for name in ("甲", str(unit[1].id)))

    def test_a_rule_that_points_at_nobody_is_named(self, client, desk, db, rules):
        rules({"category_code": HEAP, "unit_code": make_unit(db)})
        (opened,) = routing(client, desk.qian, desk.reported(**LITTER)).json()["items"]
        (empty,) = opened["empty_rules"]
        assert (empty["position"], empty["name"], empty["post"]) == (1, "规则1", None)

    def test_without_a_place(self, client, desk):
        case = desk.reported(None, address="东门", region_code=VILLAGE)
        (opened,) = routing(client, desk.qian, case).json()["items"]
        assert (opened["rule"], opened["grid"], opened["border_m"]) == ("chosen_region", None, None)

    def test_its_reporter_403_and_staff_elsewhere_404(self, client, desk):
        case = desk.reported()
        assert code(routing(client, desk.liu, case)) == (403, "staff_only")
        assert code(routing(client, desk.zhao, case)) == (404, "case_not_found")
        assert code(routing(client, desk.qian, {"id": new_id()})) == (404, "case_not_found")


class TestProposed:
    def test_by_its_role_where_nobody_has_a_post(self, client, desk, cast):
        found = assignees(client, desk, desk.filed())
        assert found["unit_code"] is None
        assert found["items"][0]["id"] == str(cast.wang.id)
        marked = [(one["id"], one["proposed"]) for one in found["items"]]
        assert (str(cast.wang.id), True) in marked
        assert (str(cast.qian.id), False) in marked

    def test_a_units_people_stand_before_the_nearest_post(self, client, desk, cast, unit):
        name, *people = unit
        case = desk.verifying(**LITTER)
        # By what the reporter chose, then by what it was filed under.
        assert len(proposed(client, desk, case)) == 3
        case = desk.moved(case, "file", category_code=HEAP)
        found = assignees(client, desk, case)
        assert found["unit_code"] == name
        first = found["items"][:3]
        assert {one["id"] for one in first} == set(ids(*people))
        assert [one["proposed"] for one in found["items"]] == [True] * 3 + [False] * (
            len(found["items"]) - 3
        )
        assert found["items"][3]["id"] == str(cast.wang.id)
        # What is proposed can be given to: the unit, and each of them.
        assert desk.moved(case, "dispatch", unit_code=name)["unit_code"] == name

    def test_whoever_is_on_leave_now_is_not(self, client, desk, db, unit):
        case = desk.moved(desk.verifying(**LITTER), "file", category_code=HEAP)
        with work(db, write=True) as tx:
            Town(tx, None).leave(unit[2], at=clock.now())
        assert set(proposed(client, desk, case)) == set(ids(unit[1], unit[3]))

    def test_by_the_category_it_was_filed_under(self, client, desk, cast, unit):
        case = desk.moved(desk.verifying(**LITTER), "file", category_code="C0101")
        assert proposed(client, desk, case) == ids(cast.wang)

    def test_at_the_level_that_has_it(self, client, desk, cast, newcomer):
        """By the terms the village's; handed down the grid's, handed up the village's."""
        head = newcomer((Role.GRID_HEAD, VILLAGE))
        terms = {"region_code": DISTRICT, "level": 2}
        url = "/v1/categories/C0106/terms"
        assert client.put(url, json=terms, headers=desk.sun).status_code == 200
        case = desk.moved(desk.reported(), "file", category_code="C0106")
        assert case["level_code"] == VILLAGE
        assert proposed(client, desk, case) == ids(head)
        case = moved(client, desk.qian, case, "hand_down", region_code=GRID, note="就近处理")
        assert proposed(client, desk, case) == ids(cast.wang)
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        case = desk.moved(case, "escalate", note="需要上级协调")
        assert proposed(client, desk, case) == ids(head)

    def test_asking_writes_nothing(self, client, desk, db, rules):
        """A rule that points at nobody is reported when a case is routed, not at each look."""
        case = desk.filed()
        rules({"unit_code": make_unit(db)})
        before = jobs(db)
        assert proposed(client, desk, case)
        assert jobs(db) == before


class TestTold:
    def told(self, client, as_, person):
        items = client.get("/v1/inbox", headers=as_(person)).json()["items"]
        return [one["subject"] for one in items if one["kind"] == "case.given"]

    def test_everyone_of_a_unit_who_is_on_duty(self, client, desk, db, as_, unit):
        with work(db, write=True) as tx:
            Town(tx, None).leave(unit[3], at=clock.now())
        number = desk.reported(**LITTER)["number"]
        told = [self.told(client, as_, person) for person in unit[1:]]
        assert told == [[number], [number], []]

    def test_of_a_post_the_first_alone(self, client, desk, db, as_, rules):
        rules({"category_code": HEAP, "post_code": "doctor"})
        with work(db, write=True) as tx:
            people = [Town(tx, None).appoint("doctor", VILLAGE) for _ in "12"]
        number = desk.reported(**LITTER)["number"]
        assert sorted(self.told(client, as_, person) for person in people) == [[], [number]]

    def test_by_a_correction_too(self, client, desk, as_, unit):
        case = desk.filed()
        moved(client, desk.wang, case, "correct", note="是垃圾", category_code=HEAP)
        for person in unit[1:]:
            assert self.told(client, as_, person) == [f"{case['number']}/2"]

    def test_at_most_twenty(self):
        people = tuple(new_id() for _ in range(MOST_TOLD + 5))
        facts = {
            "region_code": GRID, "path": f"/{GRID}/", "grid_code": GRID, "net_code": None,
            "level_code": None, "post_code": None, "explained": {}, "person_ids": people,
        }  # fmt: skip
        assert Decision(unit_code="U", **facts).told == people[:20]
        assert Decision(unit_code=None, **facts).told == people[:1]


class TestFilingCondition:
    def held(self, client, desk, case):
        moves = [e for e in events(client, desk.wang, case) if e["move"] == "file"]
        return moves[-1]["data"]["filing_condition"]

    def test_the_history_keeps_the_words_that_held(self, client, desk):
        before = desk.moved(desk.reported(), "file", category_code="C0105")
        words = self.held(client, desk, before)
        listed = client.get("/v1/categories").json()["categories"]
        (own,) = [one for one in listed if one["code"] == "C0105"]
        assert words == own["filing_condition"] != ""
        terms = {"region_code": DISTRICT, "filing_condition": "破损且在本区"}
        url = "/v1/categories/C0105/terms"
        assert client.put(url, json=terms, headers=desk.sun).status_code == 200
        after = desk.moved(desk.reported(), "file", category_code="C0105")
        assert self.held(client, desk, after) == "破损且在本区"
        assert self.held(client, desk, before) == words

"""Filed (立案) as something else than it was routed by: the rules are asked once more."""

import pytest
from cases.case_build import events, get, listed, offered
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, STREET, VILLAGE, actor
from flows.story import key, moved
from ledger.build import broken
from posts.build import Office
from shapely import box
from sqlalchemy import select

from app.cases import rerouting
from app.cases.models import Case
from app.categories import service as categories
from app.grids import service as grids
from app.grids.imports import GridDraft
from app.identity.models import Role
from app.kit.db import work
from app.notify.models import Message
from app.posts import service as posts
from app.routing import service as routing
from app.routing.models import RoutingDecision
from app.routing.schemas import RoutingRuleDraft, RuleSetDraft


@pytest.fixture(autouse=True)
def _whole(db):
    yield
    assert broken(db) == []


@pytest.fixture(scope="module")
def hall(client, db, cast, as_, newcomer):
    """Posts in force: an agronomist of the town, a police officer of the village; and rules."""
    with work(db, write=True) as tx:
        posts.load_seed(tx)
        categories.load_seed(tx)
    office = Office(client, cast, as_, newcomer)
    people = {"agronomist": newcomer(name="田农技"), "police": newcomer(name="驻格民警")}
    office.appointed(people["agronomist"], "agronomist", STREET)
    office.appointed(people["police"], "police", VILLAGE)
    rules = [
        RoutingRuleDraft(name="农", category_code="E06", post_code="agronomist"),
        RoutingRuleDraft(name="治", net_code="governance", post_code="police"),
    ]
    with work(db, write=True) as tx:
        sun = actor(cast.sun, Role.ADMINISTRATOR)
        routing.publish(tx, sun, RuleSetDraft(region_code=DISTRICT, rules=rules))
    return people


def decisions(db, case):
    query = select(RoutingDecision).where(RoutingDecision.case_id == case["id"])
    with work(db, write=False) as tx:
        return tx.scalars(query.order_by(RoutingDecision.created_at, RoutingDecision.id)).all()


def given(db, case, person):
    """What somebody was told of the case as one of theirs."""
    query = select(Message.subject).where(
        Message.person_id == person.id, Message.kind == "case.given",
        Message.subject.startswith(case["number"]),
    )  # fmt: skip
    with work(db, write=False) as tx:
        return tx.scalars(query.order_by(Message.created_at)).all()


def looked_at(client, desk, **how):
    return desk.moved(desk.reported(**how), "verify")


class TestOtherCategory:
    def test_the_rice_blast_reaches_the_agronomist(self, client, db, desk, hall):
        case = looked_at(client, desk, category="other", description="稻叶上有梭形病斑")
        assert given(db, case, hall["agronomist"]) == []
        case = desk.moved(case, "file", category_code="E0601")
        why = get(client, desk.wang, case).json()["routing"]
        assert (why["rule_name"], why["post"]["post"]) == ("农", "agronomist")
        assert why["post"]["region_code"] == STREET
        assert given(db, case, hall["agronomist"]) == [f"{case['number']}/3"]
        opened, filed = decisions(db, case)
        assert (opened.reason, filed.reason, filed.explained) == ("opened", "filed", why)
        assert (opened.explained["category_code"], why["category_code"]) == ("E0507", "E0601")

    def test_the_history_tells_what_was_expected(self, client, desk, hall):
        case = looked_at(client, desk, category="manhole")
        case = desk.moved(case, "file", category_code="E0601")
        data = events(client, desk.wang, case)[-1]["data"]
        assert (data["expected"], data["category_code"]) == ("C0101", "E0601")
        assert data["region_code"] == GRID

    def test_a_rule_of_another_net(self, client, db, desk, hall):
        case = looked_at(client, desk, category="manhole")
        assert case["net_code"] == "city"
        case = desk.moved(case, "file", category_code="C0501")
        why = get(client, desk.wang, case).json()["routing"]
        assert (case["net_code"], why["net_code"], why["rule_name"]) == (
            "governance", "governance", "治",
        )  # fmt: skip
        assert given(db, case, hall["police"]) == [f"{case['number']}/3"]

    def test_the_level_of_the_filed_category(self, client, db, desk, cast, as_, hall):
        terms = {"region_code": DISTRICT, "level": 1}
        put = client.put("/v1/categories/E0105/terms", json=terms, headers=as_(cast.sun))
        assert put.status_code == 200, put.text
        case = desk.moved(looked_at(client, desk), "file", category_code="E0105")
        assert case["level_code"] == STREET == decisions(db, case)[-1].explained["level_code"]

    def test_the_same_post_is_not_told_twice(self, client, db, desk, cast, hall):
        case = looked_at(client, desk, category="manhole")
        case = desk.moved(case, "file", category_code="C0102")
        assert [row.reason for row in decisions(db, case)] == ["opened", "filed"]
        assert given(db, case, cast.wang) == [case["number"]]

    def test_it_does_not_use_up_the_correction(self, client, db, desk, hall):
        case = looked_at(client, desk, category="manhole")
        case = desk.moved(case, "file", category_code="E0102")
        assert "correct" in offered(client, desk.wang, case)
        case = desk.moved(case, "correct", category_code="E0601", note="是稻瘟")
        reasons = [row.reason for row in decisions(db, case)]
        assert reasons == ["opened", "filed", "corrected"]
        assert get(client, desk.wang, case).json()["routing"]["rule_name"] == "农"

    def test_a_part_that_was_split_off(self, client, db, desk, hall):
        case = looked_at(client, desk)
        url = f"/v1/cases/{case['id']}/children"
        body = {"description": "田里也有病斑", "category_code": "C0101"}
        made = client.post(url, json=body, headers={**desk.wang, **key()}).json()
        part = desk.moved(get(client, desk.wang, made).json(), "verify")
        part = desk.moved(part, "file", category_code="E0601")
        assert given(db, part, hall["agronomist"]) == [f"{part['number']}/3"]
        assert decisions(db, part)[-1].reason == "filed"


class TestSameCategory:
    @pytest.mark.parametrize("lane", ["fast", "slow"])
    def test_one_decision_is_stored(self, client, db, desk, hall, lane):
        case = desk.reported() if lane == "fast" else looked_at(client, desk)
        case = desk.moved(case, "file", category_code="C0101")
        (only,) = decisions(db, case)
        assert (only.reason, only.explained) == (
            "opened", get(client, desk.wang, case).json()["routing"],
        )  # fmt: skip
        assert "expected" not in events(client, desk.wang, case)[-1]["data"]

    def test_corrected_before_it_was_filed(self, client, db, desk, hall):
        """The correction was routed already: filing under its category says nothing new."""
        case = desk.moved(desk.reported(), "correct", category_code="E0601", note="是稻瘟")
        assert given(db, case, hall["agronomist"]) == [f"{case['number']}/2"]
        case = desk.moved(desk.moved(case, "verify"), "file", category_code="E0601")
        assert [row.reason for row in decisions(db, case)] == ["opened", "corrected"]

    def test_a_corrected_place_keeps_what_was_expected(self, client, db, desk, hall):
        case = desk.reported(category="crops")
        case = desk.moved(case, "correct", place=INSIDE_OTHER, note="在隔壁")
        assert decisions(db, case)[-1].explained["rule_name"] == "农"
        case = moved(client, desk.zhao, moved(client, desk.zhao, case, "verify"), "file",
                     category_code="E0601")  # fmt: skip
        assert [row.reason for row in decisions(db, case)] == ["opened", "corrected"]

    def test_to_find_that_out_costs_no_statement(self):
        """There is no transaction that could be asked."""
        case = Case(category_code="C0101", routing={"category_code": "C0101"})
        assert rerouting.file(None, None, case, f"/{DISTRICT}/") == {}

    def test_a_case_that_was_routed_before_this_was_written_down_stays(self):
        case = Case(category_code="C0101", routing={"rule": "grid"})
        assert rerouting.file(None, None, case, f"/{DISTRICT}/") == {}


@pytest.fixture
def swapped(db):
    """Swaps the names of the two grids on the map, and back again."""

    def squares(west, east):
        sides = {west: (105.8400, 105.8410), east: (105.8410, 105.8420)}
        drafts = [
            GridDraft(
                code=code, name=code, level=3, parent=VILLAGE, net=n, town=STREET,
                shape=box(left, 30.2050, right, 30.2060),
            )
            for n, (code, (left, right)) in enumerate(sides.items(), start=1)
        ]  # fmt: skip
        with work(db, write=True) as tx:
            grids.import_grids(tx, drafts)

    yield lambda: squares(OTHER_GRID, GRID)
    squares(GRID, OTHER_GRID)


class TestMap:
    def test_a_case_goes_where_the_map_says_now(self, client, db, desk, hall, swapped):
        case = looked_at(client, desk, place=INSIDE)
        assert case["region_code"] == GRID
        swapped()
        case = desk.moved(case, "file", category_code="C0102")
        assert (case["region_code"], case["grid_code"]) == (OTHER_GRID, OTHER_GRID)
        assert get(client, desk.wang, case).status_code == 404
        assert case["id"] in listed(client, desk.zhao, region=OTHER_GRID)
        mine = client.get(f"/v1/reports/{desk.report['id']}", headers=desk.liu).json()
        assert mine["grid_code"] == OTHER_GRID

    def test_filed_as_expected_it_stays(self, client, db, desk, hall, swapped):
        case = looked_at(client, desk, place=INSIDE)
        swapped()
        assert desk.moved(case, "file", category_code="C0101")["region_code"] == GRID
        assert len(decisions(db, case)) == 1

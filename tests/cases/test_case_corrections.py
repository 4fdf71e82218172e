"""A correction (更正) of category, place or region: routed once more, everything follows."""

import pytest
from cases.case_build import clocks, code, events, get, listed, offered, stored, wrong_fields
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, OUTSIDE, VILLAGE
from flows.story import move, moved
from ledger.build import broken
from sqlalchemy import select

from app.cases.models import CaseScope, CaseText
from app.kit.db import work
from app.routing.models import RoutingDecision

ON = [DISTRICT, "500152001000", VILLAGE]


@pytest.fixture(autouse=True)
def _whole(db):
    """Whatever was corrected, the audit finds nothing."""
    yield
    assert broken(db) == []


def correct(client, headers, case, **fields):
    return move(client, headers, case, "correct", note="现场看过", **fields)


def decisions(db, case):
    query = select(RoutingDecision).where(RoutingDecision.case_id == case["id"])
    with work(db, write=False) as tx:
        return tx.scalars(query.order_by(RoutingDecision.created_at)).all()


def scopes(db, case):
    query = select(CaseScope.region_code, CaseScope.status)
    with work(db, write=False) as tx:
        rows = tx.execute(query.where(CaseScope.case_id == case["id"])).all()
    assert {status for _, status in rows} == {stored(db, case).status}
    return {region for region, _ in rows}


class TestPlace:
    @pytest.mark.parametrize("status", ["reported", "verifying", "filed"])
    def test_into_the_other_grid(self, client, db, desk, status):
        case = getattr(desk, status)()
        answer = correct(client, desk.wang, case, place=INSIDE_OTHER)
        assert answer.status_code == 200, answer.text
        after = answer.json()
        assert (after["region_code"], after["grid_code"], after["status"]) == (
            OTHER_GRID, OTHER_GRID, status,
        )  # fmt: skip
        assert after["place"] == {"lat": INSIDE_OTHER["lat"], "lng": INSIDE_OTHER["lng"]}
        assert after["version"] == case["version"] + 1
        # Whoever corrected it has lost sight of it; the neighbours have it now.
        assert get(client, desk.wang, case).status_code == 404
        assert get(client, desk.zhao, case).status_code == 200
        assert scopes(db, case) == {*ON, OTHER_GRID}

    def test_queue_and_search_follow(self, client, desk):
        case = desk.reported(description="河堤护栏断裂")
        before = {"wang": True, "zhao": False, "qian": True}
        for turn in (before, {"wang": False, "zhao": True, "qian": True}):
            for who, sees in turn.items():
                headers = getattr(desk, who)
                assert (case["id"] in listed(client, headers)) is sees, who
                assert (case["id"] in listed(client, headers, q="护栏断裂")) is sees, who
                assert (case["id"] in listed(client, headers, q=case["number"])) is sees, who
            if turn is before:
                moved(client, desk.wang, case, "correct", note="在隔壁", place=INSIDE_OTHER)
        assert case["id"] in listed(client, desk.qian, region=OTHER_GRID)
        assert case["id"] not in listed(client, desk.qian, region=GRID)

    def test_one_text_and_one_scope_a_region_are_left(self, client, db, desk):
        case = desk.reported()
        moved(client, desk.wang, case, "correct", note="在隔壁", place=INSIDE_OTHER)
        with work(db, write=False) as tx:
            texts = tx.scalars(select(CaseText.words).where(CaseText.case_id == case["id"])).all()
        (words,) = texts
        assert f"r{OTHER_GRID}" in words.split()
        assert f"r{GRID}" not in words.split()

    def test_the_system_of_coordinates_counts(self, client, db, desk):
        case = desk.reported()
        after = correct(client, desk.wang, case, place={**INSIDE, "crs": "gcj02"}).json()
        assert after["grid_code"] != GRID
        assert after["place"]["lng"] != INSIDE["lng"]

    def test_outside_every_grid_it_stays_where_it_was(self, client, desk):
        case = desk.reported()
        after = correct(client, desk.wang, case, place=OUTSIDE).json()
        assert (after["region_code"], after["grid_code"]) == (GRID, None)
        assert after["place"] == {"lat": OUTSIDE["lat"], "lng": OUTSIDE["lng"]}

    def test_the_reporter_s_own_place_stays_as_it_was_sent(self, client, desk):
        case = desk.reported()
        correct(client, desk.wang, case, place=INSIDE_OTHER)
        mine = client.get(f"/v1/reports/{desk.report['id']}", headers=desk.liu).json()
        assert mine["place"]["lng"] == INSIDE["lng"]


class TestRegion:
    def test_to_a_region_without_a_place(self, client, db, desk):
        case = desk.reported()
        after = correct(client, desk.wang, case, region_code=VILLAGE).json()
        assert (after["region_code"], after["grid_code"], after["place"]) == (VILLAGE, None, None)
        assert scopes(db, case) == set(ON)
        assert stored(db, case).cell is None

    def test_that_does_not_exist(self, client, desk):
        case = desk.reported()
        answer = correct(client, desk.wang, case, region_code="nowhere")
        assert code(answer) == (404, "region_not_found")
        assert get(client, desk.wang, case).json()["version"] == 1


class TestCategory:
    def test_before_filing_it_is_only_what_is_expected(self, client, desk):
        case = desk.reported(category="litter")
        after = correct(client, desk.wang, case, category_code="C0101").json()
        assert (after["category_code"], after["hazard"]) == (None, True)
        # A hazard may be filed at once.
        assert "file" in offered(client, desk.wang, case)

    def test_and_no_hazard_after_all(self, client, desk):
        case = desk.reported(category="manhole")
        after = correct(client, desk.wang, case, category_code="E0102").json()
        assert after["hazard"] is False
        refused = move(client, desk.wang, after, "file", category_code="E0102")
        assert code(refused) == (409, "fast_lane_closed")

    def test_after_filing_it_is_the_category(self, client, db, desk, cast):
        case = desk.filed()
        before = [(row.kind, row.due_at) for row in clocks(db, case)]
        after = correct(client, desk.wang, case, category_code="E0102").json()
        assert (after["category_code"], after["hazard"]) == ("E0102", False)
        assert [(row.kind, row.due_at) for row in clocks(db, case)] == before
        # The clocks that start from now on are those of the right category.
        sent = desk.moved(after, "dispatch", assignee_id=str(cast.wang.id))
        assert get(client, desk.wang, sent).json()["clock_rule"]["category"] == "E0102"

    @pytest.mark.parametrize("category", ["C01", "nothing", "manhole"])
    def test_that_cases_are_not_filed_under(self, client, desk, category):
        case = desk.filed()
        answer = correct(client, desk.wang, case, category_code=category)
        assert code(answer) == (422, "category_unknown")
        now = get(client, desk.wang, case).json()
        assert (now["category_code"], now["version"]) == ("C0101", case["version"])


class TestOnce:
    @pytest.mark.parametrize(
        "again", [{"category_code": "C0102"}, {"place": INSIDE}, {"region_code": VILLAGE}]
    )
    def test_not_a_second_time(self, client, db, desk, again):
        case = desk.moved(desk.reported(), "correct", note="看过", category_code="C0102")
        assert "correct" not in offered(client, desk.wang, case)
        assert code(correct(client, desk.wang, case, **again)) == (409, "already_rerouted")
        assert len(decisions(db, case)) == 2

    def test_each_decision_is_kept_with_its_why(self, client, db, desk):
        case = desk.reported()
        routing = get(client, desk.wang, case).json()["routing"]
        after = correct(client, desk.wang, case, place=INSIDE_OTHER).json()
        opened, corrected = decisions(db, case)
        assert (opened.reason, corrected.reason) == ("opened", "corrected")
        assert (opened.explained, corrected.explained) == (routing, after["routing"])
        assert corrected.explained["grid"] == OTHER_GRID
        last = events(client, desk.qian, case)[-1]
        assert (last["move"], last["note"]) == ("correct", "现场看过")
        assert last["data"] == {
            "was": {"region_code": GRID, "category_code": None}, "region_code": OTHER_GRID,
            "category_code": None,
        }  # fmt: skip

    def test_a_refused_one_may_be_made_again(self, client, db, desk):
        case = desk.reported()
        assert correct(client, desk.wang, case, category_code="nothing").status_code == 422
        assert len(decisions(db, case)) == 1
        assert correct(client, desk.wang, case, category_code="C0102").status_code == 200


class TestRefused:
    def test_what_is_missing(self, client, desk):
        case = desk.reported()
        bare = move(client, desk.wang, case, "correct", note="看过")
        assert wrong_fields(bare) == {"category_code": "missing"}
        unsaid = move(client, desk.wang, case, "correct", category_code="C0102")
        assert wrong_fields(unsaid) == {"note": "missing"}

    @pytest.mark.parametrize("status", ["dispatched", "in_progress", "resolved", "closed"])
    def test_once_somebody_was_sent(self, client, desk, status):
        refused = correct(client, desk.wang, getattr(desk, status)(), category_code="C0102")
        assert code(refused) == (409, "move_impossible")

    def test_the_wrong_role_and_strangers(self, client, desk):
        case = desk.reported()
        assert code(correct(client, desk.sun, case, category_code="C0102")) == (
            403, "move_forbidden",
        )  # fmt: skip
        assert code(correct(client, desk.zhao, case, category_code="C0102")) == (
            404, "case_not_found",
        )  # fmt: skip


class TestLevel:
    def test_a_level_to_which_it_was_handed_up_stays(self, client, desk):
        case = desk.moved(desk.filed(), "escalate", note="网格解决不了")
        after = correct(client, desk.qian, case, place=INSIDE_OTHER).json()
        assert (after["region_code"], after["level_code"]) == (OTHER_GRID, VILLAGE)
        assert offered(client, desk.zhao, case) == set()

    def test_one_that_is_not_above_the_new_place_does_not(self, client, desk):
        case = desk.moved(desk.filed(), "escalate", note="网格解决不了")
        after = correct(client, desk.qian, case, region_code=DISTRICT).json()
        assert (after["region_code"], after["level_code"]) == (DISTRICT, None)

"""Where a report goes, and the stored answer to why."""

from datetime import timedelta

import pytest
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, OUTSIDE, STREET, VILLAGE
from flows.story import report
from sqlalchemy import select

from app.cases import opening
from app.cases.models import CaseMove, CaseReport
from app.clocks.models import Clock
from app.identity.models import Role
from app.kit.db import work

BORDER = {"lat": 30.2055, "lng": 105.8410, "crs": "wgs84"}
# Some ten metres west of the border: the circle of thirty metres crosses it.
NEAR_BORDER = {"lat": 30.2055, "lng": 105.84090, "crs": "wgs84"}


def routing(client, desk, case):
    return client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()["routing"]


class TestGrid:
    def test_the_grid_that_contains_the_spot(self, client, desk):
        case = desk.reported(INSIDE)
        assert (case["region_code"], case["grid_code"]) == (GRID, GRID)
        assert (desk.report["status"], desk.report["grid_code"]) == ("reported", GRID)
        stored = routing(client, desk, case)
        assert stored | {"border_m": 0} == stored | {
            "rule": "grid", "rule_version": 0, "grids_version": 1, "region_code": GRID,
            "grid": GRID, "border_m": 0, "on_border": False,
            "candidates": [{"code": GRID, "distance_m": 0.0}],
            "post": {"role": "grid_staff", "region_code": GRID}, "empty_posts": [],
        }  # fmt: skip

    def test_the_distance_to_the_border_is_stored(self, client, desk):
        stored = routing(client, desk, desk.reported(INSIDE))
        # The middle of a square of 0.001 degrees: 0.0005 of longitude at this latitude is 48 m.
        assert stored["border_m"] == pytest.approx(48.1, abs=0.3)

    def test_the_neighbour(self, desk):
        assert desk.reported(INSIDE_OTHER)["grid_code"] == OTHER_GRID

    def test_on_a_border_the_smallest_code_and_both_named(self, client, desk):
        case = desk.reported(BORDER)
        stored = routing(client, desk, case)
        assert (case["grid_code"], stored["on_border"], stored["border_m"]) == (GRID, True, 0.0)
        assert [c["code"] for c in stored["candidates"]] == [GRID, OTHER_GRID]

    def test_the_neighbour_in_the_accuracy_circle_is_a_candidate(self, client, desk):
        case = desk.reported({**NEAR_BORDER, "accuracy_m": 30})
        stored = routing(client, desk, case)
        assert (case["grid_code"], stored["on_border"]) == (GRID, False)
        assert [c["code"] for c in stored["candidates"]] == [GRID, OTHER_GRID]
        assert stored["candidates"][1]["distance_m"] == pytest.approx(9.6, abs=0.3)

    def test_without_accuracy_it_is_not(self, client, desk):
        stored = routing(client, desk, desk.reported(NEAR_BORDER))
        assert [c["code"] for c in stored["candidates"]] == [GRID]

    def test_gcj02_is_converted_before_it_is_located(self, desk):
        # What a Chinese map shows for the middle of GRID: about 300 m off.
        assert desk.reported({**INSIDE, "crs": "gcj02"})["grid_code"] != GRID


class TestNoGrid:
    def test_outside_every_grid_it_is_kept_for_the_district(self, client, desk):
        case = desk.reported(OUTSIDE)
        assert (case["region_code"], case["grid_code"], case["status"]) == (
            DISTRICT, None, "reported",
        )  # fmt: skip
        assert case["place"] == {"lat": OUTSIDE["lat"], "lng": OUTSIDE["lng"]}
        stored = routing(client, desk, case)
        assert (stored["rule"], stored["grid"]) == ("district_centre", None)
        assert stored["post"] == {"role": "dispatcher", "region_code": DISTRICT}

    def test_without_a_place_too(self, client, desk):
        case = desk.reported(None, address="隆鑫商圈东门外人行道")
        assert (case["region_code"], case["place"], case["address"]) == (
            DISTRICT, None, "隆鑫商圈东门外人行道",
        )  # fmt: skip
        stored = routing(client, desk, case)
        assert (stored["rule"], stored["border_m"], stored["candidates"]) == (
            "district_centre", None, [],
        )  # fmt: skip

    @pytest.mark.parametrize("place", [None, OUTSIDE])
    def test_the_region_that_the_reporter_chose(self, client, desk, place):
        case = desk.reported(place, address="菜市场门口", region_code=VILLAGE)
        assert (case["region_code"], case["grid_code"]) == (VILLAGE, None)
        assert routing(client, desk, case)["rule"] == "chosen_region"

    def test_a_grid_counts_more_than_the_choice(self, desk):
        assert desk.reported(INSIDE, region_code=OTHER_GRID)["region_code"] == GRID

    def test_empty_posts_are_named_on_the_way_up(self, client, desk):
        case = desk.reported(None, address="菜市场门口", region_code=VILLAGE)
        stored = routing(client, desk, case)
        assert stored["empty_posts"] == [VILLAGE, STREET]
        assert stored["post"] == {"role": "dispatcher", "region_code": DISTRICT}

    def test_a_manned_post_on_the_way_is_taken(self, client, desk, newcomer):
        newcomer((Role.GRID_HEAD, STREET), name="街道网格长")
        stored = routing(client, desk, desk.reported(None, address="河边", region_code=VILLAGE))
        assert stored["empty_posts"] == [VILLAGE]
        assert stored["post"] == {"role": "grid_head", "region_code": STREET}


class TestOnce:
    def test_routing_again_changes_nothing(self, app, db, desk):
        case = desk.reported()
        with work(db, write=True) as tx:
            opening.route(tx, app.state.grids, desk.report["id"])
        with work(db, write=False) as tx:
            assert tx.query(CaseReport).filter_by(report_id=desk.report["id"]).count() == 1
            assert tx.query(CaseMove).filter_by(case_id=case["id"]).count() == 1

    def test_the_number_runs_within_district_and_day(self, desk):
        first, second = desk.reported()["number"], desk.reported()["number"]
        assert first.rpartition("-")[0] == second.rpartition("-")[0]
        assert first.startswith("500152-")
        assert int(second.rpartition("-")[2]) == int(first.rpartition("-")[2]) + 1

    def test_a_hazard_has_the_short_clock(self, db, desk):
        manhole, litter = desk.reported(category="manhole"), desk.reported(category="litter")
        assert (manhole["hazard"], litter["hazard"]) == (True, False)
        with work(db, write=False) as tx:
            clocks = {
                case["hazard"]: tx.scalars(select(Clock).where(Clock.case_id == case["id"])).one()
                for case in (manhole, litter)
            }
        assert {hazard: (c.mode, c.allowed_s / 3600) for hazard, c in clocks.items()} == {
            True: ("continuous", 1), False: ("working", 4),
        }  # fmt: skip
        urgent = clocks[True]
        assert urgent.due_at - urgent.started_at == timedelta(hours=1)

    def test_a_withdrawn_report_is_not_routed(self, client, desk, newcomer, as_, drain):
        liu = as_(newcomer())
        sent = report(client, liu, INSIDE)
        url = f"/v1/reports/{sent['id']}"
        assert client.post(f"{url}/withdraw", json={}, headers=liu).json()["status"] == "withdrawn"
        drain()
        seen = client.get(url, headers=liu).json()
        assert (seen["status"], seen["case_number"]) == ("withdrawn", None)

"""The sample district's 1,947 grids: border points, and what a decision costs."""

from collections import defaultdict
from statistics import median
from time import process_time

import pytest
from cast import DISTRICT
from routing import district
from routing.build import NOON, Town
from routing.district import at

from app.grids.service import GridCache
from app.kit.db import work
from app.regions.models import Region
from app.routing import plan

# A machine that others use too is slow now and then; bench/routing.py gives the figures.
GENEROUS_MS = 5.0


@pytest.fixture(scope="module")
def tongnan(db):
    with work(db, write=True) as tx:
        district.load(tx)
        Town(tx, None).rules(
            *({"category_code": "E0601", "post_code": "doctor"} for _ in range(49)),
            {"region_code": DISTRICT, "post_code": "grid_head"},
        )
    return db


@pytest.fixture(scope="module")
def grids():
    return GridCache()


@pytest.fixture(scope="module")
def points():
    """A fixed sample of each kind; `test_borders.py` has all that lie on a border."""
    kinds = defaultdict(list)
    for point in district.points():
        kinds[point["kind"]].append(point)
    return [
        point
        for _, of_kind in sorted(kinds.items())
        for point in of_kind[:: len(of_kind) // 60 or 1]
    ]


def test_each_border_point_has_one_grid_and_names_those_that_touch(tongnan, grids, points):
    counted = defaultdict(int)
    with work(tongnan, write=False) as tx:
        for point in points:
            decision = plan.make(tx, grids, at(point), NOON)
            why = decision.explained
            assert decision.grid_code == point["grid"], point
            touching = [c["code"] for c in why["candidates"] if c["distance_m"] == 0]
            expected = point.get("grids", [point["grid"]] if point["grid"] else [])
            assert touching == expected, point
            if len(expected) > 1:
                assert why["on_border"]
                assert why["border_m"] == 0
                assert decision.grid_code == min(expected)
            counted[point["kind"]] += 1
    assert counted["vertex"] >= 60
    assert counted["edge"] >= 60
    assert counted["junction"] >= 60


def test_a_decision_is_the_same_again_and_its_grids_own_worker_gets_it(tongnan, grids, points):
    with work(tongnan, write=False) as tx:
        for point in [p for p in points if p["grid"]][:40]:
            first, again = (plan.make(tx, grids, at(point), NOON) for _ in "12")
            assert first == again
            place = tx.get_one(Region, point["grid"])
            assert first.path == place.path
            post = first.explained["post"]
            assert (post["post"], post["region_code"]) == ("grid_staff_full", point["grid"])


def test_a_decision_costs_little(tongnan, grids, points):
    inside = [p for p in points if p["grid"]]
    costs = []
    with work(tongnan, write=False) as tx:
        plan.make(tx, grids, at(inside[0]), NOON)
        for point in inside:
            began = process_time()
            plan.make(tx, grids, at(point, category_code="E0102"), NOON)
            costs.append((process_time() - began) * 1000)
    assert median(costs) < GENEROUS_MS

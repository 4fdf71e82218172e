"""Every point of the data set that lies on a border, through the whole decision: one grid each.

Twice, the second time in another order and with an index that was built anew, because neither may
decide who gets a case.
"""

from collections import Counter
from random import Random

import pytest
from routing import district
from routing.build import NOON, Town

from app.grids import queries as grid_queries
from app.grids.locate import GridIndex, GridShape
from app.grids.service import GridCache
from app.kit.db import work
from app.routing import service

# How many lie on a border, by their kind; those within 5 cm of one come on top.
ON_BORDERS = {"vertex": 1500, "edge": 800, "junction": 1200, "outer": 600}


@pytest.fixture(scope="module")
def workers(db):
    """Whose grid each worker's is; every grid has one."""
    with work(db, write=True) as tx:
        found = district.load(tx)
        Town(tx, None).rules({"post_code": "grid_staff_full"})
    return found


@pytest.fixture(scope="module")
def on_borders():
    return [point for point in district.points() if point["d"] == 0]


@pytest.fixture(scope="module")
def first(db, workers, on_borders):
    """The decisions in the order of the file."""
    return decided(db, on_borders)


def decided(db, points):
    """The decision for each point by its id: one transaction, which may not write."""
    grids = GridCache()
    with work(db, write=False) as tx:
        return {p["id"]: service.decide(tx, grids, district.at(p), NOON) for p in points}


def touching(point):
    """The grids that meet at a point, by the data set; near a border it is the point's own."""
    return point.get("grids", [point["grid"]])


def test_no_border_point_is_left_out(on_borders):
    kinds = Counter(point["kind"] for point in on_borders)
    assert {kind: kinds[kind] for kind in ON_BORDERS} == ON_BORDERS
    everywhere = Counter(point["kind"] for point in district.points())
    assert {kind: everywhere[kind] for kind in ON_BORDERS} == ON_BORDERS
    meeting = Counter(len(touching(point)) for point in on_borders)
    assert (meeting[2], meeting[3], meeting[4]) == (2351, 1199, 1)


def test_each_goes_to_the_smallest_of_the_grids_that_touch_it(first, on_borders, workers):
    for point in on_borders:
        decision = first[point["id"]]
        assert decision.grid_code == min(touching(point)) == point["grid"], point
        assert decision.region_code == decision.grid_code
        assert [workers[person] for person in decision.person_ids] == [decision.grid_code]


def test_the_candidates_are_the_grids_that_touch_it_and_no_others(first, on_borders):
    for point in on_borders:
        why = first[point["id"]].explained
        named = [candidate["code"] for candidate in why["candidates"]]
        assert (why["grid"], named) == (point["grid"], sorted(touching(point))), point
        assert {candidate["distance_m"] for candidate in why["candidates"]} == {0}


def test_each_knows_that_it_is_on_a_border(first, on_borders):
    for point in on_borders:
        why = first[point["id"]].explained
        assert why["border_m"] == 0, point
        assert why["on_border"] == (point["kind"] in ON_BORDERS), point


def test_again_in_another_order_with_a_new_index_it_is_the_same(db, first, on_borders):
    shuffled = Random(20261125).sample(on_borders, len(on_borders))
    assert shuffled != on_borders
    again = decided(db, shuffled)
    assert [point for point in on_borders if again[point["id"]] != first[point["id"]]] == []


def test_the_order_in_which_grids_are_kept_decides_nothing(db, first, on_borders):
    with work(db, write=False) as tx:
        shapes = [GridShape(code, wkb) for code, wkb in grid_queries.shapes(tx)]
    for order in (shapes[::-1], Random(7).sample(shapes, len(shapes))):
        index = GridIndex(order, "another order")
        for point in on_borders:
            hit = index.locate(point["lat"], point["lng"])
            assert hit.grid == first[point["id"]].grid_code, point
            assert [candidate.code for candidate in hit.candidates] == touching(point), point

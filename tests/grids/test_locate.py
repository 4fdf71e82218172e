"""Points and grids: the 20,000 answers of the sample district, then ties, holes and circles."""

import gzip
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from math import acos, cos, radians, sin
from pathlib import Path

import pytest
import shapely

import app
from app.grids import gcj02, imports
from app.grids.locate import (
    MAX_CANDIDATES,
    RIM_M,
    TOUCH_M,
    Candidate,
    GridIndex,
    GridShape,
    Hit,
)

POINTS = Path(__file__).parent / "data/tongnan_points.ndjson.gz"
GRIDS = Path(app.__file__).parent / "demo/data/tongnan_grids.geojson.gz"
METRE = 1 / 111_319.5  # In degrees of latitude, and on the equator of longitude.
GCJ_BLUR_M = (
    0.2  # SOURCES.md: from seven decimals of GCJ-02, nearer points may be answered so or so.
)


@pytest.fixture(scope="module")
def drafts():
    return imports.read_geojson(GRIDS).drafts


@pytest.fixture(scope="module")
def tongnan(drafts):
    return GridIndex((GridShape(draft.code, draft.wkb) for draft in drafts), version=1)


@pytest.fixture(scope="module")
def points():
    return [json.loads(line) for line in gzip.open(POINTS, "rt", encoding="utf-8")]


def square(code, west_m, south_m, east_m, north_m, hole=None):
    """A rectangle near (0, 100): there a degree is as long eastwards as it is northwards."""
    box = shapely.box(west_m, south_m, east_m, north_m)
    if hole:
        box = box.difference(shapely.box(*hole))
    return GridShape(
        code, shapely.to_wkb(shapely.transform(box, lambda xy: xy * METRE + [100.0, 0]))
    )


def index_of(*shapes):
    return GridIndex(shapes, version="test")


def ask(index, east_m, north_m, accuracy_m=0.0):
    return index.locate(north_m * METRE, 100.0 + east_m * METRE, accuracy_m)


def touching(hit):
    return [candidate.code for candidate in hit.candidates if candidate.distance_m == 0]


class TestTongnan:
    def test_every_wgs84_point_is_answered_exactly(self, tongnan, points):
        assert len(points) == 20_000
        for point in points:
            hit = tongnan.locate(point["lat"], point["lng"])
            expected = point.get("grids", [point["grid"]] if point["grid"] else [])
            assert hit.grid == point["grid"], point
            assert touching(hit) == expected, point

    def test_border_distances_agree_up_to_fifty_kilometres(self, tongnan, points):
        for point in points:
            if point["d"] < 49_000:
                hit = tongnan.locate(point["lat"], point["lng"])
                # The file rounds to 0.1 m and shrinks longitude at a slightly different latitude.
                assert abs(hit.border_m - point["d"]) < 0.051 + 0.001 * point["d"], point

    def test_points_on_any_border_know_it(self, tongnan, points):
        on_border = {"vertex", "edge", "junction", "outer"}
        for point in points:
            hit = tongnan.locate(point["lat"], point["lng"])
            assert hit.on_border == (point["kind"] in on_border), point

    def test_every_gcj02_point_away_from_borders_is_answered_exactly(self, tongnan, points):
        for point in points:
            lat, lng = gcj02.to_wgs84(point["glat"], point["glng"])
            if point["d"] >= GCJ_BLUR_M:
                assert tongnan.locate(lat, lng).grid == point["grid"], point

    def test_gcj02_points_on_borders_get_one_of_the_grids_that_meet_there(self, tongnan, points):
        # Below 0.2 m the seven decimals of the file may put a point into the neighbour; what must
        # not happen is a grid further away than that, or none.
        answers = Counter()
        for point in points:
            if point["d"] < GCJ_BLUR_M:
                lat, lng = gcj02.to_wgs84(point["glat"], point["glng"])
                near = tongnan.locate(point["lat"], point["lng"], GCJ_BLUR_M).candidates
                answer = tongnan.locate(lat, lng).grid
                assert answer in {candidate.code for candidate in near}, point
                answers[answer == point["grid"]] += 1
        assert answers[True] > answers[False]

    def test_every_border_point_survives_our_own_conversion(self, tongnan, points):
        for point in points:
            if point["d"] == 0 and point["grid"]:
                lat, lng = gcj02.to_wgs84(*gcj02.to_gcj02(point["lat"], point["lng"]))
                assert tongnan.locate(lat, lng).grid == point["grid"], point

    def test_far_away_the_distance_is_the_great_circle(self, tongnan, drafts):
        corners = shapely.get_coordinates([draft.shape for draft in drafts]).tolist()
        for lat, lng in [(39.9042, 116.4074), (31.2304, 121.4737), (29.5630, 106.5516), (0.0, 0.0)]:
            exact = min(great_circle_m(lat, lng, y, x) for x, y in corners)
            hit = tongnan.locate(lat, lng)
            assert hit.grid is None
            assert hit.border_m == pytest.approx(exact, rel=0.003)

    def test_the_hole_is_outside_and_the_exclave_inside(self, tongnan, drafts):
        union = shapely.union_all([draft.shape for draft in drafts])
        main, exclave = sorted(union.geoms, key=lambda part: -part.area)
        hole = shapely.Polygon(main.interiors[0]).representative_point()
        assert tongnan.locate(hole.y, hole.x).grid is None
        assert 0 < tongnan.locate(hole.y, hole.x).border_m < 300
        inside = exclave.representative_point()
        assert tongnan.locate(inside.y, inside.x).grid is not None

    def test_threads_share_one_index(self, drafts, points):
        index = GridIndex([GridShape(draft.code, draft.wkb) for draft in drafts], version=1)
        some = points[:2000] * 4
        with ThreadPoolExecutor(8) as threads:
            hits = threads.map(lambda p: index.locate(p["lat"], p["lng"], 50), some)
            assert [hit.grid for hit in hits] == [point["grid"] for point in some]


def great_circle_m(lat, lng, other_lat, other_lng):
    """The spherical law of cosines: another formula than the one under test."""
    along = cos(radians(lat)) * cos(radians(other_lat)) * cos(radians(lng - other_lng))
    return 6371008.8 * acos(sin(radians(lat)) * sin(radians(other_lat)) + along)


class TestTies:
    # Four squares of 100 m that meet at (0, 0), given in an order that is not theirs by code.
    QUARTERS = (
        square("d", -100, -100, 0, 0),
        square("b", 0, 0, 100, 100),
        square("c", -100, 0, 0, 100),
        square("a", 0, -100, 100, 0),
    )

    def test_a_junction_belongs_to_the_smallest_code_and_names_the_others(self):
        hit = ask(index_of(*self.QUARTERS), 0, 0)
        assert hit.grid == "a"
        assert touching(hit) == ["a", "b", "c", "d"]
        assert hit.on_border

    def test_the_order_of_the_shapes_does_not_matter(self):
        one, other = index_of(*self.QUARTERS), index_of(*reversed(self.QUARTERS))
        for east_m, north_m in [(0, 0), (0, 50), (-50, 0), (99, -99), (100, 0)]:
            assert ask(one, east_m, north_m, 30) == ask(other, east_m, north_m, 30)

    def test_codes_are_compared_as_bytes(self):
        index = index_of(square("b", 0, 0, 10, 10), square("B", 10, 0, 20, 10))
        assert ask(index, 10, 5).grid == "B"

    def test_the_tie_ends_with_the_tolerance(self):
        index = index_of(*self.QUARTERS)
        assert ask(index, 50, TOUCH_M * 0.9).grid == "a"
        assert touching(ask(index, 50, TOUCH_M * 0.9)) == ["a", "b"]
        just_inside = ask(index, 50, TOUCH_M * 1.2)
        assert just_inside.grid == "b"
        assert not just_inside.on_border

    def test_overlapping_grids_are_a_tie_too(self):
        index = index_of(square("b", 0, 0, 100, 100), square("a", 50, 0, 150, 100))
        assert ask(index, 75, 50).grid == "a"
        assert touching(ask(index, 75, 50)) == ["a", "b"]


class TestRim:
    def test_the_outer_border_is_inside_even_when_a_phone_rounds(self):
        index = index_of(*TestTies.QUARTERS)
        assert ask(index, 100, 50).grid == "b"
        beyond = ask(index, 100 + RIM_M * 0.9, 50)
        assert beyond.grid == "b"
        assert beyond.on_border
        assert touching(beyond) == ["b"]

    def test_beyond_the_rim_there_is_no_grid(self):
        hit = ask(index_of(*TestTies.QUARTERS), 101, 50)
        assert hit == Hit(None, pytest.approx(1, abs=1e-3), (), on_border=False)

    def test_the_rim_of_two_grids_belongs_to_the_smaller_code(self):
        assert ask(index_of(*TestTies.QUARTERS), 100.1, 0.01).grid == "a"


class TestCircle:
    ROW = tuple(square(f"g{i:02}", 10 * i, 0, 10 * i + 10, 10) for i in range(20))

    def test_a_circle_inside_one_grid_names_only_that(self):
        hit = ask(index_of(*self.ROW), 5, 5, 4)
        assert hit.candidates == (Candidate("g00", 0.0),)
        assert hit.border_m == pytest.approx(5, abs=1e-3)

    def test_candidates_come_by_distance_then_code(self):
        hit = ask(index_of(*self.ROW), 25, 5, 14)
        assert [candidate.code for candidate in hit.candidates] == ["g02", "g01", "g03"]
        hit = ask(index_of(*self.ROW), 26, 5, 15)
        assert [candidate.code for candidate in hit.candidates] == ["g02", "g03", "g01", "g04"]
        distances = [candidate.distance_m for candidate in hit.candidates]
        assert distances == pytest.approx([0, 4, 6, 14], abs=1e-3)

    def test_a_circle_from_outside_names_what_it_reaches(self):
        hit = ask(index_of(*self.ROW), 5, 15, 6)
        assert hit.grid is None
        assert hit.border_m == pytest.approx(5, abs=1e-3)
        assert [candidate.code for candidate in hit.candidates] == ["g00"]
        assert not ask(index_of(*self.ROW), 5, 15, 4).candidates

    def test_candidates_are_capped_with_the_hit_first(self):
        hit = ask(index_of(*self.ROW), 95, 5, 5000)
        assert len(hit.candidates) == MAX_CANDIDATES
        assert hit.candidates[0] == Candidate("g09", 0.0)

    def test_accuracy_is_capped_at_two_kilometres(self):
        index = index_of(square("a", 0, 0, 10, 10))
        assert ask(index, 2009, 5, 9e9).candidates
        assert not ask(index, 2011, 5, 9e9).candidates
        assert ask(index, 2011, 5, 9e9).border_m == pytest.approx(2001, abs=0.1)

    @pytest.mark.parametrize("accuracy_m", [-1.0, float("nan")])
    def test_an_odd_accuracy_is_none(self, accuracy_m):
        assert ask(index_of(*self.ROW), 5, 5, accuracy_m) == ask(index_of(*self.ROW), 5, 5)


class TestShapes:
    def test_a_hole_is_outside_and_its_border_inside(self):
        index = index_of(square("a", 0, 0, 100, 100, hole=(40, 40, 60, 60)))
        assert ask(index, 50, 50).grid is None
        assert ask(index, 50, 50).border_m == pytest.approx(10, abs=1e-3)
        assert ask(index, 40, 50).grid == "a"
        assert ask(index, 35, 50).border_m == pytest.approx(5, abs=1e-3)

    def test_nearest_prefers_the_grid_itself_then_distance_then_code(self):
        index = index_of(*TestTies.QUARTERS)
        assert index.nearest(50 * METRE, 100 + 50 * METRE) == "b"
        assert index.nearest(500 * METRE, 100 + 50 * METRE) == "b"
        assert index.nearest(0, 100 + 500 * METRE) == "a"

    def test_an_empty_index_answers_none(self):
        index = index_of()
        assert len(index) == 0
        assert index.locate(30, 105, 100) == Hit(None, None, (), on_border=False)
        assert index.nearest(30, 105) is None

    def test_version_and_size_are_told(self, tongnan):
        assert (tongnan.version, len(tongnan)) == (1, 1947)

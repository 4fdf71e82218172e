"""Importing grids: two real districts without a fault, and one test for each fault."""

import csv
import gzip
import json
from pathlib import Path

import pytest
import shapely

import app
from app.grids import gcj02
from app.grids.imports import TOLERANCE_M2, Kind, check, read_geojson

HERE = Path(__file__).parent / "data"
DEMO = Path(app.__file__).parent / "demo/data"
KNOWN = {"village", "town"}
LAT, LNG, STEP = 30.0, 105.0, 0.001  # A step is about 96 m eastwards and 111 m northwards.


def codes_in(path):
    with path.open(encoding="utf-8") as file:
        return {row["code"] for row in csv.DictReader(file)}


def box(west, south, east, north):
    """A rectangle in steps from (30, 105), as a GeoJSON geometry."""
    shape = shapely.box(
        *(
            round(n, 6)
            for n in (LNG + west * STEP, LAT + south * STEP, LNG + east * STEP, LAT + north * STEP)
        )
    )
    return json.loads(shapely.to_geojson(shape))


def feature(geometry, code="g1", **properties):
    words = {"code": code, "name": "第1网格", "level": 3, "parent": "village", "net": 1}
    return {"type": "Feature", "properties": words | properties, "geometry": geometry}


def read(*features, crs="wgs84"):
    return read_geojson(json.dumps({"type": "FeatureCollection", "features": features}), crs)


def faults(*features):
    """All findings, those of reading first."""
    drafts, findings = read(*features)
    return findings + check(drafts, KNOWN)


def kinds(*features):
    return [(finding.kind, finding.code) for finding in faults(*features)]


class TestDistricts:
    def test_tongnan_has_one_gap_the_enclave_of_a_neighbour(self):
        drafts, findings = read_geojson(DEMO / "tongnan_grids.geojson.gz")
        assert (len(drafts), findings) == (1947, [])
        (gap,) = check(drafts, codes_in(DEMO / "tongnan_regions.csv"))
        assert (gap.kind, gap.severity) == (Kind.GAP, "warning")
        assert gap.area_m2 == pytest.approx(76_429, rel=0.01)
        assert gap.place == pytest.approx((30.1318, 105.5779), abs=1e-4)
        assert not any(draft.shape.intersects(shapely.Point(gap.place[::-1])) for draft in drafts)

    def test_dianjiang_with_three_levels_in_one_file_is_clean(self):
        drafts, findings = read_geojson(HERE / "dianjiang_grids.geojson.gz")
        assert [sum(draft.level == level for draft in drafts) for level in (1, 2, 3)] == [
            26,
            301,
            900,
        ]
        assert findings == []
        assert check(drafts, codes_in(HERE / "dianjiang_regions.csv")) == []

    def test_a_file_in_gcj02_lands_where_the_same_file_in_wgs84_does(self):
        text = gzip.decompress((DEMO / "tongnan_grids.geojson.gz").read_bytes()).decode()
        moved = json.loads(text)
        for one in moved["features"]:
            one["geometry"] = in_gcj02(one["geometry"])
        back = read_geojson(json.dumps(moved), "gcj02").drafts
        straight = read_geojson(text).drafts
        for one, other in zip(back, straight, strict=True):
            assert one.code == other.code
            assert shapely.equals_exact(one.shape, other.shape, tolerance=1e-10)
        # Neighbours still share their vertices: no overlap, no sliver, the enclave alone.
        assert len(check(back, codes_in(DEMO / "tongnan_regions.csv"))) == 1


def in_gcj02(geometry):
    def ring(points):
        return [gcj02.to_gcj02(lat, lng)[::-1] for lng, lat in points]

    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        return geometry | {"coordinates": [ring(points) for points in polygons]}
    return geometry | {"coordinates": [[ring(points) for points in rings] for rings in polygons]}


class TestReading:
    def test_a_good_feature_becomes_a_draft_ready_to_store(self):
        (draft,), findings = read(feature(box(0, 0, 1, 1), town="town", colour="red"))
        assert findings == []
        assert (draft.code, draft.name, draft.level) == ("g1", "第1网格", 3)
        assert (draft.parent, draft.town, draft.net) == ("village", "town", 1)
        assert shapely.from_wkb(draft.wkb).equals(draft.shape)

    def test_heights_are_dropped(self):
        ring = [[105, 30, 7], [105.1, 30, 7], [105.1, 30.1, 7], [105, 30, 7]]
        (draft,), _ = read(feature({"type": "Polygon", "coordinates": [ring]}))
        assert not draft.shape.has_z

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "null", '{"features": {}}', '{"features": [1]}', "[" * 100_000, "\ud800"],
    )
    def test_a_file_that_is_no_collection_is_one_finding(self, text):
        drafts, (finding,) = read_geojson(text)
        assert drafts == []
        assert (finding.kind, finding.code, finding.severity) == (Kind.UNREADABLE, None, "error")

    def test_a_missing_file_is_the_callers_mistake(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            read_geojson(tmp_path / "none.geojson")

    @pytest.mark.parametrize("code", [None, "", 500152, "有空 格", "x" * 41, "\ud800"])
    def test_a_bad_code(self, code):
        _, (finding,) = read(feature(box(0, 0, 1, 1), code=code))
        assert finding.kind is Kind.BAD_CODE
        assert finding.text_zh.encode()
        assert finding.text_en.encode()

    @pytest.mark.parametrize(
        ("name", "value"),
        [("level", "3"), ("level", True), ("level", 10), ("name", ""), ("net", "1"), ("parent", 5)],
    )
    def test_a_bad_property_is_named(self, name, value):
        _, (finding,) = read(feature(box(0, 0, 1, 1), **{name: value}))
        assert (finding.kind, finding.code) == (Kind.BAD_PROPERTY, "g1")
        assert name in finding.text_zh
        assert name in finding.text_en

    def test_a_feature_without_properties_is_called_by_its_number(self):
        good = feature(box(0, 0, 1, 1))
        drafts, findings = read(good, {"type": "Feature", "geometry": box(1, 0, 2, 1)})
        assert len(drafts) == 1
        assert {finding.code for finding in findings} == {"#2"}
        assert {finding.kind for finding in findings} == {Kind.BAD_CODE, Kind.BAD_PROPERTY}

    @pytest.mark.parametrize(
        "geometry",
        [None, {"type": "Polygon", "coordinates": []}, {"type": "MultiPolygon", "coordinates": []}],
    )
    def test_an_empty_border(self, geometry):
        assert kinds(feature(geometry)) == [(Kind.EMPTY, "g1")]

    @pytest.mark.parametrize(
        "geometry",
        [
            {"type": "Point", "coordinates": [105, 30]},
            {"type": "Polygon", "coordinates": [[[105, 30], [105.1, 30], [105.1, 30.1]]]},
            {"type": "Polygon", "coordinates": [[["a", 30], [1, 1], [2, 2], ["a", 30]]]},
            {"type": "Polygon", "coordinates": [[[float("nan"), 30]] * 4]},
            {"type": "Circle"},
            ["Polygon"],
            5,
        ],
    )
    @pytest.mark.parametrize("crs", ["wgs84", "gcj02"])
    def test_a_border_that_cannot_be_understood(self, geometry, crs):
        drafts, (finding,) = read(feature(geometry), crs=crs)
        assert drafts == []
        assert (finding.kind, finding.code) == (Kind.INVALID_GEOMETRY, "g1")


class TestChecking:
    def test_no_drafts_no_findings(self):
        assert check([], set()) == []

    def test_an_unknown_parent(self):
        assert kinds(feature(box(0, 0, 1, 1), parent="nowhere")) == [(Kind.UNKNOWN_PARENT, "g1")]
        assert kinds(feature(box(0, 0, 1, 1), parent=None)) == [(Kind.UNKNOWN_PARENT, "g1")]

    def test_a_district_needs_no_parent(self):
        assert kinds(feature(box(0, 0, 1, 1), level=0, parent=None)) == []

    def test_a_code_that_occurs_twice_is_told_once(self):
        twice = feature(box(0, 0, 1, 1)), feature(box(1, 0, 2, 1))
        assert kinds(*twice) == [(Kind.DUPLICATE_CODE, "g1")]

    def test_a_border_that_crosses_itself(self):
        bow = [[105, 30], [105.001, 30.001], [105.001, 30], [105, 30.001], [105, 30]]
        (finding,) = faults(feature({"type": "Polygon", "coordinates": [bow]}))
        assert (finding.kind, finding.severity) == (Kind.INVALID_GEOMETRY, "error")
        assert "105.0005 30.0005" in finding.text_en

    def test_swapped_coordinates_are_out_of_china(self):
        swapped = shapely.transform(shapely.box(105, 30, 105.1, 30.1), lambda xy: xy[:, ::-1])
        (finding,) = faults(feature(json.loads(shapely.to_geojson(swapped))))
        assert (finding.kind, finding.code) == (Kind.OUT_OF_CHINA, "g1")

    def test_an_overlap_tells_pair_area_and_place(self):
        (finding,) = faults(
            feature(box(0, 0, 2, 1), code="g2"), feature(box(1, 0, 3, 1), code="g1")
        )
        assert (finding.kind, finding.code, finding.severity) == (Kind.OVERLAP, "g1", "error")
        assert "g2" in finding.text_zh
        assert finding.area_m2 == pytest.approx(111.3 * 111.3 * 0.866, rel=0.01)
        assert finding.place == pytest.approx((30.0005, 105.0015), abs=1e-5)

    def test_neighbours_do_not_overlap_and_levels_are_not_compared(self):
        village = feature(box(0, 0, 2, 1), code="v", level=2, parent="town")
        grids = feature(box(0, 0, 1, 1)), feature(box(1, 0, 2, 1), code="g2")
        assert kinds(village, *grids) == []

    def test_a_sliver_within_the_tolerance_is_no_overlap(self):
        depth = TOLERANCE_M2 / 111 / 96  # In steps: as deep as makes one square metre.
        one = feature(box(0, 0, 1, 1))
        assert kinds(one, feature(box(1 - depth * 0.5, 0, 2, 1), code="g2")) == []
        assert kinds(one, feature(box(1 - 0.1, 0, 2, 1), code="g2")) == [(Kind.OVERLAP, "g1")]

    def test_a_gap_is_a_warning_with_area_place_and_a_grid_beside_it(self):
        (finding,) = faults(*ring_around_a_gap())
        assert (finding.kind, finding.severity) == (Kind.GAP, "warning")
        assert finding.code == "g1"
        assert finding.area_m2 == pytest.approx(111.3 * 111.3 * 0.866, rel=0.01)
        assert finding.place == pytest.approx((30.0015, 105.0015), abs=1e-5)

    def test_a_hole_filled_by_another_village_is_no_gap(self):
        filling = feature(box(1, 1, 2, 2), code="g5", parent="town")
        assert kinds(*ring_around_a_gap(), filling) == []

    def test_a_hole_that_the_district_declares_is_no_gap(self):
        outer, inner = box(0, 0, 3, 3)["coordinates"], box(1, 1, 2, 2)["coordinates"]
        district = {"type": "Polygon", "coordinates": outer + inner}
        assert kinds(*ring_around_a_gap(), feature(district, "d", level=0, parent=None)) == []

    def test_part_of_a_gap_stays_when_only_a_part_is_filled(self):
        filling = feature(box(1, 1, 1.5, 2), code="g5")
        (finding,) = faults(*ring_around_a_gap(), filling)
        assert finding.area_m2 == pytest.approx(111.3 * 111.3 * 0.866 / 2, rel=0.01)


def ring_around_a_gap():
    """Four grids around an empty square of one step."""
    sides = [(0, 0, 3, 1), (0, 2, 3, 3), (0, 1, 1, 2), (2, 1, 3, 2)]
    return [feature(box(*side), code=f"g{n}") for n, side in enumerate(sides, 1)]

"""The sample district's 1,947 grids: border points, and what a decision costs."""

import gzip
import json
from collections import defaultdict
from pathlib import Path
from statistics import median
from time import process_time

import pytest
from cast import DISTRICT
from routing.build import NOON, Town, spot

import app
from app.categories import service as categories
from app.grids import imports as grid_imports
from app.grids import service as grid_service
from app.grids.service import GridCache
from app.identity.models import Occupation, Person
from app.kit import clock
from app.kit.db import insert_rows, work
from app.kit.ids import new_id
from app.posts import service as posts
from app.posts.models import Appointment
from app.regions import imports as region_imports
from app.regions import service as regions
from app.regions.models import Region
from app.routing import plan

DATA = Path(app.__file__).parent / "demo/data"
POINTS = Path(__file__).parents[1] / "grids/data/tongnan_points.ndjson.gz"
# A machine that others use too is slow now and then; bench/routing.py gives the figures.
GENEROUS_MS = 5.0


@pytest.fixture(scope="module")
def tongnan(db):
    with work(db, write=True) as tx:
        regions.import_regions(tx, region_imports.read_csv(DATA / "tongnan_regions.csv"))
        drafts = grid_imports.read_geojson(DATA / "tongnan_grids.geojson.gz").drafts
        grid_service.import_grids(tx, drafts)
        posts.load_seed(tx)
        categories.load_seed(tx)
        staff(tx, [draft.code for draft in drafts])
        town = Town(tx, None)
        town.rules(*({"category_code": "E0601", "post_code": "doctor"} for _ in range(49)),
                   {"region_code": DISTRICT, "post_code": "grid_head"})  # fmt: skip
    return db


def staff(tx, codes):
    """A full-time worker for every grid."""
    people = [
        {"id": new_id(), "member_no": f"T{n:07}", "name": f"网格员{n}", "employer": None,
         "occupation": Occupation.STAFF, "state": "active", "created_at": clock.now()}
        for n, _ in enumerate(codes)
    ]  # fmt: skip
    insert_rows(tx, Person, people)
    insert_rows(
        tx, Appointment,
        [
            {"id": new_id(), "person_id": person["id"], "post_code": "grid_staff_full",
             "region_code": code, "starts_on": "2026-01-01", "created_at": clock.now()}
            for person, code in zip(people, codes, strict=True)
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def grids():
    return GridCache()


@pytest.fixture(scope="module")
def points():
    """Every junction, and a fixed sample of each other kind."""
    kinds = defaultdict(list)
    for line in gzip.decompress(POINTS.read_bytes()).splitlines():
        point = json.loads(line)
        kinds[point["kind"]].append(point)
    return [
        point
        for kind, of_kind in sorted(kinds.items())
        for point in (of_kind if kind == "junction" else of_kind[:: len(of_kind) // 60 or 1])
    ]


def at(point, **more):
    return spot({"lat": point["lat"], "lng": point["lng"]}, **more)


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
    assert counted["junction"] >= 1


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

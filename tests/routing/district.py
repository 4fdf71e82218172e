"""The sample district with a full-time worker in every grid, and the points with known answers."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from routing.build import spot

from app.categories import service as categories
from app.demo import sample
from app.grids import queries as grids
from app.identity.models import Occupation, Person
from app.kit import clock
from app.kit.db import insert_rows
from app.kit.ids import new_id
from app.posts import service as posts
from app.posts.models import Appointment

POINTS = Path(__file__).parents[1] / "grids/data/tongnan_points.ndjson.gz"


def load(tx: Any) -> dict[Any, str]:
    """328 regions, 1,947 grids, the seeds; says which worker is whose grid's."""
    sample.load_map(tx)
    posts.load_seed(tx)
    categories.load_seed(tx)
    return staff(tx, [code for code, _ in grids.shapes(tx)])


def staff(tx: Any, codes: list[str]) -> dict[Any, str]:
    """A full-time worker for every grid."""
    workers = {new_id(): code for code in codes}
    insert_rows(
        tx, Person,
        [
            {"id": person, "member_no": f"T{n:07}", "name": f"网格员{n}", "employer": None,
             "occupation": Occupation.STAFF, "state": "active", "created_at": clock.now()}
            for n, person in enumerate(workers)
        ],
    )  # fmt: skip
    insert_rows(
        tx, Appointment,
        [
            {"id": new_id(), "person_id": person, "post_code": "grid_staff_full",
             "region_code": code, "starts_on": "2026-01-01", "created_at": clock.now()}
            for person, code in workers.items()
        ],
    )  # fmt: skip
    return workers


@cache
def points() -> list[dict[str, Any]]:
    """All 20,000, in the order of the file."""
    return [json.loads(line) for line in gzip.open(POINTS, "rt", encoding="utf-8")]


def at(point: dict[str, Any], **more: Any) -> Any:
    return spot({"lat": point["lat"], "lng": point["lng"]}, **more)

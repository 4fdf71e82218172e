"""Which region, grid and post a report goes to, and the stored answer to why."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.cases import queries
from app.grids.locate import Hit
from app.grids.service import GridCache
from app.regions import queries as regions
from app.reports.models import Report

# The rule that was applied stands with its version in every decision.
RULE_VERSION = 1


@dataclass(frozen=True)
class Decision:
    """Where a case belongs, and the explanation that is stored with it."""

    region_code: str
    path: str
    grid_code: str | None
    explained: dict[str, Any]


def decide(tx: Session, grids: GridCache, report: Report) -> Decision:
    """The grid that owns the spot, else the region the reporter chose, else the centre."""
    index = grids.current(tx)
    hit = None
    if report.lat is not None and report.lng is not None:
        hit = index.locate(report.lat, report.lng, report.accuracy_m or 0)
    grid_code = hit.grid if hit else None
    if grid_code is not None:
        rule, code = "grid", grid_code
    elif report.region_code is not None:
        rule, code = "chosen_region", report.region_code
    else:
        rule, code = "district_centre", _centre(tx, grids, report)
    path = regions.get_region(tx, code).path
    explained = {
        "rule": rule, "rule_version": RULE_VERSION, "grids_version": index.version,
        "region_code": code, **_spot(hit), **_post(tx, path),
    }  # fmt: skip
    return Decision(code, path, grid_code, explained)


def _centre(tx: Session, grids: GridCache, report: Report) -> str:
    """The district of the nearest grid; the first district when there is no place at all."""
    nearest = None
    if report.lat is not None and report.lng is not None:
        nearest = grids.current(tx).nearest(report.lat, report.lng)
    if nearest is not None:
        return regions.root_of(regions.get_region(tx, nearest).path)
    return regions.roots(tx)[0]


def _spot(hit: Hit | None) -> dict[str, Any]:
    if hit is None:
        return {"grid": None, "border_m": None, "candidates": []}
    return {
        "grid": hit.grid,
        "border_m": None if hit.border_m is None else round(hit.border_m, 1),
        "on_border": hit.on_border,
        "candidates": [
            {"code": c.code, "distance_m": round(c.distance_m, 1)} for c in hit.candidates
        ],
    }


def _post(tx: Session, path: str) -> dict[str, Any]:
    """The nearest manned post: the grid's own, else the one above, each empty step recorded."""
    people = queries.assignees(tx, path)
    empty: list[str] = []
    for code in reversed(path.strip("/").split("/")):
        here = [row for row in people if row.region_code == code]
        if here:
            return {"post": {"role": here[0].role, "region_code": code}, "empty_posts": empty}
        empty.append(code)
    return {"post": None, "empty_posts": empty}

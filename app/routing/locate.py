"""The region that a spot belongs to: by its grid, by choice, or the district's centre."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.grids.locate import GridIndex, Hit
from app.grids.service import GridCache
from app.regions import queries as regions
from app.regions.errors import RegionNotFound
from app.routing import scene
from app.routing.scene import Setting
from app.routing.schemas import Spot


@dataclass(frozen=True)
class Place:
    """The region of a spot, how it was found, and what holds there."""

    how: str
    code: str
    path: str
    district: str
    hit: Hit | None
    grids_version: Any
    setting: Setting

    @property
    def codes(self) -> list[str]:
        """The regions on the path, the nearest first."""
        return self.path.strip("/").split("/")[::-1]


def find(tx: Session, grids: GridCache, spot: Spot, at: datetime) -> Place:
    """The grid that owns the spot, else the region the reporter chose, else the district's centre.

    Raises RegionNotFound.
    """
    # The setting tells the version too: asking for it first would be one more statement.
    place = _find(tx, grids.latest, spot, at)
    if place is None or place.setting.grids_version != place.grids_version:
        place = _find(tx, grids.current(tx), spot, at)
    if place is None:
        raise RegionNotFound
    return place


def _find(tx: Session, index: GridIndex, spot: Spot, at: datetime) -> Place | None:
    """The place of a spot on this map, be it the newest or not; None for an unknown region."""
    hit = nearest = None
    if spot.lat is not None and spot.lng is not None:
        hit = index.locate(spot.lat, spot.lng, spot.accuracy_m or 0)
        if hit.grid is None and spot.region_code is None:
            nearest = index.nearest(spot.lat, spot.lng)
    if hit is not None and hit.grid is not None:
        how, code = "grid", hit.grid
    elif spot.region_code is not None:
        how, code = "chosen_region", spot.region_code
    else:
        how, code = "district_centre", nearest or regions.roots(tx)[0]
    setting = scene.find_setting(tx, code, spot.category_code, at)
    if setting is None:
        return None
    district, path = regions.root_of(setting.path), setting.path
    if how == "district_centre":
        code, path = district, f"/{district}/"
    return Place(how, code, path, district, hit, index.version, setting)


def explained(place: Place) -> dict[str, Any]:
    """What is stored of it."""
    hit = place.hit
    border_m = hit.border_m if hit else None
    return {
        "rule": place.how, "district": place.district, "grids_version": place.grids_version,
        "region_code": place.code, "grid": hit.grid if hit else None,
        "border_m": None if border_m is None else round(border_m, 1),
        "on_border": bool(hit and hit.on_border),
        "candidates": [
            {"code": c.code, "distance_m": round(c.distance_m, 1)}
            for c in (hit.candidates if hit else ())
        ],
    }  # fmt: skip

"""Which grid a point lies in, how far the next border is, and which other grids may be meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any

import numpy as np
import shapely

# Doubles blur a border by some 1e-8 m and our own GCJ-02 inverse by 1e-6 m, so this is a tie of
# grids and nothing else: 1 mm would already take points from grids that really hold them.
TOUCH_M = 0.0001
# A point in no grid may still stand on the district's border once a phone has rounded it to six
# decimals (0.08 m) in each system; up to here the border's inner side answers for it.
RIM_M = 0.15
MAX_ACCURACY_M = 2000.0
MAX_CANDIDATES = 10
PLANE_ENDS_M = 50_000.0

METRES_PER_DEGREE = radians(6378137.0)  # On the sphere with WGS-84's equatorial radius.
MEAN_RADIUS_M = 6371008.8


@dataclass(frozen=True, slots=True)
class GridShape:
    """One grid as the database keeps it: (Multi)Polygon as WKB, WGS-84 degrees, x = lng."""

    code: str
    wkb: bytes


@dataclass(frozen=True, slots=True)
class Candidate:
    """A grid that the accuracy circle reaches; `distance_m` is 0 where the point touches it."""

    code: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class Hit:
    """The answer for one point, complete enough to explain the routing later.

    `border_m` is the distance to the border of `grid`, or to the nearest grid if there is none (and
    None only in an empty index). `candidates` hold the hit itself first, then by distance and code.
    `on_border`: the point stands on the border of `grid`, shared or the district's own.
    """

    grid: str | None
    border_m: float | None
    candidates: tuple[Candidate, ...]
    on_border: bool


class GridIndex:
    """A picture of all grids of a district at one version, for reading only.

    Any number of threads may ask it: the tree is complete once it is constructed, and the polygons
    are deliberately not prepared, because `shapely.prepare` hangs caches on them that the first
    readers would fill at the same time. (A prepared polygon is no faster here either.)

    Distances are measured on one plane for the whole index, longitude shrunk at its middle
    latitude. In a district of half a degree at 30° N that is right to 0.5 %: 0.4 % because the
    earth is no sphere, 0.3 % at the northern and southern ends.
    """

    def __init__(self, shapes: Iterable[GridShape], version: int | str) -> None:
        # In the order of codes (code points, hence bytes of UTF-8) the smallest index is the
        # smallest code.
        ordered = sorted(shapes, key=lambda shape: shape.code)
        degrees = np.array(shapely.from_wkb([shape.wkb for shape in ordered]), dtype=object)
        self.version = version
        self._codes = [shape.code for shape in ordered]
        self._lng_m, self._lat_m = _scale(degrees)
        scale = np.array([self._lng_m, self._lat_m])
        self._polygons = shapely.transform(degrees, lambda lng_lat: lng_lat * scale)
        self._borders = shapely.boundary(self._polygons)
        self._tree = shapely.STRtree(self._polygons)

    def __len__(self) -> int:
        return len(self._codes)

    def locate(self, lat: float, lng: float, accuracy_m: float = 0.0) -> Hit:
        """The grid at a WGS-84 point and all grids within `accuracy_m` (at most 2,000) of it.

        On a shared border, the smallest code of those that touch the point; the district's own
        border counts as inside; outside and in holes, none.
        """
        point = self._point(lat, lng)
        accuracy_m = max(0.0, min(accuracy_m, MAX_ACCURACY_M))
        near = self._tree.query(point, predicate="dwithin", distance=max(RIM_M, accuracy_m))
        if not near.size:
            return Hit(None, self._outside_m(lat, lng, point), (), on_border=False)
        distances = shapely.distance(self._polygons[near], point).tolist()
        touch_m = TOUCH_M if min(distances) <= TOUCH_M else RIM_M
        # Rounded, and 0 where it touches: among equals the code decides, not the last bit.
        found = sorted(
            (0.0 if distance <= touch_m else round(distance, 4), index)
            for index, distance in zip(near.tolist(), distances, strict=True)
        )
        candidates = tuple(
            Candidate(self._codes[index], distance)
            for distance, index in found[:MAX_CANDIDATES]
            if distance <= accuracy_m
        )
        nearest_m, first = found[0]
        if nearest_m > 0:
            return Hit(None, nearest_m, candidates, on_border=False)
        border_m = float(shapely.distance(self._borders[first], point))
        return Hit(self._codes[first], border_m, candidates, border_m <= touch_m)

    def nearest(self, lat: float, lng: float) -> str | None:
        """The code of the grid at a point or, failing that, nearest to it; None if there is none.

        Right for points around the district; far away the plane's idea of "nearest" is good enough.
        """
        if not self._codes:
            return None
        point = self._point(lat, lng)
        inside = self.locate(lat, lng).grid
        return inside or self._codes[int(self._tree.query_nearest(point).min())]

    def _point(self, lat: float, lng: float) -> Any:
        return shapely.Point(lng * self._lng_m, lat * self._lat_m)

    def _outside_m(self, lat: float, lng: float, point: Any) -> float | None:
        """Metres from a point in no grid to the nearest grid; beyond 50 km on the great circle."""
        if not self._codes:
            return None
        polygon = self._polygons[self._tree.nearest(point)]
        plane_m = float(shapely.distance(polygon, point))
        if plane_m <= PLANE_ENDS_M:
            return plane_m
        facing = shapely.get_point(shapely.shortest_line(polygon, point), 0)
        return _great_circle_m(lat, lng, facing.y / self._lat_m, facing.x / self._lng_m)


def _scale(degrees: Any) -> tuple[float, float]:
    """Metres per degree of longitude and of latitude at the middle latitude of these shapes."""
    if not len(degrees):
        return METRES_PER_DEGREE, METRES_PER_DEGREE
    _, south, _, north = shapely.total_bounds(degrees).tolist()
    return METRES_PER_DEGREE * cos(radians((south + north) / 2)), METRES_PER_DEGREE


def _great_circle_m(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Metres between two points on the mean sphere, by the haversine formula."""
    up = sin(radians(other_lat - lat) / 2) ** 2
    along = sin(radians(other_lng - lng) / 2) ** 2
    chord = up + cos(radians(lat)) * cos(radians(other_lat)) * along
    return 2 * MEAN_RADIUS_M * asin(min(1.0, sqrt(chord)))

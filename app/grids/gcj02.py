"""WGS-84, which a GPS receives, to and from GCJ-02 (火星坐标), which maps in China must draw.

Source: the published series of the offset in metres, evaluated at (lng - 105, lat - 35) and turned
into degrees on the Krasovsky 1940 ellipsoid. Points are (lat, lng) in degrees throughout.
"""

from math import cos, degrees, pi, radians, sin, sqrt

AXIS_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
SOUTH, NORTH, WEST, EAST = 0.8293, 55.8271, 72.004, 137.8347
LARGEST_SHIFT = 0.05  # Degrees; nowhere in the rectangle does the series move a point this far.
ROUNDS = 6  # Each divides the error by 100 or more, save within 1e-9 degree of the kink at 105 E.
ROUNDING = 1e-9  # Degrees; a point on the rectangle's border must not fall out of it by rounding.


def in_china(lat: float, lng: float, margin: float = 0.0) -> bool:
    """Whether GCJ-02 differs here: inside China's rectangle, widened by `margin` degrees."""
    return SOUTH - margin <= lat <= NORTH + margin and WEST - margin <= lng <= EAST + margin


def to_gcj02(lat: float, lng: float) -> tuple[float, float]:
    """The point as a Chinese map draws it; outside China's rectangle it stays where it is."""
    if not in_china(lat, lng):
        return lat, lng
    shift_lat, shift_lng = _shift(lat, lng)
    return lat + shift_lat, lng + shift_lng


def to_wgs84(lat: float, lng: float) -> tuple[float, float]:
    """The point whose `to_gcj02` is this one, by fixed-point iteration; error below 1e-6 m.

    The series does not end at the rectangle's border, so the iteration crosses it freely and only
    its result is asked whether it lies inside: every point inside comes back. In a strip just
    outside two points share one image; there the one inside wins.
    """
    if not in_china(lat, lng, LARGEST_SHIFT):
        return lat, lng
    true_lat, true_lng = lat, lng
    for _ in range(ROUNDS):
        shift_lat, shift_lng = _shift(true_lat, true_lng)
        true_lat, true_lng = lat - shift_lat, lng - shift_lng
    return (true_lat, true_lng) if in_china(true_lat, true_lng, ROUNDING) else (lat, lng)


def _shift(lat: float, lng: float) -> tuple[float, float]:
    """How far GCJ-02 moves a WGS-84 point, in degrees."""
    x, y = lng - 105.0, lat - 35.0
    both = 20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)
    waves = both + 20 * sin(pi * y) + 40 * sin(pi * y / 3)
    waves += 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves * 2 / 3
    waves = both + 20 * sin(pi * x) + 40 * sin(pi * x / 3)
    waves += 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves * 2 / 3
    # The ellipsoid's two radii of curvature at this latitude: along the meridian and across it.
    flat = 1 - ECCENTRICITY_SQUARED * sin(radians(lat)) ** 2
    along_m = AXIS_M * (1 - ECCENTRICITY_SQUARED) / (flat * sqrt(flat))
    across_m = AXIS_M / sqrt(flat)
    return degrees(north_m / along_m), degrees(east_m / (across_m * cos(radians(lat))))

"""GCJ-02 there and back: frozen vectors, the inverse as a property, the rectangle's border."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.grids.gcj02 import EAST, NORTH, SOUTH, WEST, to_gcj02, to_wgs84

MICROMETRE = 1e-6 / 111_320  # In degrees.
INSIDE = st.tuples(st.floats(SOUTH, NORTH), st.floats(WEST, EAST))
ANYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))

# (lat, lng) in WGS-84, then in GCJ-02. The second half comes from an independent implementation.
FROZEN = [
    ((30.1928, 105.8364), (30.19002844206699, 105.83998304219806)),
    ((39.9042, 116.4074), (39.90560334316507, 116.41364225378803)),
    ((31.2304, 121.4737), (31.22845773757727, 121.47822305927693)),
    ((35.0, 105.0), (34.99909863223526, 105.00328624145706)),
    ((29.966301, 105.780399), (29.9636205, 105.7840576)),
    ((30.167044, 105.89741), (30.1641978, 105.900922)),
    ((30.455149, 105.832051), (30.4524191, 105.8356575)),
]


def apart(one, other):
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


@pytest.mark.parametrize(("wgs84", "gcj02"), FROZEN)
def test_frozen_vectors(wgs84, gcj02):
    assert apart(to_gcj02(*wgs84), gcj02) < 1e-7
    assert apart(to_wgs84(*gcj02), wgs84) < 1e-7


@given(INSIDE)
@example((SOUTH, WEST))
@example((NORTH, EAST))
@example((30.0, 105.0))
@example((30.0, 105.0 + 1e-10))
@settings(max_examples=500, deadline=None)
def test_every_point_inside_comes_back_within_a_micrometre(point):
    assert apart(to_wgs84(*to_gcj02(*point)), point) < MICROMETRE


@given(ANYWHERE)
@example((90.0, 180.0))
@example((-90.0, -180.0))
@example((NORTH, EAST + 0.001))
@settings(max_examples=500, deadline=None)
def test_what_a_map_shows_is_shown_again_after_the_way_back(point):
    # A point just outside may share its image with one inside, which the inverse prefers; the
    # image is the same. Only on the very border may rounding step across.
    shown = to_gcj02(*point)
    back = to_wgs84(*shown)
    assert apart(to_gcj02(*back), shown) < MICROMETRE or on_the_border(back)


def on_the_border(point):
    lat, lng = point
    return min(abs(lat - SOUTH), abs(lat - NORTH), abs(lng - WEST), abs(lng - EAST)) < 1e-9


@pytest.mark.parametrize("point", [(0.0, 0.0), (35.6812, 139.7671), (-30.0, 105.0), (56.0, 105.0)])
def test_identity_outside_china(point):
    assert to_gcj02(*point) == point
    assert to_wgs84(*point) == point


def test_two_points_that_share_an_image_resolve_to_the_one_inside():
    just_outside = (40.0, 137.84)
    inside = to_wgs84(*just_outside)
    assert inside[1] < EAST
    assert to_gcj02(*just_outside) == just_outside
    assert apart(to_gcj02(*inside), just_outside) < MICROMETRE

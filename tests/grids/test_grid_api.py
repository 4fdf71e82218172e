"""Which grid owns a spot, over HTTP."""

import pytest
from cast import GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, OUTSIDE, VILLAGE
from matrix.stage import *  # noqa: F403 - this module's stage
from matrix.stage import _quick  # noqa: F401

from app.grids.gcj02 import to_gcj02


def locate(client, place, **more):
    return client.get("/v1/grids/locate", params={**place, **more})


@pytest.mark.usefixtures("cast")
class TestLocate:
    def test_all_there_is_to_say(self, client):
        body = locate(client, INSIDE).json()
        assert body | {"border_m": 0} == {
            "grid": GRID, "name": "莲花社区第1网格", "on_border": False, "border_m": 0,
            "candidates": [{"code": GRID, "name": "莲花社区第1网格", "distance_m": 0.0}],
        }  # fmt: skip
        assert body["border_m"] == pytest.approx(48.1, abs=0.3)
        assert locate(client, INSIDE_OTHER).json()["grid"] == OTHER_GRID

        outside = locate(client, OUTSIDE).json()
        assert (outside["grid"], outside["name"], outside["candidates"]) == (None, None, [])

        border = locate(client, {"lat": 30.2055, "lng": 105.8410, "crs": "wgs84"}).json()
        assert (border["grid"], border["on_border"], border["border_m"]) == (GRID, True, 0.0)

        wide = locate(client, INSIDE, accuracy_m=60).json()
        assert [c["code"] for c in wide["candidates"]] == [GRID, OTHER_GRID]

        lat, lng = to_gcj02(INSIDE["lat"], INSIDE["lng"])
        assert locate(client, {"lat": lat, "lng": lng, "crs": "gcj02"}).json()["grid"] == GRID
        assert locate(client, {"lat": lat, "lng": lng, "crs": "wgs84"}).json()["grid"] != GRID

        for wrong in (
            {"crs": ""}, {"crs": "bd09"}, {"lat": 91}, {"lng": "x"}, {"lat": "nan"},
            {"lng": "inf"}, {"accuracy_m": -1}, {"accuracy_m": "nan"},
        ):  # fmt: skip
            refused = locate(client, {**INSIDE, **wrong})
            assert (refused.status_code, refused.json()["code"]) == (422, "unprocessable"), wrong


@pytest.mark.usefixtures("cast")
def test_one_grid(client):
    assert client.get(f"/v1/grids/{GRID}").json() == {
        "code": GRID, "name": "莲花社区第1网格", "parent_code": VILLAGE, "net": 1,
    }  # fmt: skip
    for absent in ("nowhere", VILLAGE):
        refused = client.get(f"/v1/grids/{absent}")
        assert (refused.status_code, refused.json()["code"]) == (404, "grid_not_found")

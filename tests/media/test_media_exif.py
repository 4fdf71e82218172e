"""What the camera wrote is believed only where it cannot mislead."""

from typing import Any

import pytest
from media_build import (
    TONGNAN,
    exif,
    four_corners,
    photo,
    saved,
)
from PIL.ExifTags import GPS, Base
from PIL.TiffImagePlugin import IFDRational

from app.media import pixels


class TestPlace:
    def place(self, **changes: Any) -> tuple[float | None, float | None]:
        tags = TONGNAN | {GPS[name].value: value for name, value in changes.items()}
        known = {tag: value for tag, value in tags.items() if value is not None}
        developed = pixels.develop(saved(four_corners(), exif=exif(gps=known)))
        return developed.lat, developed.lng

    def test_real_photos(self):
        turned = pixels.develop(photo("derived_tongnan_turned6.jpg"))
        assert (turned.lat, turned.lng) == (30.1928, 105.8364)
        road = pixels.develop(photo("sony_as300_road1.jpg"))
        assert (road.lat, road.lng) == pytest.approx((45.516903, -122.572765), abs=1e-6)

    def test_a_good_place_and_its_mirror(self):
        assert self.place() == (30.1928, 105.8364)
        mirrored = self.place(GPSLatitudeRef="S", GPSLongitudeRef="W", GPSMapDatum="WGS-84")
        assert mirrored == (-30.1928, -105.8364)

    @pytest.mark.parametrize(
        "changes",
        [
            {"GPSLatitude": (IFDRational(0, 0),) * 3},
            {"GPSLongitude": (105.0, IFDRational(0, 0), 1.0)},
            {"GPSLatitude": (91.0, 0.0, 0.0)},
            {"GPSLatitude": (90.0, 0.0, 1.0)},
            {"GPSLongitude": (181.0, 0.0, 0.0)},
            {"GPSLatitude": (30.0, 61.0, 0.0)},
            {"GPSLatitude": (30.0, 11.0)},
            {"GPSLatitude": None},
            {"GPSLatitudeRef": None},
            {"GPSLongitudeRef": None},
            {"GPSLongitudeRef": "N"},
            {"GPSLatitudeRef": ""},
            {"GPSStatus": "V"},
            {"GPSMapDatum": "TOKYO"},
            {"GPSLatitude": (0.0, 0.0, 0.0), "GPSLongitude": (0.0, 0.0, 0.0)},
        ],
    )
    def test_no_place_rather_than_a_wrong_one(self, changes):
        assert self.place(**changes) == (None, None)

    def test_a_broken_directory(self):
        developed = pixels.develop(photo("moto_g9_broken_gps.jpg"))
        assert (developed.lat, developed.lng) == (None, None)
        assert developed.taken_at == "2025-06-01T16:59:26+08:00"


class TestTime:
    @pytest.mark.parametrize(
        ("local", "offset", "expected"),
        [
            ("2026:11:20 08:30:00", None, "2026-11-20T08:30:00+08:00"),
            ("2026:11:20 08:30:00", "+05:30", "2026-11-20T08:30:00+05:30"),
            ("2026:11:20 08:30:00", "   :  ", "2026-11-20T08:30:00+08:00"),
            ("0000:00:00 00:00:00", None, None),
            ("1970:01:01 00:00:00", None, None),
            ("9999:12:31 23:59:59", "-12:00", None),
            ("2026:02:30 08:30:00", None, None),
            ("yesterday", None, None),
            (None, "+08:00", None),
        ],
    )
    def test_taken_at(self, local, offset, expected):
        tags = {Base.DateTimeOriginal: local, Base.OffsetTimeOriginal: offset}
        known = {tag: value for tag, value in tags.items() if value is not None}
        data = saved(four_corners(), exif=exif(taken=known))
        assert pixels.develop(data).taken_at == expected

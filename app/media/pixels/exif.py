"""What a camera wrote beside the picture: which way is up, when and where; never trusted."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

CHINA_OFFSET = "+08:00"
# A camera whose clock was never set says 0000, 1970 or 1980.
FIRST_YEAR, LAST_YEAR = 1990, 2100
SIXTY = 60
NULL_ISLAND_DEGREES = 0.001


class Facts(NamedTuple):
    """`orientation` is 1-8 in files that are right; `taken_at` is ISO 8601 with an offset."""

    orientation: int
    taken_at: str | None
    lat: float | None
    lng: float | None


def read(image: Image.Image) -> Facts:
    """The facts of a loaded picture (CIPA DC-008, Exif 2.32); what is broken counts as absent."""
    main: Mapping[int, Any] = {}
    taken: Mapping[int, Any] = {}
    gps: Mapping[int, Any] = {}
    with suppress(Exception):  # Pillow's parser lets about any exception through
        main = exif = image.getexif()
        taken = exif.get_ifd(IFD.Exif)
        gps = exif.get_ifd(IFD.GPSInfo)
    return Facts(_orientation(main), _taken_at(taken), *_place(gps))


def _orientation(main: Mapping[int, Any]) -> int:
    with suppress(Exception):  # tags are parsed when they are looked at
        value = main.get(Base.Orientation)
        return value if isinstance(value, int) else 1
    return 1


def _taken_at(taken: Mapping[int, Any]) -> str | None:
    """EXIF writes the camera's local time; without a good offset beside it, it is China's."""
    local = str(taken.get(Base.DateTimeOriginal)).strip("\0 ")
    for offset in (taken.get(Base.OffsetTimeOriginal), CHINA_OFFSET):
        with suppress(ValueError):
            at = datetime.strptime(f"{local}{offset}", "%Y:%m:%d %H:%M:%S%z")
            return at.isoformat() if FIRST_YEAR <= at.year <= LAST_YEAR else None
    return None


def _place(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    """WGS-84 latitude and longitude; any doubt means no place rather than a wrong place."""
    datum = re.sub(r"[^A-Z0-9]", "", str(gps.get(GPS.GPSMapDatum, "")).upper())
    if gps.get(GPS.GPSStatus) == "V" or datum not in {"", "WGS84"}:
        return None, None
    lat = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), "NS", 90)
    lng = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), "EW", 180)
    if lat is None or lng is None or abs(lat) + abs(lng) < NULL_ISLAND_DEGREES:
        return None, None
    return lat, lng


def _degrees(value: Any, ref: Any, refs: str, limit: int) -> float | None:
    """Degrees, minutes and seconds as one number, negative for the second letter of `refs`."""
    try:
        degrees, minutes, seconds = map(float, value if isinstance(value, tuple) else ())
        sign = (1, -1)[refs.index(ref[0])]
    except (TypeError, ValueError, ArithmeticError, IndexError):
        return None
    total = degrees + minutes / SIXTY + seconds / SIXTY**2
    # The rational 0/0 is NaN here, and every comparison with NaN is false.
    if degrees >= 0 and 0 <= minutes <= SIXTY and 0 <= seconds <= SIXTY and total <= limit:
        return round(sign * total, 7)
    return None

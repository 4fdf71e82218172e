"""Pictures and files for the media tests: honest ones, odd ones and hostile ones."""

import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageStat
from PIL.ExifTags import GPS, IFD, Base

PHOTOS = Path(__file__).parent / "photos"
CORNERS = {
    "red": (230, 30, 30),
    "green": (30, 200, 40),
    "blue": (30, 40, 220),
    "grey": (90, 90, 90),
}
# JFIF, quantisation, baseline frame, Huffman tables: what a JPEG needs and nothing more.
BARE_JPEG = {0xE0, 0xDB, 0xC0, 0xC4}
TONGNAN: dict[int, Any] = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (30.0, 11.0, 34.08),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (105.0, 50.0, 11.04),
}


def photo(name: str) -> bytes:
    return (PHOTOS / name).read_bytes()


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def four_corners(size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Red top left, green top right, blue bottom left, grey bottom right."""
    small = Image.new("RGB", (2, 2))
    small.putdata(list(CORNERS.values()))
    return small.resize(size, Image.Resampling.NEAREST)


def stored_as(upright: Image.Image, orientation: int) -> Image.Image:
    """What a camera stores for a scene, straight from the table of Exif 2.32 (tag 274).

    Row 0 is the visual top, top, bottom, bottom, left, right, right, left for 1-8; column 0 is the
    visual left, right, right, left, top, top, bottom, bottom.
    """
    width, height = upright.size
    mirrored_x, mirrored_y = orientation in {2, 3, 6, 7}, orientation in {3, 4, 7, 8}
    turned = orientation >= 5
    stored = Image.new("RGB", (height, width) if turned else (width, height))
    for y in range(stored.height):
        for x in range(stored.width):
            scene_x, scene_y = (y, x) if turned else (x, y)
            scene_x = width - 1 - scene_x if mirrored_x else scene_x
            scene_y = height - 1 - scene_y if mirrored_y else scene_y
            stored.putpixel((x, y), upright.getpixel((scene_x, scene_y)))
    return stored


def exif(
    main: Mapping[int, Any] | None = None,
    taken: Mapping[int, Any] | None = None,
    gps: Mapping[int, Any] | None = None,
) -> bytes:
    tags = Image.Exif()
    tags.update(main or {Base.Software: "test"})
    tags.get_ifd(IFD.Exif).update(taken or {})
    tags.get_ifd(IFD.GPSInfo).update(gps or {})
    return tags.tobytes()


def markers(jpeg: bytes) -> set[int]:
    """The kinds of segments before the pixels of a JPEG."""
    found, at = set(), 2
    while jpeg[at + 1] != 0xDA:
        found.add(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return found


def png(width: int, height: int, row: bytes, rows: int | None = None, colour: int = 2) -> bytes:
    """A PNG of equal rows; `rows` fewer than `height` make it a lie."""
    squeeze = zlib.compressobj(1)
    count = height if rows is None else rows
    pixels = b"".join(squeeze.compress(b"\0" + row) for _ in range(count)) + squeeze.flush()
    header = struct.pack("!IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def huge_webp() -> bytes:
    """36 bytes that ask for 16383 x 16383 pixels."""
    size = 16382 | 16382 << 14
    return _riff(_riff_chunk(b"VP8L", b"\x2f" + struct.pack("<I", size) + bytes(5)))


def webp_film(frames: int) -> bytes:
    still = saved(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    frame = _riff_chunk(b"ANMF", bytes(12) + b"\x01\0\0\0" + still)
    head = _riff_chunk(b"VP8X", b"\x02" + bytes(9)) + _riff_chunk(b"ANIM", bytes(6))
    return _riff(head + frame * frames)


def many_scans(scans: int, size: tuple[int, int] = (64, 64)) -> bytes:
    """A progressive JPEG whose last scan is repeated until there are that many."""
    jpeg = saved(Image.new("RGB", size, "teal"), progressive=True)
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + last * (scans - jpeg.count(b"\xff\xda")) + jpeg[-2:]


def display_p3() -> ImageCms.ImageCmsProfile:
    """Display P3 (primaries adapted to D50), made from lcms's own sRGB: same curve, same white."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    for name, xyz in primaries.items():
        entry = profile.index(name, 128)
        offset = int.from_bytes(profile[entry + 4 : entry + 8]) + 8
        profile[offset : offset + 12] = struct.pack("!3i", *(round(v * 65536) for v in xyz))
    renamed = bytes(profile).replace("sRGB".encode("utf-16-be"), "P3  ".encode("utf-16-be"))
    return ImageCms.ImageCmsProfile(BytesIO(renamed))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean distance of the channels, 0-255."""
    apart = ImageChops.difference(one.convert("RGB"), other.convert("RGB").resize(one.size))
    return sum(ImageStat.Stat(apart).mean) / 3


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))


def _riff_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _riff(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks

"""A photo comes out upright, small, clean and in its own colours, or it does not come out."""

import itertools
import random
import time
from contextlib import suppress
from typing import Any

import pytest
from media_build import (
    CORNERS,
    PHOTOS,
    difference,
    display_p3,
    exif,
    four_corners,
    huge_webp,
    many_scans,
    markers,
    opened,
    photo,
    png,
    saved,
    stored_as,
    webp_film,
)
from PIL import Image, ImageCms, ImageEnhance
from PIL.ExifTags import GPS, Base
from PIL.TiffImagePlugin import IFDRational

from app.media import pixels

# JFIF, quantisation, baseline frame, Huffman tables: what a JPEG needs and nothing more.
BARE_JPEG = {0xE0, 0xDB, 0xC0, 0xC4}
TONGNAN: dict[int, Any] = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (30.0, 11.0, 34.08),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (105.0, 50.0, 11.04),
}


def refusal(data: bytes) -> str:
    with pytest.raises(pixels.Refused) as caught:
        pixels.develop(data)
    return caught.value.code


def corners(jpeg: bytes) -> list[tuple[int, ...]]:
    small = opened(jpeg).resize((2, 2), Image.Resampling.BOX)
    return [small.getpixel((x, y)) for y in (0, 1) for x in (0, 1)]


class TestUpright:
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_each_orientation(self, orientation):
        turned = stored_as(four_corners(), orientation)
        data = saved(turned, quality=95, exif=exif({Base.Orientation: orientation}))
        developed = pixels.develop(data)
        assert (developed.width, developed.height) == (96, 64)
        for jpeg in (developed.display, developed.thumb):
            assert opened(jpeg).size == (96, 64)
            for seen, drawn in zip(corners(jpeg), CORNERS.values(), strict=True):
                assert max(abs(a - b) for a, b in zip(seen, drawn, strict=True)) < 12

    @pytest.mark.parametrize("value", [0, 9, 65535])
    def test_nonsense_is_ignored(self, value):
        data = saved(four_corners(), exif=exif({Base.Orientation: value}))
        assert pixels.develop(data).width == 96

    def test_text_is_ignored(self):
        number, text = b"\x12\x01\x03\0\x01\0\0\0\x06", b"\x12\x01\x02\0\x02\0\0\0" + b"6"
        data = saved(four_corners(), exif=exif({Base.Orientation: 6}))
        assert pixels.develop(data).width == 64
        assert number in data
        assert pixels.develop(data.replace(number, text)).width == 96

    def test_the_hash_sees_the_upright_picture(self):
        plain = pixels.develop(photo("sony_as300_road2.jpg"))
        turned = pixels.develop(photo("derived_tongnan_turned6.jpg"))
        assert (turned.width, turned.height) == (900, 506)
        assert pixels.dhash_distance(plain.dhash, turned.dhash) <= 3

    def test_png_and_webp_carry_orientation_too(self):
        tags = exif({Base.Orientation: 6})
        for kind in ("PNG", "WEBP"):
            developed = pixels.develop(saved(stored_as(four_corners(), 6), kind, exif=tags))
            assert (developed.width, developed.height) == (96, 64)


class TestClean:
    @pytest.mark.parametrize("name", sorted(path.name for path in PHOTOS.glob("*.jpg")))
    def test_nothing_but_pixels_in_real_photos(self, name):
        developed = pixels.develop(photo(name))
        assert markers(developed.display) == BARE_JPEG
        assert markers(developed.thumb) == BARE_JPEG
        assert developed.content_type == "image/jpeg"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_comment_exif_xmp_and_profile_are_gone(self, kind):
        secret = b"phone 13800000000"
        data = saved(
            four_corners(),
            kind,
            exif=exif({Base.Artist: secret.decode()}, gps=TONGNAN),
            xmp=secret,
            comment=secret,
            icc_profile=display_p3().tobytes(),
        )
        assert secret in data
        developed = pixels.develop(data)
        for jpeg in (developed.display, developed.thumb):
            assert markers(jpeg) == BARE_JPEG
            assert secret not in jpeg

    def test_what_hangs_on_behind_is_cut_off(self):
        noise = random.Random(7).randbytes(300_000) + b"\xff\xda" * 100 + b"<script>"
        developed = pixels.develop(photo("pixel_road.jpg") + noise)
        assert b"<script>" not in developed.display
        assert opened(developed.display).size == (1012, 759)

    def test_mpo_is_read_as_its_first_picture(self):
        first, second = four_corners(), Image.new("RGB", (96, 64), "black")
        data = saved(first, "MPO", save_all=True, append_images=[second])
        developed = pixels.develop(data)
        assert developed.content_type == "image/jpeg"
        assert difference(first, opened(developed.display)) < 12


class TestSizes:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    @pytest.mark.parametrize("size", [(3003, 2001), (1700, 40), (41, 5003), (1, 1), (1600, 1200)])
    def test_longest_side(self, kind, size):
        scene = four_corners(size)
        developed = pixels.develop(saved(scene, kind))
        assert (developed.width, developed.height) == size
        for jpeg, limit in ((developed.display, 1600), (developed.thumb, 480)):
            small = opened(jpeg)
            assert max(small.size) == min(limit, max(size))
            assert abs(small.width * size[1] - small.height * size[0]) <= max(size)
            assert difference(small, scene) < 12 or min(size) == 1


class TestColours:
    def test_sixteen_bit_grey_is_scaled_not_clipped(self):
        row = b"".join((x * 256).to_bytes(2, "little") for x in range(256))
        image = Image.frombytes("I;16", (256, 8), row * 8)
        seen = opened(pixels.develop(saved(image, "PNG")).display).convert("L")
        assert all(abs(seen.getpixel((x, 4)) - x) <= 4 for x in range(256))

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
    @pytest.mark.parametrize("width", [64, 4800])
    def test_transparency_becomes_white(self, mode, width):
        image = Image.new("RGBA", (width, 64), (0, 0, 0, 255))
        image.paste((0, 0, 0, 0), (width // 2, 0, width, 64))
        data = saved(image.quantize() if mode in {"P", "PA"} else image.convert(mode), "PNG")
        seen = opened(pixels.develop(data).display).convert("L").resize((8, 1))
        assert seen.getpixel((0, 0)) <= 4
        assert seen.getpixel((7, 0)) >= 251

    @pytest.mark.parametrize("mode", ["1", "L", "RGB"])
    def test_a_transparent_colour_becomes_white(self, mode):
        colour: Any = (0, 0, 0) if mode == "RGB" else 0
        data = saved(Image.new(mode, (32, 32), colour), "PNG", transparency=colour)
        assert opened(pixels.develop(data).display).getpixel((9, 9)) == (255, 255, 255)

    def test_palette_and_bilevel_keep_their_colours(self):
        for image in (four_corners().quantize(4), four_corners().convert("1")):
            seen = opened(pixels.develop(saved(image, "PNG")).display)
            assert difference(image.convert("RGB"), seen) < 12

    def test_cmyk(self):
        seen = opened(pixels.develop(saved(four_corners().convert("CMYK"), quality=95)).display)
        assert difference(four_corners(), seen) < 12

    def test_display_p3_keeps_its_colours(self):
        scene, p3 = opened(photo("pixel_road.jpg")), display_p3()
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        scene = ImageEnhance.Color(scene.resize((253, 190))).enhance(1.5)
        wide = ImageCms.profileToProfile(scene, srgb, p3)
        data = saved(wide, "PNG", icc_profile=p3.tobytes())
        seen = opened(pixels.develop(data).display)
        assert difference(scene, seen) < 4
        assert difference(scene, wide) > 1.5 * difference(scene, seen)

    @pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
    def test_a_broken_or_wrong_profile_is_as_good_as_none(self, mode):
        scene = four_corners().convert(mode)
        for profile in (b"nonsense", display_p3().tobytes()[:200], display_p3().tobytes()):
            seen = opened(pixels.develop(saved(scene, icc_profile=profile)).display)
            assert difference(scene, seen) < 25


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


class TestHash:
    ROADS = ("lund_cobbles", "pixel_road", "sony_as300_road1", "sony_as300_road2")
    SAME_LATER = (
        lambda image: saved(image, quality=60),
        lambda image: saved(image.resize((image.width // 2, image.height // 2)), quality=85),
        lambda image: saved(ImageEnhance.Brightness(image).enhance(1.1), "WEBP"),
    )

    @pytest.mark.parametrize("name", ROADS)
    @pytest.mark.parametrize("change", SAME_LATER)
    def test_the_same_photo_stays_close(self, name, change):
        data = photo(f"{name}.jpg")
        again = pixels.develop(change(opened(data)))
        assert pixels.dhash_distance(pixels.develop(data).dhash, again.dhash) <= 3

    def test_different_photos_are_far_apart(self):
        hashes = [pixels.develop(photo(f"{name}.jpg")).dhash for name in self.ROADS]
        for one, other in itertools.combinations(hashes, 2):
            assert pixels.dhash_distance(one, other) >= 20

    def test_distance(self):
        assert pixels.dhash_distance("0" * 16, "f" * 16) == 64


class TestRefused:
    def test_empty_and_too_large(self):
        assert refusal(b"") == "empty"
        assert refusal(b"\xff\xd8\xff" + bytes(pixels.MAX_BYTES)) == "too_large"

    @pytest.mark.parametrize(
        "data",
        [
            b"GIF89a" + bytes(40),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%PDF-1.7\n",
            b"\0\0\0\x18ftypheic" + bytes(40),
            b"\0\0\0\x18ftypavif" + bytes(40),
            b"II*\0" + bytes(40),
            b"BM" + bytes(60),
            b"RIFF\x20\0\0\0WAVE" + bytes(40),
            "一张照片".encode(),
            b"\xff",
        ],
    )
    def test_types_by_content(self, data):
        assert refusal(data) == "type_refused"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    @pytest.mark.parametrize("part", [0.02, 0.5, 0.95])
    def test_truncated(self, kind, part):
        data = saved(opened(photo("pixel_road.jpg")).resize((300, 200)), kind)
        assert refusal(data[: int(len(data) * part)]) == "unreadable"

    def test_bombs_of_declared_size(self):
        assert refusal(huge_webp()) == "too_many_pixels"
        assert refusal(png(60_000, 60_000, b"", rows=1)) == "too_many_pixels"
        assert refusal(png(10_000, 5_001, b"", rows=1)) == "too_many_pixels"
        jpeg = bytearray(saved(four_corners()))
        frame = jpeg.index(b"\xff\xc0") + 5
        jpeg[frame : frame + 4] = b"\xff\xff\xff\xff"
        assert refusal(bytes(jpeg)) == "too_many_pixels"

    def test_scans(self):
        assert pixels.develop(many_scans(64)).width == 64
        assert refusal(many_scans(65)) == "too_costly"
        assert refusal(b"\xff\xd8" + b"\xff\xe4\0\2" * 100_000) == "too_costly"

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_animation(self, kind):
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert refusal(data) == "animated"

    def test_ten_thousand_frames_are_refused_quickly(self):
        film, started = webp_film(10_000), time.process_time()
        assert refusal(film) == "animated"
        assert time.process_time() - started < 0.5

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_damage_never_raises_anything_else(self, kind):
        chance = random.Random(20261121)
        whole = saved(
            opened(photo("pixel_road.jpg")).resize((64, 48)), kind, exif=exif(gps=TONGNAN)
        )
        for _ in range(200):
            data = bytearray(whole)
            for _ in range(chance.randint(1, 8)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            with suppress(pixels.Refused):
                assert markers(pixels.develop(bytes(data)).display) == BARE_JPEG

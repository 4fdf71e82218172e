"""A photo comes out upright, small, clean and in its own colours, or it does not come out."""

import itertools
import random
from typing import Any

import pytest
from media_build import (
    BARE_JPEG,
    CORNERS,
    PHOTOS,
    TONGNAN,
    difference,
    display_p3,
    exif,
    four_corners,
    markers,
    opened,
    photo,
    saved,
    stored_as,
)
from PIL import Image, ImageCms, ImageEnhance
from PIL.ExifTags import Base

from app.media import pixels


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
        number, text = b"\x01\x12\0\x03\0\0\0\x01\0\x06", b"\x01\x12\0\x02\0\0\0\x02" + b"6\0"
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
    @pytest.mark.parametrize("size", [(3203, 1001), (1700, 40), (41, 5003), (1, 1), (800, 600)])
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
        scene, p3 = four_corners(), display_p3()
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        wide = ImageCms.profileToProfile(scene, srgb, p3)
        data = saved(wide, "PNG", icc_profile=p3.tobytes())
        assert difference(scene, opened(pixels.develop(data).display)) < 3
        assert difference(scene, wide) > 9

    @pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
    def test_a_broken_or_wrong_profile_is_as_good_as_none(self, mode):
        scene = four_corners().convert(mode)
        for profile in (b"nonsense", display_p3().tobytes()[:200], display_p3().tobytes()):
            seen = opened(pixels.develop(saved(scene, icc_profile=profile)).display)
            assert difference(scene, seen) < 25


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

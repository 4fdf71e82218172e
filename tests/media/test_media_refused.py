"""Hostile, broken and foreign files are refused, each by its own name."""

import random
import time
from contextlib import suppress

import pytest
from media_build import (
    BARE_JPEG,
    TONGNAN,
    exif,
    four_corners,
    huge_webp,
    many_scans,
    markers,
    opened,
    photo,
    png,
    saved,
    webp_film,
)
from PIL import Image

from app.media import pixels
from app.media.pixels import opening


def refusal(data: bytes) -> str:
    with pytest.raises(opening.Refused) as caught:
        pixels.develop(data)
    return caught.value.code


class TestRefused:
    def test_empty_and_too_large(self):
        assert refusal(b"") == "empty"
        assert refusal(b"\xff\xd8\xff" + bytes(opening.MAX_BYTES)) == "too_large"

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
            with suppress(opening.Refused):
                assert markers(pixels.develop(bytes(data)).display) == BARE_JPEG

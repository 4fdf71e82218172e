"""No file costs more than a child may spend, and each refusal reaches the caller by name."""

import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

from media_build import huge_webp, many_scans, png, saved, webp_film
from media_pool import CORNERS, MIB, ROAD, pids, refusal, run, status
from PIL import Image

from app.media import decoder, errors, pixels
from app.media.pixels import opening
from app.media.pixels.child import CPU_SECONDS, MEMORY_BYTES


class TestHostile:
    def test_each_refusal_has_its_error_and_costs_no_child(self):
        refused = {
            b"": errors.PhotoEmpty,
            bytes(opening.MAX_BYTES + 1): errors.PhotoTooLarge,
            b"GIF89a": errors.PhotoTypeRefused,
            ROAD[:9000]: errors.PhotoUnreadable,
            huge_webp(): errors.PhotoTooManyPixels,
            webp_film(2): errors.PhotoAnimated,
            many_scans(65): errors.PhotoTooCostly,
        }

        async def story(pool):
            (first,) = pids(pool)
            for data, error in refused.items():
                assert await refusal(pool, data) is error
            assert pids(pool) == [first]

        run(story)

    def test_every_refusal_is_mapped(self):
        source = Path(opening.__file__).read_text() + Path(pixels.__file__).read_text()
        assert set(re.findall(r'Refused\("(\w+)"\)', source)) == set(decoder.REFUSALS)

    def test_memory_is_bounded_for_the_largest_allowed(self):
        wide, clear = b"\x40\x80\xc0\xff", Image.new("RGB", (8160, 6120), "teal")

        async def story(pool):
            (pid,) = pids(pool)
            before = status(pid, "VmRSS")
            for data in (png(8160, 6120, wide * 8160, colour=6), saved(clear, progressive=True)):
                assert (await pool.develop(data)).width == 8160
            assert pids(pool) == [pid]
            assert (status(pid, "VmHWM") - before) * 1024 <= MEMORY_BYTES
            assert (status(pid, "VmRSS") - before) * 1024 <= 64 * MIB

        run(story)

    def test_beyond_its_memory_a_child_refuses(self):
        # One row of 50 million pixels cannot be shrunk band by band.
        bomb = png(45_000_000, 1, b"\x40\x80\xc0\xff" * 45_000_000, colour=6)

        async def story(pool):
            assert await refusal(pool, bomb) is errors.PhotoTooCostly
            assert (await pool.develop(CORNERS)).width == 96

        run(story)

    def test_the_kernel_ends_a_child_that_is_out_of_cpu_seconds(self):
        forever = (
            "from app.media.pixels import child\n"
            "child.CPU_SECONDS = 1\n"
            "child._limit_cpu()\n"
            "while True: pass"
        )
        ended = subprocess.run((sys.executable, "-c", forever), check=False, timeout=30)
        assert ended.returncode == -signal.SIGXCPU

    def test_time_spent_on_one_photo_is_not_held_against_the_next(self):
        async def story(pool):
            (pid,) = pids(pool)
            for _ in range(3):
                await pool.develop(ROAD)
                soft, _ = resource.prlimit(pid, resource.RLIMIT_CPU)
                assert soft >= CPU_SECONDS
            assert pids(pool) == [pid]

        run(story)

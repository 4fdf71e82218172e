"""Faces are found in a process of its own, in bounded memory, and by nobody where it is off."""

import hashlib
import subprocess
import sys
from importlib.resources import files
from io import BytesIO

import pytest
from media_build import saved
from media_faces import BARE, FACE, HAIRY, contrast, holds, moved, street
from media_pool import of_process, pids, run, status
from PIL import Image

from app.media import decoder, errors
from app.media.decoder import Decoder
from app.media.pixels.child import MEMORY_BYTES

# As OpenCV's model zoo publishes it.
MODEL = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


class TestFind:
    def test_a_face_is_covered_with_its_hair(self):
        photo = street()

        async def story(pool):
            covered, thumb, found = await pool.cover(photo, [])
            (face,) = found
            assert holds(face, moved(BARE))
            assert holds(face, moved(HAIRY))
            assert contrast(photo, face) > 40
            assert contrast(covered, face) < 1
            assert contrast(thumb, face, 480 / 1012) < 1

        run(story, faces=True)

    @pytest.mark.parametrize("height", [60, 1500])
    def test_small_and_filling_the_picture(self, height):
        # The larger one is 1100 px from brow to chin: YuNet alone sees nothing in it.
        face = FACE.crop((60, 40, 190, 190))
        face = face.resize((round(face.width * height / face.height), height))
        canvas = Image.new("RGB", (1600, 1600), "grey")
        canvas.paste(face, (100, 50))

        async def story(pool):
            (found,) = (await pool.cover(saved(canvas, quality=90), []))[2]
            centre = (100 + face.width // 2, 50 + height // 2, 1, 1)
            assert holds(found, centre)
            assert found[3] > height // 2

        run(story, faces=True)

    def test_a_street_has_none(self):
        async def story(pool):
            assert (await pool.cover(street(None), []))[2] == []

        run(story, faces=True)

    def test_a_sliver_has_none(self):
        async def story(pool):
            (pid,) = pids(pool)
            for size in ((1, 1), (1600, 1), (3, 1600)):
                assert (await pool.cover(saved(Image.new("RGB", size)), []))[2] == []
            assert pids(pool) == [pid]

        run(story, faces=True)

    def test_a_box_ends_with_the_picture(self):
        bare = saved(FACE.crop((78, 63, 168, 176)), quality=92)

        async def story(pool):
            assert (await pool.cover(bare, []))[2] == [(0, 0, 90, 113)]

        run(story, faces=True)


class TestChild:
    def test_the_largest_fits_into_its_memory_and_leaves_it(self):
        square = saved(Image.open(BytesIO(street())).resize((1600, 1600)))

        async def story(pool):
            (pid,) = pids(pool)
            limit, start = status(pid, "VmSize"), status(pid, "VmRSS")
            for _ in range(3):
                assert len((await pool.cover(square, []))[2]) == 1
            assert pids(pool) == [pid]
            assert (status(pid, "VmPeak") - limit) * 1024 < MEMORY_BYTES * 0.9
            assert (status(pid, "VmRSS") - start) * 1024 < 64 * 1024 * 1024

        run(story, faces=True)

    def test_staff_may_say_that_there_is_none(self):
        async def story(pool):
            covered, _, found = await pool.cover(street(), [], faces=False)
            assert found == []
            assert contrast(covered, moved(BARE)) > 40

        run(story, faces=True)

    def test_a_pool_of_its_own_loads_opencv_and_no_other(self):
        async def plain(pool):
            covered, _, found = await pool.cover(street(), [])
            assert found == []
            assert contrast(covered, moved(BARE)) > 40
            assert "cv2" not in of_process(pids(pool)[0], "maps")

        async def finding(pool):
            assert "cv2" in of_process(pids(pool)[0], "maps")

        run(plain)
        run(finding, faces=True)

    def test_the_server_never_loads_it(self):
        told = (
            "import sys\n"
            "import app.main, app.cli\n"
            "from app.media.decoder import Decoder\n"
            "Decoder(faces=True)\n"
            "assert not {'cv2', 'app.media.pixels.faces'} & sys.modules.keys()"
        )
        subprocess.run((sys.executable, "-c", told), check=True, timeout=60)

    @pytest.mark.parametrize("end", ["1 / 0", "os.kill(os.getpid(), 11)"])
    def test_a_search_that_fails_makes_no_copy(self, end, monkeypatch):
        dying = (
            "import os\n"
            "from app.media.pixels import child\n"
            f"child.main(lambda image: {end})"
        )  # fmt: skip
        monkeypatch.setattr(decoder, "FACES_COMMAND", (sys.executable, "-c", dying))

        async def story(pool):
            with pytest.raises(errors.FacesUnavailable):
                await pool.cover(street(), [])
            # Whoever draws all boxes by hand needs no search.
            assert (await pool.cover(street(), [], faces=False))[2] == []

        run(story, faces=True)


class TestExtra:
    def test_without_opencv_it_says_what_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cv2", None)
        with pytest.raises(RuntimeError, match=r"xinxin-ejia\[faces\]"):
            Decoder(faces=True)
        Decoder()

    def test_the_model_is_the_published_one(self):
        folder = files("app.media.pixels") / "yunet"
        model = (folder / "face_detection_yunet_2023mar.onnx").read_bytes()
        assert hashlib.sha256(model).hexdigest() == MODEL
        assert MODEL in (folder / "LICENCE.md").read_text(encoding="utf-8")

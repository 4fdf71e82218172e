"""What others may see of a photo: a copy with faces and plates covered, and nothing before that."""

from io import BytesIO
from uuid import UUID

import pytest
from flows.story import key, upload
from PIL import Image, ImageStat
from relations_build import code, redact, sent, spot
from sqlalchemy import select, update

from app.kit.actions import StaffAction
from app.kit.db import work
from app.media import service as media
from app.media.models import Photo, Verdict

# Where the plate is in the tests' photo, a little larger, as staff would draw it.
PLATE = (800, 600, 160, 80)


@pytest.fixture(scope="module")
def plated():
    """A large grey photo with a striped plate in the middle."""
    image = Image.new("RGB", (3200, 2400), "grey")
    for x in range(1620, 1900, 20):
        image.paste("black", (x, 1220, x + 10, 1340))
    out = BytesIO()
    image.save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.fixture(scope="module")
def case(client, as_, newcomer, desk, plated):
    """A case with that photo; its reporter; and the photo's id."""
    liu = newcomer()
    photo = sent(client, as_(liu), plated)
    return desk.reported(spot(40), reporter=liu, photo_ids=[photo])


@pytest.fixture(scope="module")
def photo(client, desk, case):
    return client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()["photos"][0]


def put(client, headers, photo, *boxes):
    drawn = [dict(zip("xywh", box, strict=True)) for box in boxes]
    url = f"/v1/photos/{photo['id']}/redactions"
    return client.put(url, json={"boxes": drawn}, headers={**headers, **key()})


def contrast(data, scale=1.0):
    """How much is to be seen where the plate is, 0-127."""
    x, y, w, h = (int(side * scale) for side in PLATE)
    part = Image.open(BytesIO(data)).convert("L").crop((x + 2, y + 2, x + w - 2, y + h - 2))
    return ImageStat.Stat(part).stddev[0]


def nearby(client, headers):
    params = {**spot(40), "radius_m": 20}
    answer = client.get("/v1/reports/nearby", headers=headers, params=params)
    return answer.json()["items"][0]


class TestRedact:
    def test_only_the_covered_copy_is_public(self, client, desk, case, photo, as_, newcomer, db):
        stranger = as_(newcomer())
        assert nearby(client, stranger)["thumbs"] == []
        made = put(client, desk.qian, photo, PLATE)
        assert made.status_code == 200, made.text
        (thumb,) = nearby(client, stranger)["thumbs"]
        assert "/public-thumb?" in thumb
        for url, longest in ((made.json()["public"], 1600), (thumb, 480)):
            shown = client.get(url)
            image = Image.open(BytesIO(shown.content))
            assert max(image.size) == longest
            assert contrast(shown.content, longest / 1600) < 3
            assert not {"exif", "comment", "xmp", "icc_profile"} & image.info.keys()
        # Those who handle the case see all of it.
        assert contrast(client.get(photo["urls"]["display"]).content) > 40
        with work(db, write=False) as tx:
            action = tx.scalars(
                select(StaffAction).where(StaffAction.action == "photo.redacted")
            ).one()
        counted = {"boxes": 1, "found": 0, "faces": True}
        assert (action.object_id, action.detail) == (photo["id"], counted)

    def test_what_was_overlooked_is_covered_later(self, client, desk, photo, drain):
        first = put(client, desk.qian, photo).json()
        before = client.get(first["public"])
        assert first["boxes"] == []
        assert contrast(before.content) > 40
        assert before.headers["cache-control"] == "private, no-cache"
        again = put(client, desk.qian, photo, PLATE).json()
        assert contrast(client.get(again["public"]).content) < 3
        drain()
        for variant in ("public", "public_thumb"):
            assert code(client.get(first[variant])) == (404, "photo_not_found")
            assert client.get(again[variant]).status_code == 200

    def test_a_late_retry_uncovers_nothing(self, client, desk, photo, as_, newcomer, files):
        url = f"/v1/photos/{photo['id']}/redactions"
        lost = {**desk.qian, **key()}
        first = client.put(url, json={"boxes": []}, headers=lost)
        put(client, desk.qian, photo, PLATE)
        lie = files()
        assert client.put(url, json={"boxes": []}, headers=lost).json() == first.json()
        assert files() == lie
        (thumb,) = nearby(client, as_(newcomer()))["thumbs"]
        assert contrast(client.get(thumb).content, 480 / 1600) < 3

    def test_hidden_while_its_copy_is_drawn(self, client, app, desk, db, files):
        case = desk.reported(spot(43))
        (photo,) = client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()["photos"]
        lie, coverer = files(), app.state.coverer
        hide = update(Photo).where(Photo.id == UUID(photo["id"])).values(verdict="hidden")

        class Slow:
            async def cover(self, *given, **how):
                with work(db, write=True) as tx:
                    tx.execute(hide)
                return await coverer.cover(*given, **how)

        app.state.coverer = Slow()
        try:
            assert code(put(client, desk.qian, photo)) == (404, "photo_not_found")
        finally:
            app.state.coverer = coverer
        assert files() == lie

    def test_it_can_be_read(self, client, desk, photo):
        made = put(client, desk.qian, photo, PLATE, (0, 0, 1600, 1)).json()
        url = f"/v1/photos/{photo['id']}/redactions"
        read = client.get(url, headers=desk.qian)
        assert read.json()["boxes"] == made["boxes"]
        drawn = [(*PLATE, False), (0, 0, 1600, 1, False)]
        assert [tuple(box.values()) for box in made["boxes"]] == drawn

    @pytest.mark.parametrize(
        "box", [(1500, 0, 101, 10), (0, 1190, 10, 11), (1600, 1200, 1, 1), (0, 0, 0, 5)]
    )
    def test_a_box_that_covers_nothing_is_refused(self, client, desk, photo, box):
        made = put(client, desk.qian, photo, PLATE).json()
        answer = put(client, desk.qian, photo, box)
        assert answer.status_code == 422
        assert contrast(client.get(made["public"]).content) < 3

    def test_no_more_than_twenty(self, client, desk, photo):
        assert put(client, desk.qian, photo, *[PLATE] * 21).status_code == 422

    def test_of_a_case_that_one_does_not_see(self, client, desk, photo, as_, cast):
        assert code(put(client, desk.zhao, photo, PLATE)) == (404, "photo_not_found")
        assert code(put(client, desk.liu, photo, PLATE)) == (403, "staff_only")

    def test_of_no_case(self, client, desk, as_, newcomer):
        photo = {"id": upload(client, as_(newcomer()))}
        assert code(put(client, desk.qian, photo)) == (404, "photo_not_found")

    def test_nobody_has_looked(self, client, desk):
        case = desk.reported(spot(41))
        (photo,) = client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()["photos"]
        url = f"/v1/photos/{photo['id']}/redactions"
        assert code(client.get(url, headers=desk.qian)) == (404, "redaction_not_found")

    def test_a_hidden_photo_s_copy_is_hidden_with_it(self, client, app, desk, db):
        case = desk.reported(spot(42))
        (made,) = redact(client, desk, case)
        assert client.get(made["public"]).status_code == 200
        for verdict, status in ((Verdict.HIDDEN, 404), (Verdict.PASSED, 200)):
            with work(db, write=True) as tx:
                mine = update(Photo).where(Photo.id == made["photo_id"])
                tx.execute(mine.values(verdict=verdict.value))
            media.place_files(app.state.db, app.state.bucket, UUID(made["photo_id"]))
            assert client.get(made["public"]).status_code == status

"""With XINXIN_FACES=cover a face is in no copy that others may see, unless staff say it is none."""

import sys

import pytest
from flows.story import key
from media.media_faces import BARE, FACE, contrast, holds, moved, street
from relations_build import code, sent, spot
from sqlalchemy import select

from app.kit.actions import StaffAction
from app.kit.db import work
from app.media import decoder
from app.media.decoder import Decoder

SIGN = {"x": 20, "y": 600, "w": 120, "h": 60}


@pytest.fixture(scope="module")
def settings(settings):
    return settings.model_copy(update={"faces": "cover"})


@pytest.fixture(scope="module")
def shown(client, desk, as_, newcomer):
    """Reports a photo of a street with such a face in it, and gives the photo as staff see it."""

    def make(number, face=FACE):
        liu = newcomer()
        photo = sent(client, as_(liu), street(face))
        case = desk.reported(spot(number), reporter=liu, photo_ids=[photo])
        return client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()["photos"][0]

    return make


@pytest.fixture(scope="module")
def photo(shown):
    return shown(60)


def put(client, desk, photo, *boxes, **more):
    url = f"/v1/photos/{photo['id']}/redactions"
    return client.put(url, json={"boxes": boxes, **more}, headers={**desk.qian, **key()})


def box_of(found):
    return found["x"], found["y"], found["w"], found["h"]


def thumbs(client, headers, number):
    params = {**spot(number), "radius_m": 20}
    answer = client.get("/v1/reports/nearby", headers=headers, params=params)
    return answer.json()["items"][0]["thumbs"]


class TestCover:
    def test_a_face_that_nobody_drew_is_covered(self, client, desk, folder, photo, as_, newcomer):
        before = public_files(folder)
        made = put(client, desk, photo)
        assert made.status_code == 200, made.text
        assert len(public_files(folder)) == len(before) + 2
        (face,) = made.json()["boxes"]
        assert face["found"]
        assert holds(box_of(face), moved(BARE))
        (thumb,) = thumbs(client, as_(newcomer()), 60)
        for url, width in ((made.json()["public"], 1012), (thumb, 480)):
            assert contrast(client.get(url).content, box_of(face), width / 1012) < 1
        # Those who handle the case see the face.
        assert contrast(client.get(photo["urls"]["display"]).content, box_of(face)) > 40

    def test_what_staff_draw_is_covered_besides(self, client, desk, photo, db):
        made = put(client, desk, photo, SIGN).json()
        drawn, face = made["boxes"]
        assert drawn == {**SIGN, "found": False}
        public = client.get(made["public"]).content
        assert max(contrast(public, box_of(box)) for box in (drawn, face)) < 1
        url = f"/v1/photos/{photo['id']}/redactions"
        assert client.get(url, headers=desk.qian).json()["boxes"] == [drawn, face]
        assert last_action(db, photo) == {"boxes": 1, "found": 1, "faces": True}

    def test_staff_say_that_it_is_no_face(self, client, desk, photo, db):
        made = put(client, desk, photo, SIGN, faces=False).json()
        assert made["boxes"] == [{**SIGN, "found": False}]
        assert contrast(client.get(made["public"]).content, moved(BARE)) > 40
        assert last_action(db, photo) == {"boxes": 1, "found": 0, "faces": False}

    def test_without_a_face_nothing_is_covered(self, client, desk, shown):
        photo = shown(61, face=None)
        made = put(client, desk, photo).json()
        assert made["boxes"] == []
        before, after = (
            client.get(url).content for url in (photo["urls"]["display"], made["public"])
        )
        whole = (0, 0, 1012, 759)
        assert abs(contrast(before, whole) - contrast(after, whole)) < 0.5


class TestFailure:
    def test_nothing_is_public_without_the_search(
        self, client, app, desk, folder, shown, as_, newcomer, monkeypatch
    ):
        dying = "from app.media.pixels import child\nchild.main(lambda image: 1 / 0)"
        monkeypatch.setattr(decoder, "FACES_COMMAND", (sys.executable, "-c", dying))
        monkeypatch.setitem(app.state._state, "coverer", Decoder(1, faces=True))
        photo = shown(62)
        before = public_files(folder)
        refused = put(client, desk, photo)
        assert code(refused) == (503, "photo_faces_unavailable")
        assert refused.headers["retry-after"]
        url = f"/v1/photos/{photo['id']}/redactions"
        assert code(client.get(url, headers=desk.qian)) == (404, "redaction_not_found")
        assert thumbs(client, as_(newcomer()), 62) == []
        assert public_files(folder) == before


def public_files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("public*/*/*")}


def last_action(db, photo):
    with work(db, write=False) as tx:
        done = select(StaffAction.detail).where(
            StaffAction.action == "photo.redacted", StaffAction.object_id == photo["id"]
        )
        return tx.scalars(done.order_by(StaffAction.id.desc())).first()

"""Photos over HTTP: uploaded whole or not at all, shown clean, swept when nobody owns them."""

import os
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flows.story import key, picture
from matrix.stage import *  # noqa: F403 - this module's stage
from matrix.stage import _quick  # noqa: F401
from media_build import PHOTOS
from PIL import Image
from sqlalchemy import event, func, select, update

from app.kit import clock, outbox
from app.kit.db import work
from app.kit.ids import new_id
from app.media import jobs, service
from app.media.models import Photo

LICENSED = sorted(path.name for path in PHOTOS.glob("*.jpg"))


def send(client, headers, data, name="p.jpg", kind="image/jpeg"):
    return client.post("/v1/photos", files={"file": (name, data, kind)}, headers=headers)


def code(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def liu(as_, newcomer):
    return as_(newcomer())


class TestUpload:
    @pytest.mark.parametrize("name", LICENSED)
    def test_real_photos_come_back_clean(self, client, liu, files, name):
        before, original = files(), (PHOTOS / name).read_bytes()
        answer = send(client, liu, original)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert {key.partition("/")[0] for key in files() - before} == {"sealed", "display", "thumb"}
        for variant, longest in (("display", 1600), ("thumb", 480)):
            shown = client.get(body["urls"][variant])
            image = Image.open(BytesIO(shown.content))
            assert (image.format, max(image.size) <= longest) == ("JPEG", True)
            assert not image.getexif()
            assert not {"exif", "comment", "xmp", "icc_profile"} & image.info.keys()
            assert b"Exif" not in shown.content
            assert original not in shown.content
            assert shown.headers["content-disposition"].startswith("inline; filename=")
            assert shown.headers["x-content-type-options"] == "nosniff"

    def test_the_original_is_served_nowhere(self, client, liu):
        body = send(client, liu, picture()).json()
        url = body["urls"]["display"]
        for variant in ("sealed", "original", "", "..%2fsealed", "display%2f..%2fsealed"):
            assert client.get(url.replace("/display", f"/{variant}")).status_code in {403, 404, 422}

    def test_the_same_key_and_file_is_one_photo(self, client, liu, files, db):
        headers, data = {**liu, **key()}, picture()
        first = send(client, headers, data)
        after_first = files()
        again = send(client, headers, data)
        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
        assert again.headers["idempotency-replayed"] == "true"
        assert files() == after_first

    def test_the_same_key_and_another_file(self, client, liu, files):
        headers = {**liu, **key()}
        send(client, headers, picture())
        before = files()
        assert code(send(client, headers, picture())) == (422, "idempotency_key_reused")
        assert files() == before

    @pytest.mark.parametrize("statement", ["INSERT INTO photos", "INSERT INTO idempotency_keys"])
    def test_a_unit_that_fails_leaves_no_file(self, client, app, liu, files, db, statement):
        def refuse(_conn, _cursor, text, *_rest):
            if text.startswith(statement):
                raise RuntimeError("the disk is full")

        before = files()
        event.listen(app.state.db.writer, "before_cursor_execute", refuse)
        try:
            answer = send(client, {**liu, **key()}, picture())
        finally:
            event.remove(app.state.db.writer, "before_cursor_execute", refuse)
        assert code(answer) == (500, "internal_error")
        assert files() == before

    def test_a_commit_that_fails_leaves_no_file(self, client, app, liu, files, db):
        def refuse(_conn):
            raise RuntimeError("the connection is gone")

        with work(db, write=False) as tx:
            rows = tx.scalar(select(func.count(Photo.id)))
        before = files()
        event.listen(app.state.db.writer, "commit", refuse)
        try:
            answer = send(client, liu, picture())
        finally:
            event.remove(app.state.db.writer, "commit", refuse)
        assert answer.status_code == 500
        assert files() == before
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count(Photo.id))) == rows


class TestRefusals:
    def test_anonymous_401_without_its_body_being_read(self, client, files):
        before, read = files(), []

        def body():
            for _ in range(40):
                read.append(1)
                yield b"x" * 65536

        headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "10"}
        answer = client.post("/v1/photos", content=body(), headers=headers)
        assert code(answer) == (401, "unauthenticated")
        assert files() == before

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"", (422, "photo_empty")),
            (b"x" * 1000, (415, "photo_type_refused")),
            (b"GIF89a" + b"\0" * 100, (415, "photo_type_refused")),
            (b"%PDF-1.7\n", (415, "photo_type_refused")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", (415, "photo_type_refused")),
            (picture(1)[:1500], (422, "photo_unreadable")),
        ],
    )
    def test_wrong_content_whatever_it_is_called(self, client, liu, files, data, expected):
        before = files()
        assert code(send(client, liu, data)) == expected
        assert files() == before

    @pytest.mark.parametrize(
        ("name", "kind"),
        [("x.txt", "text/plain"), ("../../x", "x/y"), ("照片\u202e.exe", "image/gif")],
    )
    def test_name_and_declared_type_prove_nothing(self, client, liu, name, kind):
        assert send(client, liu, picture(), name, kind).status_code == 201

    @pytest.mark.parametrize("extra", [1, 1024 * 1024])
    def test_more_than_ten_mebibytes(self, client, liu, files, extra):
        before, data = files(), picture() + b"\0" * (10 * 1024 * 1024)
        answer = send(client, liu, data + b"\0" * extra)
        assert answer.status_code == 413
        assert answer.json()["code"] in {"photo_too_large", "too_large"}
        assert files() == before

    def test_no_file_at_all(self, client, liu):
        assert code(client.post("/v1/photos", headers=liu)) == (422, "unprocessable")
        text = client.post("/v1/photos", data={"file": "text"}, headers=liu)
        assert code(text) == (422, "unprocessable")


class TestSweep:
    def old(self, app, key):
        past = (clock.now() - timedelta(hours=25)).timestamp()
        os.utime(app.state.bucket._root / key, (past, past))

    def sweep(self, app, db):
        with work(db, write=True) as tx:
            job = jobs.sweep(app.state.db, app.state.bucket)
            job.record(tx, {}, job.call({}))

    def test_orphans_of_yesterday_and_nothing_else(self, client, app, liu, files, db):
        bucket, before = app.state.bucket, files()
        kept = send(client, liu, picture()).json()["id"]
        mine = {key for key in files() - before if key.endswith(kept)}
        assert len(mine) == 3
        orphan, young = new_id(), new_id()
        kinds = ("sealed", "display", "thumb", "public", "public-thumb")
        orphans = {f"{v}/{orphan.hex[-2:]}/{orphan}" for v in kinds}
        fresh = f"display/{young.hex[-2:]}/{young}"
        unfinished, at_work = "sealed/00/.part-00ff", "sealed/00/.part-11ee"
        for name in (*orphans, fresh, unfinished, at_work):
            bucket.put(name, b"x")
        for name in (*mine, *orphans, unfinished):
            self.old(app, name)
        self.sweep(app, db)
        assert mine <= files()
        assert files() == before | mine | {fresh, at_work}
        self.sweep(app, db)
        assert files() == before | mine | {fresh, at_work}

    def test_what_is_not_where_its_verdict_wants_it_is_moved(self, client, app, liu, files, db):
        """The store was away for as long as the job `photo.judged` was tried."""
        photo, before = send(client, liu, picture()).json()["id"], files()
        for verdict, moved in (("hidden", {"display", "thumb"}), ("passed", set())):
            with work(db, write=True) as tx:
                tx.execute(update(Photo).where(Photo.id == UUID(photo)).values(verdict=verdict))
            self.sweep(app, db)
            gone = {key.partition("/")[0] for key in before - files() if key.endswith(photo)}
            assert gone == moved, verdict
        assert files() == before

    def test_judged_anew_while_its_files_move(self, client, app, liu, files, db, monkeypatch):
        photo, before = UUID(send(client, liu, picture()).json()["id"]), files()
        states = iter([("hidden", None), ("passed", None), ("passed", None)])
        monkeypatch.setattr(service, "_state", lambda *_: next(states))
        service.place_files(app.state.db, app.state.bucket, photo)
        assert files() == before

    def test_a_day_is_a_day(self, app, files, db):
        name = f"thumb/00/{uuid4()}"
        app.state.bucket.put(name, b"x")
        self.sweep(app, db)
        assert name in files()
        clock.shift(timedelta(hours=24, minutes=1))
        self.sweep(app, db)
        assert name not in files()

    def test_the_worker_is_told_hourly(self, app, drain, db, files):
        name = "thumb/00/.part-22dd"
        app.state.bucket.put(name, b"x")
        self.old(app, name)
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "photos.swept")
        drain()
        assert name not in files()
        assert Path(app.state.bucket._root).is_dir()

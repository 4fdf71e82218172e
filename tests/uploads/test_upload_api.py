"""Direct uploads the whole way: the form, the store, the photo; once, and nothing left behind."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from cast import DISTRICT
from flows.story import key, picture
from matrix.stage import *  # noqa: F403 - this module's stage
from matrix.stage import _quick  # noqa: F401
from object_store import SECRET, failing_store, object_store, place, settings_in
from sqlalchemy import func, select

from app.conduct.models import Block
from app.kit import clock, outbox
from app.kit.db import work
from app.kit.ids import new_id
from app.media.models import Photo
from app.media.pixels.opening import MAX_BYTES
from app.media.remote import RemoteBucket
from app.uploads import service
from app.uploads.models import FORGOTTEN, Upload


@pytest.fixture(scope="module")
def store(engine_name):
    with object_store() as there:
        yield there


@pytest.fixture(scope="module")
def settings(url, folder, store):
    return settings_in(store, url, folder)


@pytest.fixture
def liu(as_, newcomer):
    return as_(newcomer())


@pytest.fixture
def bucket(app):
    return app.state.bucket


def code(answer):
    return answer.status_code, answer.json()["code"]


def keys(bucket, prefix=""):
    return set(bucket.keys_older_than(prefix, clock.now() + timedelta(days=2)))


def opened(client, headers):
    answer = client.post("/v1/uploads", headers={**headers, **key()})
    assert answer.status_code == 201, answer.text
    return answer.json()


def posted(form, data):
    """As `wx.uploadFile` does: the form's fields, then the file."""
    answer = httpx.post(form["url"], data=form["fields"], files={"file": ("p.jpg", data)})
    assert answer.status_code < 300, answer.text


def complete(client, headers, form, **more):
    url = f"/v1/uploads/{form['upload_id']}/complete"
    return client.post(url, headers={**headers, **key(), **more})


class TestStart:
    def test_a_form_for_ten_minutes(self, client, liu):
        form = opened(client, liu)
        assert form["fields"]["key"] == f"xinxin/incoming/{form['upload_id']}"
        assert SECRET not in str(form)

    def test_no_more_than_two_reports_need(self, client, as_, newcomer):
        person = newcomer()
        liu = as_(person)
        for _ in range(service.MOST_OPEN):
            opened(client, liu)
        refused = client.post("/v1/uploads", headers={**liu, **key()})
        assert code(refused) == (409, "uploads_open")
        # What nobody completed lies in the store for a day.
        clock.shift(service.LIFE)
        refused = client.post("/v1/uploads", headers={**as_(person), **key()})
        assert code(refused) == (409, "uploads_open")
        clock.shift(FORGOTTEN)
        opened(client, as_(person))

    def test_two_at_once_are_counted_one_after_the_other(self, client, as_, newcomer, monkeypatch):
        liu = as_(newcomer())
        monkeypatch.setattr(service, "MOST_OPEN", 1)
        with ThreadPoolExecutor(8) as pool:
            asked = [
                pool.submit(client.post, "/v1/uploads", headers={**liu, **key()}) for _ in range(8)
            ]
        assert sorted(one.result().status_code for one in asked) == [201] + [409] * 7

    def test_not_for_who_is_blocked(self, client, db, cast, as_, newcomer):
        person = newcomer()
        with work(db, write=True) as tx:
            tx.add(
                Block(
                    id=new_id(), person_id=person.id, region_code=DISTRICT, reason="other",
                    note="-", created_by=cast.qian.id, created_at=clock.now(),
                )
            )  # fmt: skip
        refused = client.post("/v1/uploads", headers={**as_(person), **key()})
        assert code(refused) == (403, "blocked")

    def test_off_where_no_store_takes_forms(self, client, app, liu):
        own, app.state.upload_place = app.state.upload_place, None
        try:
            refused = client.post("/v1/uploads", headers={**liu, **key()})
        finally:
            app.state.upload_place = own
        assert code(refused) == (409, "direct_upload_off")


class TestComplete:
    def test_makes_a_photo_like_any_other(self, client, liu, bucket, drain):
        form = opened(client, liu)
        assert code(complete(client, liu, form)) == (409, "upload_missing")
        posted(form, picture())
        made = complete(client, liu, form)
        assert made.status_code == 201, made.text
        photo = made.json()
        drain()
        mine = {name for name in keys(bucket) if photo["id"] in name or form["upload_id"] in name}
        assert {name.partition("/")[0] for name in mine} == {"sealed", "display", "thumb"}
        assert client.get(photo["urls"]["thumb"]).headers["content-type"] == "image/jpeg"
        body = {
            "description": "井盖破损", "category": "manhole", "photo_ids": [photo["id"]],
            "place": {"lat": 30.2, "lng": 105.84, "crs": "wgs84"},
        }  # fmt: skip
        sent = client.post("/v1/reports", json=body, headers={**liu, **key()})
        assert sent.status_code == 201, sent.text

    def test_once(self, client, liu, bucket, db):
        form, headers = opened(client, liu), key()
        posted(form, picture())
        first = complete(client, liu, form, **headers)
        before = keys(bucket)
        again = complete(client, liu, form, **headers)
        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
        assert again.headers["idempotency-replayed"] == "true"
        posted(form, picture())
        assert code(complete(client, liu, form)) == (409, "upload_completed")
        assert keys(bucket) == before
        with work(db, write=False) as tx:
            ours = Photo.owner_id == tx.get(Photo, first.json()["id"]).owner_id
            assert tx.scalar(select(func.count(Photo.id)).where(ours)) == 1

    def test_two_at_once_make_one(self, client, liu, bucket, db, monkeypatch):
        form = opened(client, liu)
        posted(form, picture())
        other = []
        write_files = service.media.write_files

        def overtaken(*given):
            # While the first has read and decoded, another completes.
            if not other:
                other.append(None)
                other[0] = complete(client, liu, form)
            write_files(*given)

        monkeypatch.setattr(service.media, "write_files", overtaken)
        assert code(complete(client, liu, form)) == (409, "upload_completed")
        assert other[0].status_code == 201
        sealed = {name for name in keys(bucket, "sealed/") if other[0].json()["id"] in name}
        assert len(sealed) == 1
        with work(db, write=False) as tx:
            assert len(keys(bucket, "sealed/")) == tx.scalar(select(func.count(Photo.id)))

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"GIF89a" + bytes(100), (415, "photo_type_refused")),
            (picture(1)[:1500], (422, "photo_unreadable")),
            (picture(1) + bytes(MAX_BYTES), (413, "photo_too_large")),
        ],
        ids=["type", "cut", "large"],
    )
    def test_what_is_refused_is_removed(self, client, liu, bucket, data, expected):
        form, before = opened(client, liu), keys(bucket)
        posted(form, data)
        assert code(complete(client, liu, form)) == expected
        assert keys(bucket) == before
        posted(form, picture())
        assert complete(client, liu, form).status_code == 201

    def test_of_somebody_else_is_absent(self, client, liu, as_, newcomer, bucket):
        form = opened(client, liu)
        posted(form, b"GIF89a")
        assert code(complete(client, as_(newcomer()), form)) == (404, "upload_not_found")
        assert service.key(form["upload_id"]) in keys(bucket)

    def test_a_store_that_is_down_costs_nothing_but_time(self, client, app, liu, bucket):
        form = opened(client, liu)
        posted(form, picture())
        with failing_store(503) as server:
            app.state.bucket = RemoteBucket(place(server.server_port))
            refused = complete(client, liu, form)
            app.state.bucket = bucket
        assert code(refused) == (503, "photo_storage_unavailable")
        assert complete(client, liu, form).status_code == 201


class TestSweep:
    def test_forgotten_uploads_go_after_a_day(self, client, app, liu, bucket, db, drain):
        form = opened(client, liu)
        posted(form, picture())
        for shift, there in ((timedelta(hours=23), True), (timedelta(hours=2), False)):
            clock.shift(shift)
            with work(db, write=True) as tx:
                outbox.enqueue(tx, "uploads.swept")
            drain()
            with work(db, write=False) as tx:
                assert (tx.get(Upload, form["upload_id"]) is not None) == there
            assert (service.key(form["upload_id"]) in keys(bucket)) == there

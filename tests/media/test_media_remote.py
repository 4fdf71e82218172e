"""Photos in an object store, the whole way: uploaded, shown, swept; and a store that fails."""

from datetime import timedelta
from io import BytesIO
from urllib.parse import urlsplit

import httpx
import pytest
from flows.story import picture
from matrix.stage import *  # noqa: F403 - this module's stage
from matrix.stage import _quick  # noqa: F401
from object_store import failing_store, object_store, place, settings_in
from PIL import Image

from app.furniture import bucket_of
from app.kit import clock
from app.kit.db import work
from app.media import jobs
from app.media.remote import RemoteBucket


@pytest.fixture(scope="module")
def store(engine_name):
    with object_store() as there:
        yield there


@pytest.fixture(scope="module")
def settings(url, folder, store):
    return settings_in(store, url, folder, bucket_direct_reads=True)


@pytest.fixture(scope="module")
def liu(as_, newcomer):
    return as_(newcomer())


@pytest.fixture
def other_bucket(app):
    """Puts another bucket in the application's place for one test."""
    own = app.state.bucket

    def put(bucket):
        app.state.bucket = bucket

    yield put
    app.state.bucket = own


def send(client, headers, data):
    return client.post("/v1/photos", files={"file": ("p.jpg", data)}, headers=headers)


def keys(bucket):
    return set(bucket.keys_older_than("", clock.now() + timedelta(days=1)))


class TestPhotosInAStore:
    def test_uploaded_and_shown_by_the_store(self, client, app, liu):
        made = send(client, liu, picture())
        assert made.status_code == 201, made.text
        body = made.json()
        variants = {key.partition("/")[0] for key in keys(app.state.bucket) if body["id"] in key}
        assert variants == {"sealed", "display", "thumb"}
        answer = client.get(body["urls"]["thumb"], follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["cache-control"] == "no-store"
        shown = httpx.get(answer.headers["location"])
        assert Image.open(BytesIO(shown.content)).format == "JPEG"
        assert urlsplit(answer.headers["location"]).path.endswith(body["id"])

    def test_through_the_server_unless_told(self, client, app, liu, settings, other_bucket):
        plain = settings.model_copy(update={"bucket_direct_reads": False})
        body = send(client, liu, picture()).json()
        other_bucket(bucket_of(plain))
        answer = client.get(body["urls"]["thumb"], follow_redirects=False)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        gone = app.state.bucket
        for key in keys(gone):
            gone.delete(key)
        assert client.get(body["urls"]["thumb"]).status_code == 404

    def test_a_store_that_is_down_is_503_and_leaves_no_row(self, client, liu, other_bucket):
        with failing_store(503) as server:
            other_bucket(RemoteBucket(place(server.server_port)))
            answer = send(client, liu, picture())
        assert (answer.status_code, answer.json()["code"]) == (503, "photo_storage_unavailable")
        assert "retry-after" in answer.headers

    def test_orphans_are_swept(self, client, app, liu, db):
        bucket = app.state.bucket
        kept = send(client, liu, picture()).json()["id"]
        bucket.put("display/00/0190f0f0-0000-7000-8000-000000000000", b"x")
        before = keys(bucket)
        clock.shift(timedelta(hours=25))
        with work(db, write=True) as tx:
            job = jobs.sweep(app.state.db, bucket)
            job.record(tx, {}, job.call({}))
        clock.unshift()
        left = keys(bucket)
        assert before - left == {"display/00/0190f0f0-0000-7000-8000-000000000000"}
        assert any(kept in key for key in left)

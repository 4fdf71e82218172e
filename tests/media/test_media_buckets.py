"""What every bucket does, whether it is a folder or an object store; and a store that fails."""

import asyncio
import re
import sys
import threading
import time
from datetime import timedelta

import httpx
import pytest
from media_build import four_corners, saved
from object_store import failing_store, object_store, place

from app.kit import clock
from app.media import errors, remote
from app.media.bucket import LocalBucket
from app.media.remote import RemoteBucket, place_of

KEY = "display/2026/a-1"
PHOTO = saved(four_corners())


@pytest.fixture(scope="module")
def store():
    with object_store() as there:
        yield there


@pytest.fixture(params=["local", "remote"])
def bucket(request, tmp_path):
    if request.param == "local":
        return LocalBucket(tmp_path / "photos")
    there = RemoteBucket(request.getfixturevalue("store"))
    for key in there.keys_older_than("", clock.now() + timedelta(days=1)):
        there.delete(key)
    return there


class TestEveryBucket:
    def test_put_read_size_delete(self, bucket):
        bucket.put(KEY, b"one")
        bucket.put(KEY, PHOTO)
        assert bucket.read(KEY) == PHOTO
        assert bucket.size(KEY) == len(PHOTO)
        bucket.delete(KEY)
        bucket.delete(KEY)
        for look in (bucket.read, bucket.size):
            with pytest.raises(FileNotFoundError):
                look(KEY)

    @pytest.mark.parametrize(
        "key",
        ["", "/etc/passwd", "..", "a/../../b", "a/..", "./a", "a//b", "a/", "a\\b", "a\0b", "a\n",
         "照片", "a" * 201],
    )  # fmt: skip
    def test_keys_stay_inside(self, bucket, key):
        def put(key):
            bucket.put(key, b"")

        def link(key):
            asyncio.run(bucket.link(key, 60))

        for use in (bucket.read, bucket.size, bucket.delete, put, link):
            with pytest.raises(ValueError, match=re.escape(key) or "^$"):
                use(key)

    def test_keys_older_than(self, bucket):
        for key in ("a/b/1", "a/2", "ab/3", "c/4"):
            bucket.put(key, b"x")
        later, before = (clock.now() + timedelta(minutes=m) for m in (1, -1))
        assert sorted(bucket.keys_older_than("a/", later)) == ["a/2", "a/b/1"]
        assert len(list(bucket.keys_older_than("", later))) == 4
        assert list(bucket.keys_older_than("absent/", later)) == []
        assert list(bucket.keys_older_than("a/", before)) == []

    def test_no_link_unless_told(self, bucket):
        bucket.put(KEY, PHOTO)
        assert asyncio.run(bucket.link(KEY, 60)) is None


class TestRemoteBucket:
    def test_a_list_is_read_in_parts(self, store, monkeypatch):
        monkeypatch.setattr(remote, "BATCH", 2)
        there, later = RemoteBucket(store), clock.now() + timedelta(minutes=1)
        keys = [f"part/{n}" for n in range(5)]
        for key in keys:
            there.put(key, b"x")
        assert sorted(there.keys_older_than("part/", later)) == keys

    def test_it_stays_in_its_folder_and_is_private(self, store):
        RemoteBucket(store).put(KEY, PHOTO)
        answer = httpx.get(f"{store.endpoint}/{store.bucket}/{store.root}/{KEY}")
        assert answer.status_code == 403

    def test_a_link_of_the_store_opens_one_object(self, store):
        there = RemoteBucket(store, direct_reads=True)
        there.put(KEY, PHOTO)
        link = asyncio.run(there.link(KEY, 60))
        answer = httpx.get(link)
        assert (answer.content, answer.headers["content-type"]) == (PHOTO, "image/jpeg")
        assert "X-Amz-Expires=60" in link
        assert store.secret not in link

    def test_a_secret_is_not_shown(self, store):
        assert store.secret not in repr(store)

    def test_without_opendal_it_says_what_to_install(self, store, monkeypatch):
        monkeypatch.setitem(sys.modules, "opendal", None)
        with pytest.raises(RuntimeError, match=r"xinxin-ejia\[bucket\]"):
            RemoteBucket(store)


OPERATIONS = {
    "put": lambda there: there.put(KEY, PHOTO),
    "read": lambda there: there.read(KEY),
    "size": lambda there: there.size(KEY),
    "delete": lambda there: there.delete(KEY),
    "list": lambda there: list(there.keys_older_than("a/", clock.now())),
}


class TestFailingStore:
    @pytest.mark.parametrize("name", OPERATIONS)
    def test_refused_connection(self, name):
        with pytest.raises(errors.BucketUnavailable):
            OPERATIONS[name](RemoteBucket(place(9)))

    @pytest.mark.parametrize(
        ("status", "error", "asked"),
        [
            (503, errors.BucketUnavailable, 1 + remote.RETRIES),
            (429, errors.BucketUnavailable, 1 + remote.RETRIES),
            (403, errors.BucketUnavailable, 1),
            (507, errors.BucketFull, 1),
        ],
    )
    def test_statuses(self, status, error, asked):
        with failing_store(status) as server:
            there = RemoteBucket(place(server.server_port))
            for use in (OPERATIONS["put"], OPERATIONS["list"]):
                server.asked = 0
                with pytest.raises(error):
                    use(there)
                assert server.asked == asked

    def test_a_slow_store_is_given_up_and_holds_up_nobody(self):
        with failing_store(200, pause_s=1) as server:
            there = RemoteBucket(place(server.server_port), timeout_s=0.2)
            ended, turns = threading.Event(), []
            ticking = threading.Thread(target=lambda: count(turns, ended))
            ticking.start()
            for use in (OPERATIONS["put"], OPERATIONS["list"]):
                started, before = time.monotonic(), len(turns)
                with pytest.raises(errors.BucketUnavailable):
                    use(there)
                took_s = time.monotonic() - started
                assert took_s < 3
                # The interpreter's lock was free meanwhile.
                assert len(turns) - before > took_s * 10
            ended.set()
            ticking.join()


def count(turns, ended):
    while not ended.wait(0.02):
        turns.append(1)


class TestPlace:
    def test_an_address(self):
        there = place_of("cos://b-1/photos/?endpoint=https://cos.cq.example.com/", "k", "s")
        assert (there.service, there.bucket, there.root) == ("cos", "b-1", "photos")
        assert there.endpoint == "https://cos.cq.example.com"

    @pytest.mark.parametrize("service", remote.KEY_NAMES)
    def test_every_service_opens(self, service):
        RemoteBucket(place_of(f"{service}://b?endpoint=https://s.example.com", "k", "s"))

    @pytest.mark.parametrize(
        "url",
        ["file:///var", "s3://?endpoint=https://s.example.com", "s3://b", "s3://b?endpoint=s.com",
         "s3://b?endpoint=https://s.example.com&regoin=x"],
    )  # fmt: skip
    def test_what_is_no_address(self, url):
        with pytest.raises(ValueError, match="XINXIN_BUCKET_URL"):
            place_of(url, "k", "s")

    def test_a_key_is_needed(self):
        with pytest.raises(ValueError, match="XINXIN_BUCKET_KEY"):
            place_of("s3://b?endpoint=https://s.example.com", "k", "")

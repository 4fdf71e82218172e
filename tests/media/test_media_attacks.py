"""Hostile uploads to a real server over real HTTP: refused, cheap, and nothing is left behind."""

import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import psutil
import pytest
from cast import make_cast
from flows.story import picture
from media_build import huge_webp, many_scans, photo, png, saved, webp_film
from media_pool import status
from PIL import Image

from app.demo import play
from app.kit.db import make_database, work
from app.media.pixels.opening import MAX_BYTES

MOST_MEMORY = 400 * 1000 * 1000
ROAD = photo("pixel_road.jpg")
# As large as a photo may be.
HEAVY = saved(Image.new("RGB", (64, 64), "teal"))
HEAVY += bytes(MAX_BYTES - len(HEAVY))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("attacked")


@pytest.fixture(scope="module")
def server(data_dir, sqlite_template):
    """A process of its own, and its address; the database is no matter here."""
    url = f"sqlite:///{data_dir / 'xinxin.db'}"
    shutil.copy(sqlite_template, data_dir / "xinxin.db")
    db = make_database(url)
    with work(db, write=True) as tx:
        make_cast(tx)
    db.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "XINXIN_ENVIRONMENT": "development", "XINXIN_DATABASE_URL": url,
        "XINXIN_DATA_DIR": str(data_dir / "photos"), "XINXIN_LOG_LEVEL": "ERROR",
        "XINXIN_DECODERS": "2", "XINXIN_WORKER": "none",
    }  # fmt: skip
    with play.server(port, environment) as (process, base_url):
        yield psutil.Process(process.pid), base_url


@pytest.fixture(scope="module")
def headers(server):
    _, base_url = server
    signed = httpx.post(f"{base_url}/v1/auth/development", json={"member": "liu-bo"})
    return {"Authorization": f"Bearer {signed.json()['access_token']}"}


@pytest.fixture
def send(server, headers):
    def send(data, name="p.jpg", kind="image/jpeg"):
        files = {"file": (name, data, kind)}
        url = f"{server[1]}/v1/photos"
        return httpx.post(url, files=files, headers=headers, timeout=60)

    return send


@pytest.fixture
def left(data_dir):
    def left():
        return {path for path in (data_dir / "photos").rglob("*") if path.is_file()}

    return left


def code(answer):
    return answer.status_code, answer.json()["code"]


HOSTILE = {
    "a webp of 36 bytes and 268 megapixels": (huge_webp(), (422, "photo_too_many_pixels")),
    "a png bomb": (png(60_000, 60_000, b"", rows=1), (422, "photo_too_many_pixels")),
    "sixty-five scans": (many_scans(65), (422, "photo_too_costly")),
    "ten thousand frames": (webp_film(10_000), (422, "photo_animated")),
    "cut": (ROAD[:9000], (422, "photo_unreadable")),
    "a page that begins as a photo": (
        b"\xff\xd8\xff<script>alert(1)</script>", (422, "photo_unreadable")),
    "a gif called a photo": (b"GIF89a" + bytes(100), (415, "photo_type_refused")),
    "a drawing with a script": (b"<svg onload='alert(1)'/>", (415, "photo_type_refused")),
    "nothing": (b"", (422, "photo_empty")),
    "a byte too large": (HEAVY + b"\0", (413, "photo_too_large")),
}  # fmt: skip


class TestFiles:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_is_refused_by_name_and_leaves_nothing(self, send, left, name):
        data, expected = HOSTILE[name]
        before = left()
        assert code(send(data)) == expected
        assert left() == before

    def test_what_rides_on_a_photo_stays_behind(self, server, send):
        rider = b"PK\x03\x04<?php system($_GET[0]) ?><script>alert(1)</script>"
        made = send(ROAD + rider, "../../../etc/x.php", "text/html")
        assert made.status_code == 201
        for url in made.json()["urls"].values():
            shown = httpx.get(f"{server[1]}{url}")
            assert rider[:10] not in shown.content
            assert b"script" not in shown.content
            assert shown.headers["content-type"] == "image/jpeg"
            assert shown.headers["x-content-type-options"] == "nosniff"

    def test_names_lead_nowhere(self, send, left, data_dir):
        before = left()
        for name in ("../../x", "/etc/passwd", "..\\..\\x", "a/b", "%2e%2e%2fx", "x" * 1000):
            assert send(picture(), name).status_code == 201
        # Three files each, below the folders of photos, under names of ours.
        assert len(left() - before) == 18
        assert {path.relative_to(data_dir).parts[1] for path in left()} == {
            "sealed", "display", "thumb"
        }  # fmt: skip


class TestLengths:
    def raw(self, server, headers, length, sent, *, whole=True):
        """The status of a request that says one length and sends another."""
        head = (
            f"POST /v1/photos HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
        )
        port = int(server[1].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(head.encode() + sent)
            if not whole:
                line.shutdown(socket.SHUT_WR)
            answer = line.recv(4096)
        return int(answer.split()[1]) if answer else None

    @pytest.mark.parametrize(
        ("length", "status"),
        [("99999999999", 413), ("-1", 400), ("1e3", 400), (str(MAX_BYTES * 2), 413)],
    )
    def test_lies_are_refused_at_the_door(self, server, headers, left, length, status):
        before = left()
        assert self.raw(server, headers, length, b"--b\r\n") == status
        assert left() == before

    def test_less_than_said_leaves_nothing(self, server, headers, left):
        before = left()
        assert self.raw(server, headers, 5000, b"--b\r\n", whole=False) is None
        assert left() == before

    def test_slow_bodies_keep_nobody_waiting(self, server, headers, send):
        """Thirty that trickle: their time-out is the guard's own test; others are served."""
        port = int(server[1].rpartition(":")[2])
        head = (
            f"POST /v1/photos HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n--b\r\n"
        )
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
        try:
            for line in lines:
                line.sendall(head.encode())
            started = time.monotonic()
            assert httpx.get(f"{server[1]}/healthz").status_code == 200
            assert send(picture()).status_code == 201
            assert time.monotonic() - started < 5
        finally:
            for line in lines:
                line.close()


def test_forty_of_the_largest_at_once_stay_below_400_mb(server, send, left):
    process, _ = server
    before = left()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: send(HEAVY), range(40)))
    statuses = [answer.status_code for answer in answers]
    # Each is taken in, or told to come again.
    assert set(statuses) <= {201, 503}
    assert len(left() - before) == 3 * statuses.count(201)
    assert status(process.pid, "VmHWM") * 1024 < MOST_MEMORY
    children = sum(child.memory_info().rss for child in process.children(recursive=True))
    assert process.memory_info().rss + children < MOST_MEMORY


def test_all_eight_orientations_arrive_upright(server, send):
    """The pixels are the matter of `test_media_pixels`; here the whole way at once."""
    for turn in range(1, 9):
        tags = Image.Exif()
        tags[274] = turn
        image = Image.new("RGB", (64, 32), "teal")
        made = send(saved(image, exif=tags.tobytes())).json()
        assert (made["width"], made["height"]) == ((64, 32) if turn < 5 else (32, 64))
        shown = httpx.get(f"{server[1]}{made['urls']['display']}").content
        upright = Image.open(BytesIO(shown))
        assert upright.size == (made["width"], made["height"])
        assert not upright.getexif()

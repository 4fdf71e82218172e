"""A day's caps: exact for all servers over one database, after a restart, and to the midnight."""

import threading
from datetime import timedelta

import pytest
from cast import INSIDE
from fastapi.testclient import TestClient
from flows.story import key, picture, upload
from sqlalchemy import func, select
from windows import next_noon

from app.conduct.models import DailyUse
from app.conduct.rules import Caps
from app.conduct.service import forget_old
from app.kit import clock
from app.kit.db import work
from app.main import create_app
from app.media.models import Photo
from app.reports.models import Report

CAP = 3


@pytest.fixture(autouse=True)
def _at_noon():
    """Far from midnight, so that no test crosses it by chance."""
    next_noon()


@pytest.fixture(scope="module")
def servers(app, client, settings):
    """Two servers on one database, with the same caps."""
    other = create_app(settings.model_copy(update={"reports_a_day": CAP}))
    assert other.state.caps.reports == CAP
    before, app.state.caps = app.state.caps, other.state.caps
    with TestClient(other, raise_server_exceptions=False) as second:
        yield client, second
    app.state.caps = before
    other.state.db.close()


@pytest.fixture
def photo_cap(app):
    """Sets how many bytes of photos a day there may be."""
    before = app.state.caps

    def set_cap(photo_bytes: int) -> None:
        app.state.caps = Caps(before.reports, photo_bytes)

    yield set_cap
    app.state.caps = before


def send(client, headers, photo: str):
    body = {"description": "路灯不亮", "photo_ids": [photo], "place": INSIDE}
    return client.post("/v1/reports", json=body, headers={**headers, **key()})


def put(client, headers, data: bytes):
    files = {"file": ("p.jpg", data, "image/jpeg")}
    return client.post("/v1/photos", files=files, headers=headers)


def stands(db, *conditions) -> int:
    with work(db, write=False) as tx:
        return tx.scalar(select(func.count()).where(*conditions)) or 0


class TestReports:
    def test_exactly_so_many_on_two_servers_and_after_a_restart(
        self, servers, settings, newcomer, as_
    ):
        who = as_(newcomer())
        photos = [upload(servers[0], who) for _ in range(CAP + 1)]
        sent = [send(servers[n % 2], who, photo) for n, photo in enumerate(photos)]
        assert [answer.status_code for answer in sent] == [201] * CAP + [429]
        restarted = create_app(settings.model_copy(update={"reports_a_day": CAP}))
        again = send(TestClient(restarted, raise_server_exceptions=False), who, photos[-1])
        restarted.state.db.close()
        assert (again.status_code, again.json()["code"]) == (429, "reports_spent")

    def test_at_once_no_more_get_through(self, servers, db, newcomer, as_):
        person = newcomer()
        who = as_(person)
        photos = [upload(servers[0], who) for _ in range(8)]
        found, start = [], threading.Barrier(8)

        def one(n: int) -> None:
            start.wait()
            found.append(send(servers[n % 2], who, photos[n]).status_code)

        threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [201] * CAP + [429] * (8 - CAP)
        assert stands(db, Report.person_id == person.id) == CAP

    def test_the_refusal_says_when_and_then_it_goes_on(self, servers, newcomer, as_):
        person = newcomer()
        who = as_(person)
        photos = [upload(servers[0], who) for _ in range(CAP + 1)]
        last = [send(servers[0], who, photo) for photo in photos][-1]
        left = int(last.headers["retry-after"])
        assert 12 * 3600 - 60 <= left <= 12 * 3600
        assert last.headers["ratelimit-policy"] == f'"reports";q={CAP};w=86400'
        assert last.headers["ratelimit"] == f'"reports";r=0;t={left}'
        clock.shift(timedelta(seconds=left - 30))
        assert send(servers[0], as_(person), photos[-1]).status_code == 429
        clock.shift(timedelta(seconds=30))
        assert send(servers[0], as_(person), photos[-1]).status_code == 201

    def test_what_was_refused_is_not_counted(self, servers, newcomer, as_):
        who = as_(newcomer())
        used = upload(servers[0], who)
        assert send(servers[0], who, used).status_code == 201
        for _ in range(CAP):
            assert send(servers[0], who, used).json()["code"] == "photo_used"
        fresh = [upload(servers[0], who) for _ in range(CAP)]
        statuses = [send(servers[0], who, photo).status_code for photo in fresh]
        assert statuses == [201] * (CAP - 1) + [429]

    def test_a_retry_of_the_last_one_is_its_answer(self, servers, newcomer, as_):
        who = as_(newcomer())
        once = key()
        bodies = [
            {"description": "路灯", "photo_ids": [upload(servers[0], who)], "place": INSIDE}
            for _ in range(CAP)
        ]
        for body in bodies:
            last = servers[0].post("/v1/reports", json=body, headers={**who, **once})
            assert last.status_code == 201
            kept, once = once, key()
        again = servers[1].post("/v1/reports", json=bodies[-1], headers={**who, **kept})
        assert (again.status_code, again.json()["id"]) == (201, last.json()["id"])


class TestPhotos:
    def test_to_the_byte_and_nothing_of_the_refused_stays(
        self, app, client, db, photo_cap, newcomer, as_
    ):
        person = newcomer()
        who, one, two = as_(person), picture(), picture()
        photo_cap(len(one) + len(two))
        assert put(client, who, one).status_code == 201
        assert put(client, who, two + b"\0").json()["code"] == "photos_spent"
        assert put(client, who, two).status_code == 201
        refused = put(client, who, picture())
        assert (refused.status_code, refused.json()["code"]) == (429, "photos_spent")
        assert refused.headers["ratelimit-policy"].startswith('"photo_bytes";q=')
        assert stands(db, Photo.owner_id == person.id) == 2
        assert put(client, as_(newcomer()), picture()).status_code == 201


def test_old_days_are_forgotten_today_is_not(db, newcomer, client, as_):
    person = newcomer()
    upload(client, as_(person))
    mine = DailyUse.person_id == person.id
    for days, left in ((7, 1), (1, 0)):
        clock.shift(timedelta(days=days))
        with work(db, write=True) as tx:
            forget_old(tx)
        assert stands(db, mine) == left

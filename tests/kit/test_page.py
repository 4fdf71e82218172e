"""Pages: no row twice, none missed, and no forged cursor that breaks anything."""

import base64
import json
from datetime import timedelta

import pytest
from kit.little import little_app, signed
from sqlalchemy import insert

from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.kit.outbox import Job


@pytest.fixture
def app(db):
    return little_app(db)


@pytest.fixture
def fetch(client):
    """Asks for one page."""

    def get(cursor: str | None = None, kind: str = "soap", caller: str = "liu-bo", limit: int = 3):
        params = {"kind": kind, "limit": limit, **({"cursor": cursor} if cursor else {})}
        return client.get("/v1/jobs", params=params, headers=signed(caller))

    return get


def add(db, number: int, at, kind: str = "soap") -> list[str]:
    ids = [new_id() for _ in range(number)]
    rows = [
        {"id": i, "kind": kind, "payload": {}, "state": "ready", "run_at": at, "attempts": 0,
         "created_at": at}
        for i in ids
    ]  # fmt: skip
    with work(db, write=True) as tx:
        tx.execute(insert(Job), rows)
    return [str(i) for i in ids]


def walk(fetch, between=lambda: None, **how) -> list[str]:
    """Every id of a list, page by page, with something happening between the pages."""
    seen, cursor = [], None
    while True:
        answer = fetch(cursor, **how).json()
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            return seen
        between()


class TestPages:
    def test_are_newest_first(self, fetch, db):
        now = clock.now()
        old, new = add(db, 4, now - timedelta(seconds=1)), add(db, 4, now)
        assert walk(fetch) == [*reversed(new), *reversed(old)]

    @pytest.mark.parametrize("limit", [1, 2, 7, 100])
    def test_hold_each_row_of_one_instant_once(self, fetch, db, limit):
        ids = add(db, 7, clock.now())
        assert walk(fetch, limit=limit) == ids[::-1]

    def test_are_stable_while_rows_of_the_same_instant_arrive(self, fetch, db):
        now = clock.now()
        ids = add(db, 9, now)
        seen = walk(fetch, between=lambda: add(db, 2, now))
        assert len(set(seen)) == len(seen)
        assert [i for i in seen if i in ids] == ids[::-1]

    def test_end_without_an_empty_one(self, fetch, db):
        add(db, 3, clock.now())
        assert fetch(limit=3).json()["next_cursor"] is None

    def test_of_nothing_are_empty(self, fetch):
        assert fetch().json() == {"items": [], "next_cursor": None}

    @pytest.mark.parametrize("limit", [0, 101, -1])
    def test_of_other_sizes_are_refused(self, fetch, limit):
        assert fetch(limit=limit).status_code == 422


class TestCursor:
    @pytest.fixture
    def genuine(self, fetch, db) -> str:
        add(db, 5, clock.now())
        return fetch().json()["next_cursor"]

    def test_of_another_filter_is_refused(self, fetch, genuine):
        assert fetch(genuine).status_code == 200
        for other in ({"kind": "rice"}, {"caller": "chen"}):
            answer = fetch(genuine, **other)
            assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")

    @pytest.mark.parametrize(
        "forged",
        [
            "junk", "====", "ünïcode", "\x7f", "A" * 400, "%00",
            "W1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tb",
        ],
    )  # fmt: skip
    def test_of_junk_is_refused(self, fetch, forged):
        assert (fetch(forged).status_code, fetch(forged).json()["code"]) == (400, "cursor_invalid")

    def test_that_is_huge_is_refused(self, fetch):
        assert fetch("A" * 401).status_code == 422
        assert fetch("A" * 20_000).status_code == 422

    @pytest.mark.parametrize(
        "content",
        [
            None, 1, [], {}, "text", [1, 2], [1, 2, 3, 4], ["", "", ""], [[], {}, []],
            [None, None, None], {"a": 1, "b": 2, "c": 3},
            ["2026-01-01T00:00:00+00:00", 5, ""],
            ["2026-01-01T00:00:00+00:00", None, ""],
            ["2026-01-01T00:00:00+00:00", [1], ""],
            [5, "0192f0c1-2b3c-7def-8abc-0123456789ab", ""],
            ["\ud800", "\ud800", "\ud800"],
            ["2026-01-01T00:00:00+00:00", "\x00" * 32, ""],
        ],
    )  # fmt: skip
    def test_of_other_content_is_refused(self, fetch, content):
        assert fetch(encode(content)).status_code == 400

    @pytest.mark.parametrize(
        "at",
        [
            "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+00:00", "2026-01-01", "2026-13-01T00:00:00+00:00",
        ],
    )  # fmt: skip
    def test_with_another_instant_never_breaks_the_list(self, fetch, genuine, at):
        _, row_id, belongs_to = decode(genuine)
        assert fetch(encode([at, row_id, belongs_to])).status_code in {200, 400}


def encode(content) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def decode(cursor: str):
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))

"""A retry with the same key has one effect and the same answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from kit.little import ENDED, Bounced, Refused, effects, little_app, signed
from sqlalchemy import func, select

from app.kit import attempts, clock, idempotency
from app.kit.db import work
from app.kit.errors import Unavailable
from app.kit.idempotency import KEEP, StoredAnswer

KEY = "0f6cfa32-6c1e-4f0e-9b53-7f3c8f4f7a55"


@pytest.fixture
def app(db):
    return little_app(db)


@pytest.fixture
def make(client):
    """Posts to /v1/keyed as a caller with a key."""

    def post(name: str = "soap", key: str | None = KEY, caller: str = "liu-bo", **how):
        return client.post(
            how.get("path", "/v1/keyed"), json={"name": name}, headers=signed(caller, key)
        )

    return post


def stored(db) -> int:
    with work(db, write=False) as tx:
        return tx.scalar(select(func.count()).select_from(StoredAnswer)) or 0


class TestReplay:
    def test_repeats_status_body_and_headers(self, make, db):
        first, second = make(), make()
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content
        assert first.headers["content-type"] == second.headers["content-type"]
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert effects(db) == 1

    def test_twenty_times_in_turn_is_one_effect(self, make, db):
        assert {make().content for _ in range(20)} == {make().content}
        assert effects(db) == 1

    def test_of_an_optional_key_works_as_well(self, make, db):
        answers = [make(path="/v1/things") for _ in range(2)]
        assert answers[0].content == answers[1].content
        assert effects(db) == 1

    def test_of_no_content_is_no_content(self, client, db):
        for replayed in (False, True):
            answer = client.delete("/v1/things/soap", headers=signed(key=KEY))
            assert (answer.status_code, answer.content) == (204, b"")
            assert ("idempotency-replayed" in answer.headers) is replayed
        assert effects(db) == 1

    def test_of_a_refusal_is_the_refusal(self, make, app, db):
        def refuse(tx) -> None:
            raise Refused(keep=lambda kept: attempts.add(kept, "kept"))

        app.state.during = refuse
        first = make()
        app.state.during = lambda _tx: None
        second = make()
        assert (first.status_code, second.status_code) == (409, 409)
        assert first.content == second.content
        assert second.headers["content-type"] == "application/problem+json"
        assert (effects(db), effects(db, "kept")) == (0, 1)

    def test_survives_a_restart(self, make, db):
        first = make()
        with TestClient(little_app(db)) as restarted:
            answer = restarted.post("/v1/keyed", json={"name": "soap"}, headers=signed(key=KEY))
        assert (answer.content, effects(db)) == (first.content, 1)


class TestKey:
    def test_with_another_body_is_422(self, make, db):
        make("soap")
        answer = make("rice")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert (effects(db, "soap"), effects(db, "rice")) == (1, 0)

    def test_on_another_path_is_422(self, make):
        make()
        assert make(path="/v1/things").json()["code"] == "idempotency_key_reused"

    def test_with_another_query_is_422(self, make):
        make()
        assert make(path="/v1/keyed?more=1").json()["code"] == "idempotency_key_reused"

    def test_with_another_prepared_body_is_422(self, make, app):
        make(path="/v1/prepared")
        assert make("rice", path="/v1/prepared").status_code == 422
        assert app.state.prepared == ["soap"]

    def test_belongs_to_its_caller(self, make, db):
        assert make(caller="liu-bo").json()["count"] == 1
        assert make(caller="chen").json()["count"] == 2

    def test_missing_where_it_is_required_is_400(self, make, db):
        answer = make(key=None)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
        assert effects(db) == 0

    @pytest.mark.parametrize("key", ["short", "x" * 101, "tab\tin the key", "ein Schlüssel"])
    def test_of_a_bad_form_is_400(self, client, db, key):
        headers = {**signed(), "Idempotency-Key": key.encode("latin-1")}
        answer = client.post("/v1/keyed", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
        assert (effects(db), stored(db)) == (0, 0)

    @pytest.mark.parametrize("key", ["8 signs.", "x" * 100])
    def test_at_the_edges_of_its_form_is_taken(self, make, key):
        assert make(key=key).status_code == 201

    def test_is_forgotten_after_seven_days(self, make, db):
        make()
        clock.shift(KEEP - timedelta(minutes=1))
        with work(db, write=True) as tx:
            idempotency.forget_expired(tx)
        assert make().headers["idempotency-replayed"] == "true"
        clock.shift(timedelta(minutes=2))
        with work(db, write=True) as tx:
            idempotency.forget_expired(tx)
        assert "idempotency-replayed" not in make().headers
        assert effects(db) == 2


class TestNotStored:
    @pytest.mark.parametrize(("refusal", "status"), [(Bounced, 429), (Unavailable, 503)])
    def test_refusal_of_the_moment(self, make, app, db, refusal, status):
        def refuse(_tx) -> None:
            raise refusal

        app.state.during = refuse
        assert (make().status_code, stored(db)) == (status, 0)
        app.state.during = lambda _tx: None
        assert (make().status_code, effects(db)) == (201, 1)

    def test_ended_session(self, make, db):
        assert (make(caller=ENDED).status_code, stored(db)) == (401, 0)

    def test_unexpected_error(self, make, app, db):
        app.state.during = lambda _tx: 1 / 0
        assert (make().status_code, stored(db)) == (500, 0)

    def test_body_that_does_not_parse(self, client, make, db):
        answer = client.post("/v1/keyed", json={"name": 1}, headers=signed(key=KEY))
        assert (answer.status_code, stored(db)) == (422, 0)
        assert make().status_code == 201


class TestAtOnce:
    def test_the_second_is_409_while_the_first_is_under_way(self, make, app, db):
        entered, go_on = threading.Event(), threading.Event()

        def wait(_tx) -> None:
            entered.set()
            assert go_on.wait(10)

        app.state.during = wait
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(make)
            assert entered.wait(10)
            second = make()
            go_on.set()
            assert first.result().status_code == 201
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_progress")
        assert second.headers["retry-after"] == "1"
        assert make().content == first.result().content
        assert effects(db) == 1

    def test_another_process_is_409_too_on_postgresql(self, make, app, db):
        if db.is_sqlite:
            pytest.skip("SQLite's second process waits for the write lock and replays")
        entered, go_on = threading.Event(), threading.Event()

        def wait(_tx) -> None:
            entered.set()
            assert go_on.wait(10)

        app.state.during = wait
        with ThreadPoolExecutor(1) as threads, TestClient(little_app(db)) as other:
            first = threads.submit(make)
            assert entered.wait(10)
            second = other.post("/v1/keyed", json={"name": "soap"}, headers=signed(key=KEY))
            go_on.set()
            assert first.result().status_code == 201
        assert (second.status_code, second.headers["retry-after"]) == (409, "1")
        assert effects(db) == 1

    def test_ten_have_one_effect(self, make, db):
        with ThreadPoolExecutor(10) as threads:
            answers = list(threads.map(lambda _: make(), range(10)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
        assert effects(db) == 1

    def test_ten_at_two_processes_have_one_effect(self, make, db):
        with TestClient(little_app(db)) as other, ThreadPoolExecutor(10) as threads:
            # Routes are built when first asked, which two threads of one process must not do at
            # once: pydantic's warnings are the process's own.
            other.get("/nowhere")

            def post(number: int):
                if number % 2:
                    return make()
                return other.post("/v1/keyed", json={"name": "soap"}, headers=signed(key=KEY))

            answers = list(threads.map(post, range(10)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert effects(db) == 1

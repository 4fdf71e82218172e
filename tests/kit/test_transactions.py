"""One request, one unit, one hop; what is answered with 2xx was committed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import anyio.to_thread
import psycopg
import pytest
from fastapi.testclient import TestClient
from kit.little import WRITES, Bounced, Refused, effects, little_app, send, signed
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.kit import attempts, unit
from app.kit.db import make_database
from app.kit.errors import NotFound, Unavailable
from app.main import create_app


@pytest.fixture
def app(db):
    return little_app(db)


def break_a_promise(tx) -> None:
    """Leaves a deferred foreign key unmet, so that a real COMMIT fails on either database."""
    tx.execute(
        text(
            "CREATE TABLE promises (id INTEGER PRIMARY KEY,"
            " other INTEGER REFERENCES promises (id) DEFERRABLE INITIALLY DEFERRED)"
        )
    )
    tx.execute(text("INSERT INTO promises VALUES (1, 2)"))


class TestFailingCommit:
    @pytest.mark.parametrize(("method", "path"), WRITES)
    def test_is_never_answered_with_success(self, client, app, db, method, path):
        app.state.during = break_a_promise
        answer = send(client, method, path)
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal_error"
        assert effects(db) == 0

        app.state.during = lambda _tx: None
        assert send(client, method, path).status_code in {200, 201, 204}
        assert effects(db) == 1

    def test_leaves_the_key_free_for_the_retry(self, client, app, db):
        app.state.during = break_a_promise
        headers = signed(key="the-same-key")
        assert client.post("/v1/keyed", json={}, headers=headers).status_code == 500
        app.state.during = lambda _tx: None
        answer = client.post("/v1/keyed", json={}, headers=headers)
        assert (answer.status_code, effects(db)) == (201, 1)
        assert "idempotency-replayed" not in answer.headers

    @pytest.mark.parametrize(("method", "path"), WRITES[:3])
    def test_for_a_lost_connection_is_503(self, client, db, method, path):
        def lost(_connection) -> None:
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("connection is lost"))

        event.listen(db.writer, "commit", lost)
        try:
            answer = send(client, method, path)
        finally:
            event.remove(db.writer, "commit", lost)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert effects(db) == 0

    def test_of_the_real_application_is_no_sign_in(self, db, settings, request):
        application = create_app(settings)
        request.addfinalizer(application.state.db.close)
        real = application.state.db
        event.listen(real.writer, "commit", lambda _connection: 1 / 0)
        client = TestClient(application, raise_server_exceptions=False)
        answer = client.post("/v1/auth/development", json={"member": "liu-bo"})
        assert answer.status_code == 500
        with db.reader.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM people")) == 0


class TestRefusal:
    @pytest.mark.parametrize(("method", "path"), WRITES)
    def test_rolls_back_what_was_done_but_keeps_keep(self, client, app, db, method, path):
        def refuse(tx) -> None:
            attempts.add(tx, "inner")
            raise Refused(keep=lambda kept: attempts.add(kept, "kept"))

        app.state.during = refuse
        answer = send(client, method, path)
        assert (answer.status_code, answer.json()["code"]) == (409, "refused")
        assert (effects(db), effects(db, "inner"), effects(db, "kept")) == (0, 0, 1)

    def test_of_the_moment_keeps_keep_too(self, client, app, db):
        def refuse(_tx) -> None:
            raise Bounced(keep=lambda kept: attempts.add(kept, "kept"))

        app.state.during = refuse
        for times in (1, 2):
            answer = client.post("/v1/keyed", json={}, headers=signed(key="the-same-key"))
            assert (answer.status_code, effects(db, "kept")) == (429, times)

    def test_that_is_not_declared_is_found_by_the_tests(self, client, app, db):
        def refuse(_tx) -> None:
            raise NotFound

        app.state.during = refuse
        assert client.post("/v1/things", json={}, headers=signed()).status_code == 500
        assert effects(db) == 0


class TestLostRace:
    """Somebody else added the same key a moment ago: as if the request had come after theirs."""

    def losing(self, app, times, error=psycopg.errors.UniqueViolation):
        runs = []

        def during(_tx) -> None:
            runs.append("run")
            if len(runs) <= times:
                raise IntegrityError("INSERT", {}, error())

        app.state.during = during
        return runs

    @pytest.mark.parametrize(("method", "path"), WRITES)
    def test_is_run_again_with_one_effect(self, client, app, db, method, path):
        runs = self.losing(app, 1)
        assert send(client, method, path).status_code in {200, 201, 204}
        assert (len(runs), effects(db)) == (2, 1)

    def test_not_for_ever(self, client, app, db):
        runs = self.losing(app, 99)
        assert send(client, "PUT", "/v1/things").status_code == 500
        assert (len(runs), effects(db)) == (3, 0)

    def test_another_broken_promise_is_a_fault_at_once(self, client, app, db):
        runs = self.losing(app, 1, psycopg.errors.ForeignKeyViolation)
        assert send(client, "PUT", "/v1/things").status_code == 500
        assert (len(runs), effects(db)) == (1, 0)


@pytest.mark.parametrize("engine_name", ["postgresql"])
class TestDeadlock:
    """Two units take two rows crosswise; SQLite's writers take turns."""

    @pytest.mark.parametrize("path", ["/v1/things", "/v1/keyed"])
    def test_is_untied_and_both_have_one_effect(self, client, app, db, path):
        both, runs = threading.Barrier(2), {}

        def during(tx) -> None:
            me = threading.get_ident()
            if me not in runs:
                runs[me] = ["b" if attempts.made(tx, "a") else "a"]
                both.wait(10)
            else:
                runs[me].append("again")
            attempts.add(tx, runs[me][0])

        def write(name: str) -> int:
            headers = signed(key=f"the-key-of-{name}")
            return client.post(path, json={"name": name}, headers=headers).status_code

        app.state.during = during
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(write, "ab")) == [201, 201]
        assert (effects(db, "a"), effects(db, "b")) == (2, 2)
        assert sorted(len(run) for run in runs.values()) == [1, 2], "one of them did it again"


class TestAnswer:
    def test_that_cannot_be_built_leaves_no_effect(self, client, db):
        answer = client.post("/v1/unserialisable", json={}, headers=signed())
        assert (answer.status_code, effects(db)) == (500, 0)

    def test_is_built_before_the_commit(self, client, db, monkeypatch):
        order = []
        build = unit._finished

        def built(*given):
            order.append("built")
            return build(*given)

        def committed(_connection) -> None:
            order.append("committed")

        monkeypatch.setattr(unit, "_finished", built)
        event.listen(db.writer, "commit", committed)
        client.post("/v1/things", json={}, headers=signed())
        assert order == ["built", "committed"]


class TestPreparedWork:
    def test_stays_when_the_unit_took_it_over(self, client, app):
        assert client.post("/v1/prepared", json={}, headers=signed()).status_code == 201
        assert app.state.prepared == ["soap"]

    def test_is_undone_after_a_refusal(self, client, app):
        def refuse(_tx) -> None:
            raise Refused

        app.state.during = refuse
        assert client.post("/v1/prepared", json={}, headers=signed()).status_code == 409
        assert app.state.prepared == []

    def test_is_undone_when_the_answer_is_a_replay(self, client, app):
        for _ in range(2):
            answer = client.post("/v1/prepared", json={}, headers=signed(key="the-same-key"))
            assert answer.status_code == 201
        assert app.state.prepared == ["soap"]

    def test_is_undone_after_an_error(self, client, app):
        app.state.during = break_a_promise
        assert client.post("/v1/prepared", json={}, headers=signed()).status_code == 500
        assert app.state.prepared == []

    def test_stays_when_nobody_knows_whether_the_commit_happened(self, client, app):
        def lost(_tx) -> None:
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("connection is lost"))

        app.state.during = lost
        assert client.post("/v1/prepared", json={}, headers=signed()).status_code == 503
        assert app.state.prepared == ["soap"]


class TestOneHop:
    @pytest.mark.parametrize(("method", "path"), [*WRITES, ("GET", "/v1/things")])
    def test_holds_all_work_on_the_database(self, client, db, monkeypatch, method, path):
        hops, threads = [], set()
        run_sync = anyio.to_thread.run_sync

        async def counted(*given, **how):
            hops.append(given)
            return await run_sync(*given, **how)

        def executed(*_given) -> None:
            threads.add(threading.get_ident())

        monkeypatch.setattr(anyio.to_thread, "run_sync", counted)
        for engine in (db.writer, db.reader):
            event.listen(engine, "before_cursor_execute", executed)
        try:
            answer = send(client, method, path)
        finally:
            for engine in (db.writer, db.reader):
                event.remove(engine, "before_cursor_execute", executed)
        assert answer.status_code < 300
        assert (len(hops), len(threads)) == (1, 1)
        # Neither the test's thread nor the event loop's: a worker thread.
        assert threads.isdisjoint({threading.get_ident(), loop_thread(client)})

    def test_reads_and_writes_use_their_own_engines(self, client, db):
        used = []
        for name in ("writer", "reader"):
            event.listen(
                getattr(db, name), "before_cursor_execute", lambda *_, name=name: used.append(name)
            )
        client.get("/v1/things", headers=signed())
        assert set(used) == {"reader"}
        used.clear()
        client.post("/v1/things", json={}, headers=signed())
        assert set(used) == {"writer"}


def loop_thread(client) -> int:
    return client.portal.call(threading.get_ident)


class TestPool:
    def test_has_as_many_connections_as_there_are_threads(self, settings, request):
        application = create_app(settings.model_copy(update={"pool_size": 5}))
        state = application.state
        request.addfinalizer(state.db.close)
        assert state.threads.total_tokens == 5
        for engine in (state.db.writer, state.db.reader):
            assert (engine.pool.size(), engine.pool._max_overflow) == (5, 0)

    def test_of_four_serves_sixty_parallel_writes(self, url, db, request):
        small = make_database(url, pool_size=4)
        request.addfinalizer(small.close)

        with TestClient(little_app(small)) as client, ThreadPoolExecutor(60) as threads:

            def write(number: int) -> int:
                path = ("/v1/things", "/v1/keyed")[number % 2]
                return send(client, "POST", path).status_code

            statuses = list(threads.map(write, range(60)))
        assert statuses == [201] * 60
        assert effects(db) == 60

    def test_that_is_exhausted_is_503(self, client, db):
        db.writer.pool._timeout = 0.05
        held = [db.writer.pool.connect() for _ in range(db.pool_size)]
        try:
            answer = client.post("/v1/things", json={}, headers=signed())
        finally:
            for connection in held:
                connection.close()
        assert (answer.status_code, answer.json()["code"]) == (503, Unavailable.code)
        assert client.post("/v1/things", json={}, headers=signed()).status_code == 201

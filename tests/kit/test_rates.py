"""Floods: counted by person, address and endpoint in the guard, before the application is asked."""

import asyncio
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from kit.little import verify
from limits.errors import StorageError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.kit import attempts, clock
from app.kit.guard import Guard
from app.kit.rates import RateExceeded, Rates, Tally, network
from app.settings import Settings


async def fine(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def guarded(**limits) -> Guard:
    return Guard(fine, verify=verify, open_writes=("/v1/open",), rates=Rates(**limits))


def at(app, address: str = "10.0.0.1", token: str | None = None) -> TestClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return TestClient(app, client=(address, 1), headers=headers)


def statuses(client: TestClient, times: int, path: str = "/v1/things") -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


class TestPerson:
    def test_exactly_so_many_from_wherever_and_then_again(self):
        app = guarded(person="3/minute")
        answers = [at(app, f"10.0.0.{n}", "liu").get("/v1/things") for n in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert statuses(at(app, token="chen"), 1) == [200]
        clock.shift(timedelta(seconds=59))
        assert statuses(at(app, token="liu"), 1) == [429]
        clock.shift(timedelta(seconds=1, milliseconds=500))
        assert statuses(at(app, token="liu"), 4) == [200, 200, 200, 429]

    def test_a_refusal_says_when_it_ends(self):
        app = guarded(person="1/minute")
        at(app, token="liu").get("/v1/things")
        clock.shift(timedelta(seconds=20))
        refused = at(app, token="liu").get("/v1/things")
        left = int(refused.headers["retry-after"])
        assert 39 <= left <= 40
        assert refused.headers["ratelimit-policy"] == '"person";q=1;w=60'
        assert refused.headers["ratelimit"] == f'"person";r=0;t={left}'
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "rate_limited"

    def test_nobody_signed_in_is_no_person(self):
        assert statuses(at(guarded(person="1/minute")), 3) == [200] * 3


class TestAddress:
    def test_counts_whoever_comes_from_it(self):
        app = guarded(address="2/minute")
        assert [at(app, token=name).get("/v1/things").status_code for name in "abc"] == [
            200, 200, 429,
        ]  # fmt: skip
        assert statuses(at(app, "10.0.0.2"), 1) == [200]

    def test_a_forged_token_costs_an_attempt(self):
        forger = at(guarded(address="2/minute"), token="bad")
        assert statuses(forger, 3) == [401, 401, 429]

    def test_a_forwarded_address_moves_it_only_from_a_trusted_proxy(self):
        app = ProxyHeadersMiddleware(guarded(address="1/minute"), trusted_hosts="10.0.0.9")

        def ask(peer: str, said: str) -> int:
            headers = {"X-Forwarded-For": said}
            return at(app, peer).get("/v1/things", headers=headers).status_code

        assert [ask("10.0.0.1", f"1.2.3.{n}") for n in range(3)] == [200, 429, 429]
        assert [ask("10.0.0.9", f"1.2.3.{n}") for n in range(3)] == [200] * 3
        # What the caller wrote stands before what the proxy saw, and is not believed.
        assert [ask("10.0.0.9", f"9.9.9.{n}, 1.2.3.9") for n in range(3)] == [200, 429, 429]

    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::/64"), ("unix", "unix"),
            ("2001:db8:0:1::1", "2001:db8:0:1::/64"), ("::ffff:10.0.0.1", "10.0.0.1"),
        ],
    )  # fmt: skip
    def test_an_ipv6_network_is_one(self, address, counted):
        assert network(address) == counted

    def test_health_is_never_refused(self):
        assert statuses(at(guarded(address="1/minute")), 3, "/healthz") == [200] * 3


class TestEndpoint:
    def test_counts_this_one_only_and_each_caller(self):
        app = guarded(endpoints={"GET /v1/things": "1/minute"})
        assert statuses(at(app, token="liu"), 2) == [200, 429]
        assert statuses(at(app, token="liu"), 2, "/v1/others") == [200, 200]
        assert statuses(at(app, token="chen"), 1) == [200]
        assert statuses(at(app), 2) == [200, 429]
        assert statuses(at(app, "10.0.0.2"), 1) == [200]


class TestStart:
    def test_production_has_limits_and_development_none_unless_it_wants(self):
        development = Settings(environment="development", _env_file=None)
        assert [v for v in development.rates.values() if v] == ["memory://"]
        assert development.unless_developing("reports_a_day") is None
        chosen = development.model_copy(update={"rate_person": "1/minute"})
        assert chosen.rates["person"] == "1/minute"
        production = development.model_copy(update={"environment": "production"})
        Rates(**production.rates)
        assert all(production.rates.values())
        assert production.unless_developing("photo_megabytes_a_day") == 500

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"url": "gopher://host"}, "`redis://`"),
            ({"url": "redis://:secret@host"}, "needs the package `redis`"),
            ({"person": "many"}, "no limit"),
            ({"address": "0/minute"}, "nobody in"),
            ({"endpoints": {"/v1/photos": "1/minute"}}, "POST /v1/photos"),
        ],
    )
    def test_what_means_nothing_is_refused_in_clear_words(self, given, told):
        with pytest.raises(ValueError, match=told) as refused:
            Rates(**given)
        assert "secret" not in str(refused.value)


class TestCounter:
    def test_one_that_cannot_be_reached_lets_everyone_in(self, monkeypatch):
        async def gone(*_given, **_more) -> int:
            raise StorageError(ConnectionError("redis is away"))

        monkeypatch.setattr(Tally, "incr", gone)
        assert statuses(at(guarded(person="1/minute"), token="liu"), 3) == [200] * 3

    def test_what_is_over_is_forgotten(self):
        rates, tally = Rates(person="1/minute"), Tally()
        rates._limiter.storage = tally

        async def flood() -> None:
            for n in range(50):
                await rates.of_caller(f"person-{n}", "-", "GET /")
            clock.shift(timedelta(seconds=61))
            await rates.of_caller("person-0", "-", "GET /")
            with pytest.raises(RateExceeded):
                await rates.of_caller("person-0", "-", "GET /")

        asyncio.run(flood())
        assert len(tally._windows) == 1


def test_what_the_database_counts_is_told_in_the_same_words():
    told = attempts.retry_after(10)
    left = int(told["Retry-After"])
    assert 1 <= left <= 300
    assert told["RateLimit-Policy"] == '"attempts";q=10;w=300'
    assert told["RateLimit"] == f'"attempts";r=0;t={left}'

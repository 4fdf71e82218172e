"""Signing in, staying signed in, and being signed out, over HTTP."""

import base64
import random
import threading
from datetime import timedelta

import httpx
import pytest
from cast import DISTRICT, PASSWORD
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from windows import fresh_window

from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.identity import service, tokens
from app.identity.models import (
    ApiClient,
    Grant,
    Person,
    RefreshToken,
    Role,
    SignIn,
    WechatBinding,
)  # fmt: skip
from app.kit import clock
from app.kit.db import work
from app.main import create_app
from app.wechat.client import WechatClient

pytestmark = pytest.mark.usefixtures("cast")
# Longer than an index takes, and not to be compressed.
LONG = base64.b64encode(random.Random(1).randbytes(15_000)).decode()


def code(answer):
    return answer.status_code, answer.json()["code"]


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def me(client, headers):
    return client.get("/v1/me", headers=headers)


@pytest.fixture
def at(app):
    """The application as a caller at this address reaches it."""
    return lambda address: TestClient(app, raise_server_exceptions=False, client=(address, 1))


@pytest.fixture(autouse=True)
def _fresh_window():
    """Each test has its own five minutes, so that no test uses up another's attempts."""
    fresh_window(next(_windows))


_windows = iter(range(1, 10_000))


class TestWechat:
    @pytest.fixture
    def wechat(self, app):
        fake, before = FakeWechat("wx-test"), app.state.wechat
        transport = httpx.ASGITransport(create_wechat_server(fake))
        app.state.wechat = WechatClient("wx-test", fake.secret, "http://fake", transport)
        yield fake
        app.state.wechat = before

    def sign_in(self, client, code):
        return client.post("/v1/auth/wechat", json={"code": code})

    def test_the_first_time_makes_a_person_the_second_the_same(self, client, wechat, db):
        first = self.sign_in(client, wechat.issue_code("openid-1", "unionid-1"))
        second = self.sign_in(client, wechat.issue_code("openid-1"))
        assert (first.status_code, second.status_code) == (200, 200), first.text
        assert first.json()["person"] == second.json()["person"]
        assert first.json()["refresh_token"] != second.json()["refresh_token"]
        assert me(client, bearer(second)).json() == first.json()["person"]
        with work(db, write=False) as tx:
            binding = tx.get_one(WechatBinding, ("wx-test", "openid-1"))
            assert (str(binding.person_id), binding.unionid) == (
                first.json()["person"]["id"], "unionid-1",
            )  # fmt: skip

    def test_another_openid_is_another_person(self, client, wechat):
        one, two = (self.sign_in(client, wechat.issue_code(f"other-{n}")) for n in (1, 2))
        assert one.json()["person"]["id"] != two.json()["person"]["id"]

    def test_nothing_of_wechats_is_answered(self, client, wechat):
        answer = self.sign_in(client, wechat.issue_code("openid-secret"))
        for secret in ("openid-secret", wechat.session_keys["openid-secret"], wechat.secret):
            assert secret not in answer.text
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        ("errcode", "expected"),
        [
            (40029, (401, "wechat_code_refused")),
            (40163, (401, "wechat_code_refused")),
            (41008, (401, "wechat_code_refused")),
            (42003, (401, "wechat_code_refused")),
            (40226, (403, "wechat_user_blocked")),
            (45011, (429, "wechat_too_often")),
            (-1, (503, "wechat_unavailable")),
            (40013, (503, "wechat_misconfigured")),
            (40125, (503, "wechat_misconfigured")),
            (99999, (503, "wechat_misconfigured")),
        ],
    )
    def test_every_error_is_one_of_ours(self, client, wechat, errcode, expected):
        wechat.fail_next(errcode, times=3)
        answer = self.sign_in(client, wechat.issue_code("openid-2"))
        assert code(answer) == expected
        assert answer.headers["content-type"] == "application/problem+json"
        assert ("retry-after" in answer.headers) == (expected[0] in {429, 503})
        assert str(errcode) not in answer.text

    def test_a_code_is_good_once(self, client, wechat):
        used = wechat.issue_code("openid-3")
        assert self.sign_in(client, used).status_code == 200
        assert code(self.sign_in(client, used)) == (401, "wechat_code_refused")

    def test_a_busy_moment_is_waited_out(self, client, wechat):
        wechat.fail_next(-1)
        assert self.sign_in(client, wechat.issue_code("openid-4")).status_code == 200

    @pytest.mark.parametrize("junk", ["", "a b", "x" * 129, "码", "a\u0000b", None, 7, ["a"]])
    def test_what_is_no_code_is_not_even_asked(self, client, wechat, junk):
        assert self.sign_in(client, junk).status_code == 422
        assert wechat.calls == []

    def test_a_disabled_person_stays_out(self, client, wechat, db):
        first = self.sign_in(client, wechat.issue_code("openid-5"))
        disable(db, first.json()["person"]["id"])
        assert code(me(client, bearer(first))) == (401, "session_ended")
        refused = self.sign_in(client, wechat.issue_code("openid-5"))
        assert code(refused) == (401, "credentials_wrong")

    def test_two_first_sign_ins_at_once_are_one_person(self, app, db):
        """A double tap: both look before either is there."""
        found, start = [], threading.Barrier(4)

        def arrive():
            start.wait()
            with work(db, write=True) as tx:
                signed = service.sign_in_with_wechat(
                    tx, app.state.token_keys, app.state.seal, "wx-test", "openid-6", None
                )
            found.append(signed.person.id)

        threads = [threading.Thread(target=arrive) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert len(set(found)) == 1


def disable(db, person_id):
    with work(db, write=True) as tx:
        tx.execute(update(Person).where(Person.id == person_id).values(state="disabled"))


class TestPassword:
    def sign_in(self, client, username="wang", password=PASSWORD):
        return client.post("/v1/auth/password", json={"username": username, "password": password})

    def test_right(self, client, cast):
        answer = self.sign_in(client)
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "Bearer"
        assert answer.json()["expires_in"] == 900
        assert me(client, bearer(answer)).json()["id"] == str(cast.wang.id)

    def test_wrong_and_unknown_are_told_apart_by_nothing(self, client):
        wrong, unknown = self.sign_in(client, "wang", "x"), self.sign_in(client, "nobody", "x")
        assert code(wrong) == (401, "credentials_wrong")
        bodies = [{**answer.json(), "request_id": ""} for answer in (wrong, unknown)]
        assert bodies[0] == bodies[1]
        headers = [
            {k: v for k, v in a.headers.items() if k != "x-request-id"} for a in (wrong, unknown)
        ]
        assert headers[0] == headers[1]

    @pytest.mark.parametrize("name", ["WANG", "wang ", "wang\u200b", "ｗａｎｇ"])
    def test_a_name_is_itself_or_nobody(self, client, name):
        expected = 200 if name.strip() == "wang" else 401
        assert self.sign_in(client, name).status_code == expected

    @pytest.mark.parametrize("name", ["a\u0000b", "\u0000", "wang\u0000", "\u001b[2J"])
    def test_what_no_database_stores_is_no_server_error(self, client, name):
        assert self.sign_in(client, name).status_code in {401, 422}

    @pytest.mark.parametrize("body", [{}, {"username": "wang"}, [], "x", 7, None])
    def test_malformed(self, client, body):
        assert client.post("/v1/auth/password", json=body).status_code == 422

    def test_the_eleventh_attempt_and_exactly_that(self, at, app, settings):
        here = at("10.0.0.1")
        for _ in range(10):
            assert self.sign_in(here, "wang", "wrong").status_code == 401
        refused = self.sign_in(here)
        assert code(refused) == (429, "sign_in_too_often")
        assert 1 <= int(refused.headers["retry-after"]) <= 300
        # Another process on the same database, as after a restart, counts on.
        restarted = create_app(settings)
        elsewhere = TestClient(restarted, raise_server_exceptions=False, client=("10.0.0.1", 1))
        assert code(self.sign_in(elsewhere)) == (429, "sign_in_too_often")
        restarted.state.db.close()
        clock.shift(timedelta(seconds=int(refused.headers["retry-after"])))
        assert self.sign_in(here).status_code == 200

    def test_it_does_not_lock_the_owner_out(self, at):
        for _ in range(11):
            self.sign_in(at("10.0.0.2"), "wang", "wrong")
        assert self.sign_in(at("10.0.0.3")).status_code == 200

    def test_a_forwarded_address_moves_nothing(self, at):
        here, body = at("10.0.0.4"), {"username": "zhao", "password": "wrong"}
        answers = [
            here.post("/v1/auth/password", json=body, headers={"X-Forwarded-For": f"1.2.3.{n}"})
            for n in range(11)
        ]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]

    def test_success_counts_too_and_needs_no_reset(self, at):
        here = at("10.0.0.5")
        statuses = [self.sign_in(here, "sun").status_code for _ in range(11)]
        assert statuses == [200] * 10 + [429]

    def test_one_address_tries_fifty_accounts(self, at):
        here = at("10.0.0.6")
        statuses = [self.sign_in(here, f"name-{n}", "wrong").status_code for n in range(51)]
        assert statuses == [401] * 50 + [429]

    def test_strangers_elsewhere_cannot_lock_the_owner_out(self, at):
        for n in range(60):
            assert self.sign_in(at(f"10.1.{n}.1"), "li", "no").status_code == 401
        assert self.sign_in(at("10.2.0.1"), "li").status_code == 200

    def test_an_ipv6_network_counts_as_one_address(self, at):
        answers = [self.sign_in(at(f"2001:db8::{n:x}"), "ma", "no") for n in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]

    def test_a_disabled_account_is_like_a_wrong_password(self, client, db, cast):
        disable(db, cast.zhou.id)
        assert code(self.sign_in(client, "zhou")) == (401, "credentials_wrong")


class TestRefresh:
    def refresh(self, client, answer):
        secret = answer if isinstance(answer, str) else answer.json()["refresh_token"]
        return client.post("/v1/auth/refresh", json={"refresh_token": secret})

    @pytest.fixture
    def first(self, client, newcomer, sign_in):
        return sign_in(newcomer()).refresh_token

    def test_it_rotates(self, client, first):
        second = self.refresh(client, first)
        third = self.refresh(client, second)
        assert (second.status_code, third.status_code) == (200, 200)
        assert len({first, second.json()["refresh_token"], third.json()["refresh_token"]}) == 3
        assert me(client, bearer(third)).status_code == 200

    def test_reuse_ends_the_whole_family(self, client, first):
        second = self.refresh(client, first)
        third = self.refresh(client, second)
        assert code(self.refresh(client, first)) == (401, "session_ended")
        assert code(self.refresh(client, third)) == (401, "session_ended")
        for answer in (second, third):
            assert code(me(client, bearer(answer))) == (401, "session_ended")

    def test_other_sessions_of_the_person_live_on(self, client, newcomer, sign_in):
        person = newcomer()
        stolen, other = sign_in(person).refresh_token, sign_in(person).refresh_token
        self.refresh(client, self.refresh(client, stolen))
        assert self.refresh(client, stolen).status_code == 401
        assert self.refresh(client, other).status_code == 200

    def test_a_lost_answer_may_be_asked_for_again(self, client, first):
        lost = self.refresh(client, first)
        clock.shift(timedelta(seconds=29))
        again = self.refresh(client, first)
        assert again.status_code == 200
        assert again.json()["refresh_token"] != lost.json()["refresh_token"]
        assert self.refresh(client, again).status_code == 200

    def test_and_the_lost_successor_is_dead(self, client, first):
        lost = self.refresh(client, first)
        again = self.refresh(client, first)
        assert code(self.refresh(client, lost)) == (401, "session_ended")
        # Someone holds a token that never arrived: that is theft, and the family ends.
        assert code(self.refresh(client, again)) == (401, "session_ended")

    def test_not_after_thirty_seconds(self, client, first):
        successor = self.refresh(client, first)
        clock.shift(timedelta(seconds=31))
        assert code(self.refresh(client, first)) == (401, "session_ended")
        assert code(me(client, bearer(successor))) == (401, "session_ended")

    def test_not_once_the_successor_was_used(self, client, first):
        self.refresh(client, self.refresh(client, first))
        assert code(self.refresh(client, first)) == (401, "session_ended")

    def test_an_expired_session(self, client, first):
        clock.shift(timedelta(hours=1, seconds=1))
        assert code(self.refresh(client, first)) == (401, "session_ended")

    def test_staff_sessions_end_after_twelve_hours_however_often_refreshed(self, client, cast):
        body = {"username": "qian", "password": PASSWORD}
        now = client.post("/v1/auth/password", json=body)
        for _ in range(3):
            clock.shift(timedelta(hours=4) - timedelta(seconds=1))
            now = self.refresh(client, now)
            assert now.status_code == 200
        clock.shift(timedelta(seconds=4))
        assert code(me(client, bearer(now))) == (401, "session_ended")
        assert code(self.refresh(client, now)) == (401, "session_ended")

    @pytest.mark.parametrize("secret", ["x", "x" * 200, "令牌", "\u0000", "' OR 1=1"])
    def test_unknown(self, client, secret):
        assert code(self.refresh(client, secret)) == (401, "session_ended")

    def test_only_its_hash_is_kept(self, db, first):
        with work(db, write=False) as tx:
            assert tx.get(RefreshToken, first) is None
            assert tx.get(RefreshToken, tokens.digest(first)) is not None

    def test_a_disabled_person_is_refused_at_once(self, client, db, newcomer, sign_in):
        person = newcomer()
        signed = sign_in(person)
        headers = {"Authorization": f"Bearer {signed.access_token}"}
        assert me(client, headers).status_code == 200
        disable(db, person.id)
        assert code(me(client, headers)) == (401, "session_ended")
        assert code(self.refresh(client, signed.refresh_token)) == (401, "session_ended")


class TestLogout:
    def test_ends_this_session_and_no_other(self, client, newcomer, as_, db):
        person = newcomer()
        one, two = as_(person), as_(person)
        assert client.post("/v1/auth/logout", headers=one).status_code == 204
        assert code(me(client, one)) == (401, "session_ended")
        assert me(client, two).status_code == 200
        with work(db, write=False) as tx:
            ended = select(func.count()).where(
                SignIn.person_id == person.id, SignIn.revoked_why == "signed_out"
            )
            assert tx.scalar(ended) == 1

    def test_twice_and_by_nobody(self, client, newcomer, as_):
        headers = as_(newcomer())
        assert client.post("/v1/auth/logout", headers=headers).content == b""
        assert client.post("/v1/auth/logout", headers=headers).status_code == 401
        assert client.post("/v1/auth/logout").status_code == 401


class TestClients:
    def ask(self, client, cast, *, basic=False, secret=None, **form):
        name, secret = form.pop("client_id", cast.client_id), secret or cast.client_secret
        headers = {}
        if basic:
            pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
            headers = {"Authorization": f"Basic {pair}"}
        else:
            form |= {"client_id": name, "client_secret": secret}
        form = {"grant_type": "client_credentials", **form}
        return client.post("/v1/auth/token", data=form, headers=headers)

    @pytest.mark.parametrize("basic", [True, False])
    def test_works(self, client, cast, basic):
        answer = self.ask(client, cast, basic=basic)
        assert answer.status_code == 200, answer.text
        assert answer.json()["scope"] == "points:read"
        url = f"/v1/members/{cast.liu_bo.member_no}/points"
        till = client.get(url, headers=bearer(answer))
        assert till.json() == {"member_no": cast.liu_bo.member_no, "spendable": 0}

    @pytest.mark.parametrize("basic", [True, False])
    def test_wrong_secret_and_unknown_client_are_the_same(self, client, cast, basic):
        wrong = self.ask(client, cast, basic=basic, secret="wrong")
        unknown = self.ask(client, cast, basic=basic, client_id="nobody")
        assert code(wrong) == code(unknown) == (401, "credentials_wrong")

    @pytest.mark.parametrize(
        ("wanted", "given"),
        [("a:read", "a:read"), ("b:read a:read", "a:read b:read"), ("a:read c:write", "a:read"),
         (None, "a:read b:read")],
    )  # fmt: skip
    def test_a_subset_of_its_scopes(self, client, cast, db, wanted, given):
        with work(db, write=True) as tx:
            if tx.get(ApiClient, "two") is None:
                service.add_client(tx, "two", "两个", ["a:read", "b:read"], DISTRICT)
            tx.get_one(ApiClient, "two").secret_hash = tokens.digest("known")
        scope = {"scope": wanted} if wanted else {}
        answer = self.ask(client, cast, client_id="two", secret="known", **scope)
        assert answer.json()["scope"] == given

    @pytest.mark.parametrize("wanted", ["nothing", "points:readx", "points"])
    def test_none_of_its_scopes(self, client, cast, wanted):
        assert code(self.ask(client, cast, scope=wanted)) == (401, "credentials_wrong")

    def test_without_the_scope_403(self, client, cast, db):
        with work(db, write=True) as tx:
            secret = service.add_client(tx, "other-scope", "别的", ["cases:read"], DISTRICT)
        headers = bearer(self.ask(client, cast, client_id="other-scope", secret=secret))
        url = f"/v1/members/{cast.liu_bo.member_no}/points"
        assert code(client.get(url, headers=headers)) == (403, "scope_missing")

    def test_it_is_not_a_person(self, client, cast):
        assert code(me(client, bearer(self.ask(client, cast)))) == (403, "person_only")

    def test_a_disabled_client_at_its_next_request(self, client, cast, db):
        with work(db, write=True) as tx:
            secret = service.add_client(tx, "off", "停用", ["points:read"], DISTRICT)
        headers = bearer(self.ask(client, cast, client_id="off", secret=secret))
        with work(db, write=True) as tx:
            tx.get_one(ApiClient, "off").state = "disabled"
        url = f"/v1/members/{cast.liu_bo.member_no}/points"
        assert code(client.get(url, headers=headers)) == (401, "session_ended")
        refused = self.ask(client, cast, client_id="off", secret=secret)
        assert code(refused) == (401, "credentials_wrong")

    @pytest.mark.parametrize("form", [{}, {"grant_type": "password"}, {"grant_type": ""}])
    def test_another_grant_422(self, client, form):
        assert client.post("/v1/auth/token", data=form).status_code == 422

    @pytest.mark.parametrize(
        "name", ["a\u0000b", LONG, "\u001b", "名字"], ids=["nul", "long", "escape", "chinese"]
    )
    def test_odd_names_are_no_server_error(self, client, cast, name):
        for basic in (True, False):
            answer = self.ask(client, cast, basic=basic, client_id=name, secret="x")
            assert answer.status_code in {401, 422}, (basic, answer.status_code)

    @pytest.mark.parametrize("pair", ["!!", "YQ", base64.b64encode(b"\xff:x").decode(), ""])
    def test_broken_basic(self, client, pair):
        headers = {"Authorization": f"Basic {pair}"}
        form = {"grant_type": "client_credentials"}
        answer = client.post("/v1/auth/token", data=form, headers=headers)
        assert code(answer) == (401, "credentials_wrong")

    def test_the_eleventh_attempt(self, at, cast):
        here = at("10.0.0.9")
        answers = [self.ask(here, cast, secret="wrong").status_code for _ in range(11)]
        assert answers == [401] * 10 + [429]


class TestDevelopment:
    def test_a_made_up_person_is_the_same_each_time(self, client):
        one, two = (client.post("/v1/auth/development", json={"member": "liu-bo"}) for _ in "12")
        assert one.json()["person"] == two.json()["person"]

    def test_it_exists_in_development_only(self, settings):
        production = settings.model_copy(update={"environment": "production"})
        app = create_app(production)
        answer = TestClient(app).post("/v1/auth/development", json={"member": "liu-bo"})
        app.state.db.close()
        assert answer.status_code in {401, 404}
        assert "/v1/auth/development" not in app.openapi()["paths"]

    @pytest.mark.parametrize("member", ["", "Liu", "a b", "../x", "x" * 33, None])
    def test_malformed(self, client, member):
        assert client.post("/v1/auth/development", json={"member": member}).status_code == 422


class TestStaffSession:
    def test_a_role_taken_away_is_gone_at_the_next_request(self, client, db, newcomer, as_):
        person = newcomer((Role.GRID_STAFF, DISTRICT))
        headers = as_(person)
        assert client.get("/v1/cases", headers=headers).status_code == 200
        with work(db, write=True) as tx:
            mine = update(Grant).where(Grant.person_id == person.id)
            tx.execute(mine.values(revoked_at=clock.now()))
        assert code(client.get("/v1/cases", headers=headers)) == (403, "staff_only")

"""The fake WeChat answers as the real one does; what the client tests prove rests on this."""

import asyncio
import base64
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.demo.wechat_server import Call, FakeWechat, create_wechat_server

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def move(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def fake(clock):
    return FakeWechat(clock=clock)


def ask(fake, code, **changes):
    """One raw request, as a program without our client would send it; returns the response."""
    query = {
        "appid": fake.appid,
        "secret": fake.secret,
        "js_code": code,
        "grant_type": "authorization_code",
    } | changes

    async def get():
        transport = httpx.ASGITransport(create_wechat_server(fake))
        async with httpx.AsyncClient(transport=transport, base_url="http://fake") as http:
            return await http.get("/sns/jscode2session", params=query)

    return asyncio.run(get())


def errcode(fake, code, **changes):
    return ask(fake, code, **changes).json()["errcode"]


class TestShape:
    def test_success_carries_a_session_key_and_no_errcode(self, fake):
        answer = ask(fake, fake.issue_code("o-liu")).json()
        assert answer == {"session_key": fake.session_keys["o-liu"], "openid": "o-liu"}
        assert len(base64.b64decode(answer["session_key"])) == 16

    def test_unionid_only_for_users_who_have_one(self, fake):
        assert ask(fake, fake.issue_code("o-liu", unionid="u-liu")).json()["unionid"] == "u-liu"

    def test_errors_are_status_200_and_json_called_text(self, fake):
        response = ask(fake, "nobody-issued-this")
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/plain"
        assert json.loads(response.text)["errcode"] == 40029
        assert re.fullmatch(r"invalid code, rid: [0-9a-f-]{26}", response.json()["errmsg"])

    def test_calls_are_recorded(self, fake):
        code = fake.issue_code("o-liu")
        ask(fake, code)
        ask(fake, code)
        assert fake.calls == [Call(code, 0), Call(code, 40163)]


class TestCodes:
    def test_a_code_works_once(self, fake):
        code = fake.issue_code("o-liu")
        assert "openid" in ask(fake, code).json()
        assert errcode(fake, code) == 40163

    def test_a_code_lives_five_minutes(self, fake, clock):
        early, late = fake.issue_code("o-liu"), fake.issue_code("o-liu")
        clock.move(minutes=4, seconds=59)
        assert "openid" in ask(fake, early).json()
        clock.move(seconds=1)
        assert errcode(fake, late) == 40029

    def test_codes_differ(self, fake):
        assert len({fake.issue_code("o-liu") for _ in range(100)}) == 100


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"appid": "wx-another"}, 40013),
            ({"secret": "wrong"}, 40125),
            ({"grant_type": "client_credential"}, 40002),
            ({"js_code": ""}, 41008),
            ({"appid": "wx-another", "secret": "wrong"}, 40013),
        ],
    )
    def test_wrong_parameters(self, fake, changes, expected):
        assert errcode(fake, fake.issue_code("o-liu"), **changes) == expected

    def test_a_refused_app_does_not_use_the_code(self, fake):
        code = fake.issue_code("o-liu")
        assert errcode(fake, code, secret="wrong") == 40125
        assert "openid" in ask(fake, code).json()

    def test_blocked_user(self, fake):
        fake.blocked.add("o-liu")
        assert errcode(fake, fake.issue_code("o-liu")) == 40226
        assert "openid" in ask(fake, fake.issue_code("o-chen")).json()

    def test_rate_is_per_user_and_minute(self, clock):
        fake = FakeWechat(calls_per_minute=2, clock=clock)
        ask(fake, fake.issue_code("o-liu"))
        ask(fake, fake.issue_code("o-liu"))
        assert errcode(fake, fake.issue_code("o-liu")) == 45011
        assert "openid" in ask(fake, fake.issue_code("o-chen")).json()
        clock.move(seconds=60)
        assert "openid" in ask(fake, fake.issue_code("o-liu")).json()


class TestControls:
    def test_told_failures_come_in_order_and_use_no_code(self, fake):
        code = fake.issue_code("o-liu")
        fake.fail_next(-1, times=2)
        fake.fail_next(40243)
        assert [errcode(fake, code) for _ in range(3)] == [-1, -1, 40243]
        assert "openid" in ask(fake, code).json()

    def test_slow_next_uses_the_code_before_it_waits(self, fake):
        code = fake.issue_code("o-liu")
        fake.slow_next(5)

        async def give_up():
            app = httpx.ASGITransport(create_wechat_server(fake))
            async with httpx.AsyncClient(transport=app, base_url="http://fake") as http:
                query = {"appid": fake.appid, "secret": fake.secret, "js_code": code}
                query["grant_type"] = "authorization_code"
                async with asyncio.timeout(0.05):
                    await http.get("/sns/jscode2session", params=query)

        with pytest.raises(TimeoutError):
            asyncio.run(give_up())
        assert errcode(fake, code) == 40163


def test_the_fake_needs_no_models():
    script = "import sys, app.demo.wechat_server; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    ours = [name for name in done.stdout.split() if name.startswith("app.")]
    assert not [name for name in ours if name.endswith(("models", "tables"))]

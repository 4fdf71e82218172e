"""The client keeps its promises: one error a situation, two seconds, safe retries, no leaks."""

import asyncio
import contextlib
import json
import logging
import socket
import time

import httpx
import pytest
import uvicorn

from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.kit.errors import AppError
from app.kit.logs import hush_httpx
from app.webhooks import carrier
from app.wechat import client as wechat_client
from app.wechat import line, robots
from app.wechat.answers import WechatIdentity
from app.wechat.client import WechatClient
from app.wechat.errors import (
    WechatCodeRefused,
    WechatMisconfigured,
    WechatTooOften,
    WechatUnavailable,
    WechatUserBlocked,
)

APPID = "wx-test-appid"
SECRET = "s3cr3t-of-the-app"
CODE = "0a1b2c-the-code"


@pytest.fixture
def fake():
    return FakeWechat(APPID, SECRET)


class Scripted(httpx.AsyncBaseTransport):
    """Plays one step per request: an exception, a response, or a wait in front of either."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.requests = []

    async def handle_async_request(self, request):
        self.requests.append(request)
        wait_s, outcome = self.steps.pop(0)
        await asyncio.sleep(wait_s)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def answer(status=200, **body):
    return 0, httpx.Response(status, text=json.dumps(body))


def sign_in(code, transport, **client_changes):
    """One `code2session` through this transport; returns the identity or raises."""
    settings = {"appid": APPID, "secret": SECRET} | client_changes

    async def run():
        async with contextlib.aclosing(WechatClient(transport=transport, **settings)) as wechat:
            return await wechat.code2session(code)

    return asyncio.run(run())


def ask_fake(fake, code, **client_changes):
    return sign_in(code, httpx.ASGITransport(create_wechat_server(fake)), **client_changes)


@contextlib.contextmanager
def within(low_s, high_s):
    began = time.monotonic()
    yield
    assert low_s <= time.monotonic() - began <= high_s


class TestIdentity:
    def test_openid_and_unionid(self, fake):
        code = fake.issue_code("o-liu", unionid="u-liu")
        assert ask_fake(fake, code) == WechatIdentity("o-liu", "u-liu")

    def test_no_unionid(self, fake):
        assert ask_fake(fake, fake.issue_code("o-liu")) == WechatIdentity("o-liu", None)

    def test_empty_unionid_is_none(self):
        identity = sign_in(CODE, Scripted(answer(openid="o-liu", unionid="", errcode=0)))
        assert identity == WechatIdentity("o-liu", None)

    def test_the_session_key_goes_no_further(self, fake):
        identity = ask_fake(fake, fake.issue_code("o-liu"))
        assert identity.__slots__ == ("openid", "unionid")
        assert "o-liu" not in repr(identity)

    def test_an_odd_code_stays_one_parameter(self, fake):
        with pytest.raises(WechatCodeRefused):
            ask_fake(fake, "x&secret=y#&appid=z 码")
        assert fake.calls[0].code == "x&secret=y#&appid=z 码"


class TestRefusals:
    @pytest.mark.parametrize(
        ("errcode", "error", "status"),
        [
            (40029, WechatCodeRefused, 401),
            (40163, WechatCodeRefused, 401),
            (41008, WechatCodeRefused, 401),
            (42003, WechatCodeRefused, 401),
            (40226, WechatUserBlocked, 403),
            (45011, WechatTooOften, 429),
            (40013, WechatMisconfigured, 503),
            (40125, WechatMisconfigured, 503),
            (40243, WechatMisconfigured, 503),
            (41002, WechatMisconfigured, 503),
            (41004, WechatMisconfigured, 503),
            (61024, WechatMisconfigured, 503),
            (-2, WechatMisconfigured, 503),
        ],
    )
    def test_each_errcode_has_its_error_and_is_not_asked_again(self, fake, errcode, error, status):
        fake.fail_next(errcode)
        with pytest.raises(error) as caught:
            ask_fake(fake, fake.issue_code("o-liu"))
        assert type(caught.value) is error
        assert caught.value.status == status
        assert len(fake.calls) == 1

    def test_a_code_used_twice(self, fake):
        code = fake.issue_code("o-liu")
        ask_fake(fake, code)
        with pytest.raises(WechatCodeRefused):
            ask_fake(fake, code)

    def test_an_empty_code(self, fake):
        with pytest.raises(WechatCodeRefused):
            ask_fake(fake, "")

    @pytest.mark.parametrize(
        ("wrong", "hint"), [({"appid": "wx-z"}, "40013"), ({"secret": "z"}, "40125")]
    )
    def test_the_operator_reads_what_is_misconfigured(self, fake, caplog, wrong, hint):
        with pytest.raises(WechatMisconfigured):
            ask_fake(fake, fake.issue_code("o-liu"), **wrong)
        (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert hint in record.getMessage()

    def test_an_unknown_errcode_is_logged_as_such(self, fake, caplog):
        fake.fail_next(61024)
        with pytest.raises(WechatMisconfigured):
            ask_fake(fake, fake.issue_code("o-liu"))
        assert "61024 (an error code we do not know)" in caplog.text

    @pytest.mark.parametrize(
        ("error", "retry_after"),
        [(WechatTooOften, "60"), (WechatUnavailable, "2"), (WechatMisconfigured, "60")],
    )
    def test_retry_after(self, error, retry_after):
        assert error().headers["Retry-After"] == retry_after

    def test_codes_are_stable_and_titles_bilingual(self):
        errors = AppError.__subclasses__()
        ours = [e for kind in errors for e in kind.__subclasses__() if "wechat" in e.__module__]
        assert {e.code for e in ours} == {
            "wechat_code_refused",
            "wechat_too_often",
            "wechat_user_blocked",
            "wechat_unavailable",
            "wechat_misconfigured",
            "wechat_quota_spent",
            "wechat_user_away",
            "wechat_off",
            "wechat_page_unknown",
            "push_refused",
            "robot_unavailable",
        }
        assert all(e.title.zh and e.title.en for e in ours)


class TestRetries:
    @pytest.mark.parametrize("busy", [1, 2])
    def test_busy_is_asked_again(self, fake, busy):
        fake.fail_next(-1, times=busy)
        assert ask_fake(fake, fake.issue_code("o-liu")).openid == "o-liu"
        assert len(fake.calls) == busy + 1

    def test_busy_three_times_is_enough(self, fake):
        fake.fail_next(-1, times=9)
        with within(0, 1.8), pytest.raises(WechatUnavailable):
            ask_fake(fake, fake.issue_code("o-liu"))
        assert [call.errcode for call in fake.calls] == [-1, -1, -1]

    def test_another_refusal_after_busy_ends_it(self, fake):
        fake.fail_next(-1)
        fake.fail_next(40226)
        with pytest.raises(WechatUserBlocked):
            ask_fake(fake, fake.issue_code("o-liu"))
        assert len(fake.calls) == 2

    @pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
    def test_a_connection_that_never_stood_is_tried_again(self, error):
        transport = Scripted((0, error("down")), (0, error("down")), answer(openid="o-liu"))
        assert sign_in(CODE, transport).openid == "o-liu"

    @pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
    def test_three_failed_connections_are_enough(self, error):
        transport = Scripted(*[(0, error("down"))] * 9)
        with pytest.raises(WechatUnavailable):
            sign_in(CODE, transport)
        assert len(transport.requests) == 3

    @pytest.mark.parametrize(
        "error",
        [
            httpx.ReadTimeout,
            httpx.WriteTimeout,
            httpx.PoolTimeout,
            httpx.ReadError,
            httpx.WriteError,
            httpx.RemoteProtocolError,
        ],
    )
    def test_what_may_have_used_the_code_is_never_repeated(self, error):
        transport = Scripted((0, error("lost")), answer(openid="o-liu"))
        with pytest.raises(WechatUnavailable):
            sign_in(CODE, transport)
        assert len(transport.requests) == 1

    @pytest.mark.parametrize(
        "response",
        [
            httpx.Response(500, text='{"openid": "o-liu"}'),
            httpx.Response(502, text="<html>bad gateway</html>"),
            httpx.Response(404, text="{}"),
            httpx.Response(302, headers={"location": "http://elsewhere/"}),
            httpx.Response(200, text=""),
            httpx.Response(200, text="<html>"),
            httpx.Response(200, text='{"openid": "o-l'),
            httpx.Response(200, text='["o-liu"]'),
            httpx.Response(200, text="{}"),
            httpx.Response(200, text='{"openid": ""}'),
            httpx.Response(200, text='{"openid": 7}'),
            httpx.Response(200, text='{"errcode": "many"}'),
            httpx.Response(200, content=b"\xff\xfe\x00"),
            httpx.Response(200, text="[" * 5000),
        ],
    )
    def test_unusable_answers(self, response):
        transport = Scripted((0, response), answer(openid="o-liu"))
        with pytest.raises(WechatUnavailable):
            sign_in(CODE, transport)
        assert len(transport.requests) == 1


class TestTime:
    def test_a_slow_answer_is_cut_after_one_second(self, fake):
        code = fake.issue_code("o-liu")
        fake.slow_next(5)
        with within(0.9, 1.8), pytest.raises(WechatUnavailable):
            ask_fake(fake, code)
        assert len(fake.calls) == 1

    def test_everything_together_stays_within_two_seconds(self, caplog):
        lost = (0.5, httpx.ConnectTimeout("lost"))
        transport = Scripted(lost, lost, (1.0, httpx.ReadTimeout("lost")))

        async def run():
            client = WechatClient(APPID, SECRET, transport=transport)
            async with contextlib.aclosing(client) as wechat:
                with within(1.85, 2.0), pytest.raises(WechatUnavailable) as caught:
                    await wechat.code2session(CODE)
                return caught.value

        error = asyncio.run(run())
        assert "no answer within 1.9 s" in caplog.text
        assert error.__context__ is None

    def test_the_caller_may_leave(self, fake):
        fake.slow_next(5)
        transport = httpx.ASGITransport(create_wechat_server(fake))

        async def leave():
            client = WechatClient(APPID, SECRET, transport=transport)
            async with contextlib.aclosing(client) as wechat, asyncio.timeout(0.05):
                await wechat.code2session(CODE)

        with pytest.raises(TimeoutError):
            asyncio.run(leave())


class TestConcurrency:
    def test_many_users_at_once_get_their_own_identity(self, fake):
        people = [f"o-{number}" for number in range(50)]
        fake.fail_next(-1, times=10)

        async def run():
            transport = httpx.ASGITransport(create_wechat_server(fake))
            client = WechatClient(APPID, SECRET, transport=transport)
            async with contextlib.aclosing(client) as wechat:
                codes = [fake.issue_code(openid) for openid in people]
                return await asyncio.gather(*map(wechat.code2session, codes))

        assert [identity.openid for identity in asyncio.run(run())] == people

    def test_one_code_ten_times_at_once_works_once(self, fake):
        code = fake.issue_code("o-liu")

        async def run():
            transport = httpx.ASGITransport(create_wechat_server(fake))
            client = WechatClient(APPID, SECRET, transport=transport)
            async with contextlib.aclosing(client) as wechat:
                tries = [wechat.code2session(code) for _ in range(10)]
                return await asyncio.gather(*tries, return_exceptions=True)

        outcomes = asyncio.run(run())
        assert outcomes.count(WechatIdentity("o-liu")) == 1
        assert sum(isinstance(outcome, WechatCodeRefused) for outcome in outcomes) == 9


class TestSecrecy:
    """No log line, no exception and no answer says the secret, the code, or who it was."""

    @pytest.fixture
    def loud(self, caplog):
        """Everything logs at DEBUG, even where somebody turned the silenced loggers up again."""
        silenced = logging.getLogger("httpcore").level
        for name in ("", "httpx", "httpcore", "app", "asyncio"):
            caplog.set_level(logging.DEBUG, logger=name)
        yield caplog
        assert silenced == logging.WARNING

    @staticmethod
    def assert_silent(text, *private):
        for word in (SECRET, "session_key", "js_code=", "o-liu", *private):
            assert word not in text

    def test_success(self, fake, loud):
        code = fake.issue_code("o-liu")
        ask_fake(fake, code)
        self.assert_silent(loud.text, code, fake.session_keys["o-liu"])

    @pytest.mark.parametrize("errcode", [-1, 40029, 40226, 45011, 40013, 61024])
    def test_refusals(self, fake, loud, errcode):
        code = fake.issue_code("o-liu")
        fake.fail_next(errcode, times=3)
        with pytest.raises(AppError) as caught:
            ask_fake(fake, code)
        self.assert_silent(loud.text + told(caught.value), code)

    @pytest.mark.parametrize(
        "step",
        [
            (0, httpx.ReadTimeout(f"lost {SECRET}")),
            (0, httpx.ConnectError(f"lost {SECRET}")),
            (0, httpx.Response(502, text=f"GET /?js_code={CODE}&secret={SECRET}")),
            (0, httpx.Response(200, text=f'{{"openid": 7, "session_key": "{SECRET}"}}')),
            (0, httpx.Response(200, text=f'{{"session_key": "{SECRET}", "openid": "o-liu"')),
        ],
    )
    def test_troubles(self, loud, step):
        with pytest.raises(WechatUnavailable) as caught:
            sign_in(CODE, Scripted(step, step, step))
        self.assert_silent(loud.text + told(caught.value), CODE)
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None

    def test_the_filter_lets_warnings_of_httpx_pass(self, caplog):
        logging.getLogger("httpx").warning("worth knowing")
        assert "worth knowing" in caplog.text

    def test_all_who_speak_httpx_share_one_filter(self):
        named = (line, robots, carrier)
        assert {module.hush_httpx for module in named} == {hush_httpx}
        assert len(logging.getLogger("httpx").filters) == 1

    def test_proxies_in_the_environment_are_ignored(self, monkeypatch):
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        assert not WechatClient(APPID, SECRET)._line.http._mounts


def told(error):
    """All that an error can show anybody."""
    return (
        f"{error} {error!r} {error.headers} {error.problem('en', 'r')} {error.problem('zh', 'r')}"
    )


@contextlib.asynccontextmanager
async def served(fake):
    """The fake on a real socket; yields its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_wechat_server(fake)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()


class TestRealSocket:
    def test_answers_time_out_and_the_client_lives_on(self, fake, caplog):
        for name in ("", "httpx", "httpcore"):
            caplog.set_level(logging.DEBUG, logger=name)
        lost, fresh = fake.issue_code("o-liu"), fake.issue_code("o-liu")
        fake.slow_next(1.9)

        async def run():
            async with served(fake) as base_url:
                client = WechatClient(APPID, SECRET, base_url)
                async with contextlib.aclosing(client) as wechat:
                    with within(0.9, 1.8), pytest.raises(WechatUnavailable):
                        await wechat.code2session(lost)
                    return await wechat.code2session(fresh)

        assert asyncio.run(run()).openid == "o-liu"
        assert [call.code for call in fake.calls] == [lost, fresh]
        TestSecrecy.assert_silent(caplog.text, lost, fresh)

    def test_a_dripping_answer_is_cut_too(self):
        """Every read succeeds in time, so only the time of the whole try can end this."""

        async def run():
            hung_up = asyncio.Event()

            async def drip(reader, writer):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
                # A reset is no end of file: the reader alone would never tell of it.
                while not (reader.at_eof() or writer.is_closing()):
                    writer.write(b".")
                    await asyncio.sleep(0.1)
                writer.close()
                hung_up.set()

            async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
                base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
                client = WechatClient(APPID, SECRET, base_url)
                try:
                    async with contextlib.aclosing(client) as wechat:
                        await wechat.code2session(CODE)
                finally:
                    await hung_up.wait()

        with within(0.9, 1.8), pytest.raises(WechatUnavailable):
            asyncio.run(run())

    def test_nobody_listens(self, caplog):
        listener = socket.create_server(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.close()
        with within(0, 1.8), pytest.raises(WechatUnavailable):
            sign_in(CODE, None, base_url=base_url)
        assert caplog.text.count("WeChat cannot be reached: ConnectError") == 3

    def test_the_budget_is_two_seconds(self):
        assert wechat_client.BUDGET_S < 2

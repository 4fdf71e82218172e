"""Whether a call that failed certainly had no effect: only then may a message be sent again."""

import httpx
import pytest
from wechat_build import check, play, send, transport

from app.wechat import client, line
from app.wechat.errors import WechatMisconfigured
from app.wechat.tokens import Pocket


class Cut(httpx.AsyncBaseTransport):
    """A line on which one address cannot be reached."""

    def __init__(self, fake, path):
        self._fake, self._path = transport(fake), path

    async def handle_async_request(self, request):
        if request.url.path.startswith(self._path):
            raise httpx.ConnectError("no route")
        return await self._fake.handle_async_request(request)


class Turning(httpx.AsyncBaseTransport):
    """A line on which messages go well until another token is fetched."""

    def __init__(self, fake):
        self._fake, self._line = fake, transport(fake)

    async def handle_async_request(self, request):
        if request.url.path.endswith("stable_token"):
            self._fake.lie_next("<html>", 502, call="send")
        return await self._line.handle_async_request(request)


def undone(fake, **changes):
    (error,) = play(fake, send(), **changes)
    return error.undone


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    # Enough for an honest answer on a slow machine: one that comes is not to be called late.
    monkeypatch.setattr(line, "TRY_S", 0.4)
    monkeypatch.setattr(client, "BUDGET_S", 1.2)


class TestUndone:
    @pytest.mark.parametrize("path", ["/cgi-bin/message", "/cgi-bin/stable_token"])
    def test_nobody_was_reached(self, fake, path):
        assert undone(fake, transport=Cut(fake, path))
        assert fake.services.sent == []

    def test_wechat_says_that_it_is_busy(self, fake):
        fake.fail_next(-1, call="send")
        assert undone(fake)

    def test_there_was_no_token_in_time(self, fake, monkeypatch):
        monkeypatch.setattr(client, "BUDGET_S", 0.08)
        for _ in range(3):
            fake.slow_next(1, call="stable_token")
        assert undone(fake)
        assert fake.errcodes["send"] == []

    def test_the_breaker_is_open(self, fake):
        outcomes = play(fake, *[send()] * 6, transport=Cut(fake, "/cgi-bin/message"))
        assert outcomes[-1].undone

    @pytest.mark.parametrize("trouble", ["down", "slow"])
    def test_the_token_was_refused_and_there_is_no_other(self, fake, monkeypatch, trouble):
        monkeypatch.setattr(client, "BUDGET_S", 0.7)
        pocket = Pocket()
        play(fake, check(), shelf=pocket)
        fake.fail_next(42001, call="send")
        if trouble == "down":
            fake.lie_next("", 502, times=3, call="stable_token")
        else:
            for _ in range(3):
                fake.slow_next(1, call="stable_token")
        assert undone(fake, shelf=pocket)
        assert fake.errcodes["send"] == [42001]


class TestUnclear:
    def test_the_answer_cannot_be_read_after_another_token(self, fake):
        pocket = Pocket()
        play(fake, check(), shelf=pocket)
        fake.fail_next(42001, call="send")
        assert not undone(fake, shelf=pocket, transport=Turning(fake))
        assert fake.errcodes["stable_token"] == [0, 0, 0]

    def test_the_answer_is_late(self, fake):
        fake.slow_next(2, call="send")
        assert not undone(fake)

    @pytest.mark.parametrize("status", [200, 502])
    def test_the_answer_cannot_be_read(self, fake, status):
        fake.lie_next("<html>", status, call="send")
        assert not undone(fake)


def test_what_wechat_said_is_told(fake):
    fake.fail_next(47003, call="send")
    (error,) = play(fake, send())
    assert isinstance(error, WechatMisconfigured)
    assert error.errcode == 47003

"""WeChat's token in the database: one for all processes, sealed, and forced twenty times a day."""

import asyncio
import contextlib
import threading
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete, select

from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.furniture import wechat_of
from app.kit import clock
from app.kit.db import work
from app.kit.seal import Seal
from app.mini.models import WechatToken
from app.mini.tokens import SharedShelf
from app.wechat.answers import Scene
from app.wechat.client import WechatClient
from app.wechat.tokens import MOST_FORCED, Token

APPID = "wx-test"


@pytest.fixture
def shelf_of(db):
    """A process's shelf: its own object on the same database."""
    with work(db, write=True) as tx:
        tx.execute(delete(WechatToken))

    def run(function, *, write):
        with work(db, write=write) as tx:
            return function(tx)

    return lambda secret="a seal of this service", appid=APPID: SharedShelf(
        appid, Seal(secret), run
    )


@pytest.fixture
def fake():
    fake = FakeWechat(APPID)
    fake.services.visit("o-liu")
    return fake


def check(fake, *shelves):
    """A text checked by a fresh client on each of these shelves, as after a restart."""

    async def run():
        for shelf in shelves:
            transport = httpx.ASGITransport(create_wechat_server(fake))
            client = WechatClient(APPID, fake.secret, "http://fake", transport, shelf)
            async with contextlib.aclosing(client) as wechat:
                await wechat.check_text("o-liu", Scene.COMMENT, "井盖")

    asyncio.run(run())


def kept(db):
    with work(db, write=False) as tx:
        return tx.scalars(select(WechatToken)).one()


class TestShared:
    def test_it_is_asked_for_once(self, fake, shelf_of):
        check(fake, shelf_of(), shelf_of(), shelf_of())
        assert fake.errcodes["stable_token"] == [0]

    def test_it_is_sealed(self, fake, shelf_of, db):
        check(fake, shelf_of())
        token = shelf_of().read()
        assert token.value not in kept(db).token
        assert token.lasts(timedelta(minutes=119))

    def test_it_is_renewed_for_all(self, fake, shelf_of):
        check(fake, shelf_of())
        clock.shift(timedelta(minutes=116))
        fake.services.visit("o-liu")
        check(fake, shelf_of(), shelf_of())
        assert fake.errcodes["stable_token"] == [0, 0]

    def test_with_another_secret_another_is_asked_for(self, fake, shelf_of):
        check(fake, shelf_of())
        assert shelf_of("another seal").read() is None
        check(fake, shelf_of("another seal"))
        assert fake.errcodes["stable_token"] == [0, 0]

    def test_each_mini_program_has_its_own(self, shelf_of):
        token = Token("of-another", clock.now() + timedelta(hours=2))
        shelf_of(appid="wx-other").write(token)
        assert shelf_of().read() is None
        assert shelf_of(appid="wx-other").read() == token

    def test_two_processes_that_write_at_once_do_no_harm(self, shelf_of):
        shelves = [shelf_of() for _ in range(4)]
        token = Token("same", clock.now() + timedelta(hours=2))
        threads = [threading.Thread(target=shelf.write, args=(token,)) for shelf in shelves]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shelves[0].read() == token

    def test_a_refused_one_is_forced_and_the_next_process_has_it(self, fake, shelf_of, db):
        check(fake, shelf_of())
        old = shelf_of().read()
        fake.tokens.spoil()
        check(fake, shelf_of(), shelf_of())
        assert shelf_of().read().value != old.value
        assert kept(db).forced == 1
        assert fake.errcodes["check_text"] == [0, 40001, 0, 0]


class TestForce:
    def test_twenty_times_a_day_whoever_asks(self, shelf_of):
        shelf_of().write(Token("x", clock.now()))
        given = [shelf_of().take_force() for _ in range(MOST_FORCED + 2)]
        assert given == [True] * MOST_FORCED + [False] * 2
        clock.shift(timedelta(days=1))
        assert shelf_of().take_force()

    def test_a_new_token_does_not_start_the_count_anew(self, shelf_of, db):
        for _ in range(3):
            shelf_of().write(Token("x", clock.now()))
            assert shelf_of().take_force()
        assert kept(db).forced == 3

    def test_of_a_mini_program_that_has_none(self, shelf_of):
        assert not shelf_of().take_force()


def test_signing_in_asks_for_no_token(fake, shelf_of, app, settings, db, client):
    """The hot path: code2session wants none, so neither WeChat nor the database is asked."""
    given = settings.model_copy(update={"wechat_url": "http://fake"})
    wechat = wechat_of(given, app.state.seal, db)
    assert wechat._tokens._shelf.read() is None
    transport = httpx.ASGITransport(create_wechat_server(fake))
    before, app.state.wechat = app.state.wechat, WechatClient(
        APPID, fake.secret, "http://fake", transport, shelf_of()
    )  # fmt: skip
    answer = client.post("/v1/auth/wechat", json={"code": fake.issue_code("o-liu")})
    app.state.wechat = before
    assert answer.status_code == 200
    assert fake.errcodes.keys() == {"code2session"}
    assert shelf_of().read() is None


def test_without_wechat_signing_in_says_so(client):
    answer = client.post("/v1/auth/wechat", json={"code": "anything"})
    assert (answer.status_code, answer.json()["code"]) == (503, "wechat_off")

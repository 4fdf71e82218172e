"""The codes of the mini program that staff print: drawn by WeChat, and for whom."""

import httpx
import pytest

from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.demo.wechat_services import PNG
from app.wechat import line
from app.wechat.answers import PICTURES
from app.wechat.client import WechatClient

PATH = "/v1/wechat/code"
ASKED = {"scene": "store=7", "page": "pages/index/index"}


class Wire(httpx.AsyncBaseTransport):
    """The line to the fake, which sees how many connections to the database are held meanwhile."""

    def __init__(self, fake, db):
        self.fake, self.db, self.held = httpx.ASGITransport(create_wechat_server(fake)), db, []

    async def handle_async_request(self, request):
        pools = (self.db.reader.pool, self.db.writer.pool)
        self.held.append(sum(pool.checkedout() for pool in pools))
        return await self.fake.handle_async_request(request)


@pytest.fixture
def fake(app, monkeypatch):
    """A WeChat of this test's own, and the application set up for it."""
    fake = FakeWechat("wx-test")
    fake.wire = Wire(fake, app.state.db)
    monkeypatch.setattr(line, "PAUSES_S", (0, 0))
    before = app.state.wechat
    app.state.wechat = WechatClient("wx-test", fake.secret, "http://fake", fake.wire)
    yield fake
    app.state.wechat = before


@pytest.fixture
def ask(client, cast, as_):
    def asked(who="sun", **changes):
        return client.get(PATH, params={**ASKED, **changes}, headers=as_(getattr(cast, who)))

    return asked


class TestCode:
    @pytest.mark.parametrize("who", ["sun", "li"])
    def test_is_the_picture_that_wechat_drew(self, fake, ask, who):
        answer = ask(who)
        assert (answer.status_code, answer.content) == (200, PNG + b"store=7")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == "no-store"
        assert set(fake.wire.held) == {0}

    def test_is_a_jpeg_where_wechat_draws_one(self, fake, ask, monkeypatch):
        jpeg = b"\xff\xd8\xff\xe0jpeg"
        monkeypatch.setattr(fake.services, "make_code", lambda _body: jpeg)
        answer = ask()
        assert (answer.content, answer.headers["content-type"]) == (jpeg, "image/jpeg")

    @pytest.mark.parametrize("who", ["wang", "liu_bo"])
    def test_is_not_drawn_for_anybody_else(self, fake, ask, who):
        answer = ask(who)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
        assert fake.wire.held == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"scene": ""}, {"scene": "x" * 33}, {"scene": "店"}, {"scene": "a b"}, {"scene": "a%"},
            {"page": ""}, {"page": "/pages/index/index"}, {"page": "pages/index/index?a=1"},
        ],
    )  # fmt: skip
    def test_is_not_asked_for_with_what_wechat_does_not_take(self, fake, ask, wrong):
        assert ask(**wrong).status_code == 422
        assert fake.wire.held == []

    def test_takes_every_sign_of_a_scene(self, fake, ask):
        signs = "!#$&'()*+,/:;=?@-._~09azAZ"
        assert ask(scene=signs).content == PNG + signs.encode()

    @pytest.mark.parametrize(
        ("errcode", "status", "code"),
        [(41030, 409, "wechat_page_unknown"), (45009, 503, "wechat_quota_spent"),
         (48001, 503, "wechat_misconfigured")],
    )  # fmt: skip
    def test_that_wechat_refuses(self, fake, ask, errcode, status, code):
        fake.fail_next(errcode, call="make_code")
        answer = ask()
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_while_wechat_is_down(self, fake, ask):
        fake.lie_next("", 502, times=3, call="make_code")
        answer = ask()
        assert (answer.status_code, answer.json()["code"]) == (503, "wechat_unavailable")
        assert answer.headers["retry-after"]

    def test_is_an_image_in_the_document(self, app):
        told = app.openapi()["paths"][PATH]["get"]["responses"]["200"]["content"]
        assert told.keys() == set(PICTURES.values())


def test_without_wechat_it_says_so(ask):
    answer = ask()
    assert (answer.status_code, answer.json()["code"]) == (503, "wechat_off")

"""This folder's tests share one stage a module and engine."""

import httpx
import pytest
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401

from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.furniture import tools_of
from app.kit import outbox
from app.wechat.client import WechatClient
from app.worker import make_handlers


@pytest.fixture(scope="module")
def wechat(app):
    """A WeChat of our own behind the application."""
    fake = FakeWechat("wx-test")
    transport = httpx.ASGITransport(create_wechat_server(fake))
    app.state.wechat = WechatClient("wx-test", fake.secret, "http://fake", transport)
    return fake


@pytest.fixture(scope="module")
def work_off(app, client):
    """Runs every job that is due with the tools of the server's own worker."""
    handlers = make_handlers(tools_of(app.state))

    def run() -> None:
        while outbox.run_one(app.state.db, handlers):
            pass

    return run


@pytest.fixture(scope="module")
def joined(client, wechat):
    """Signs a WeChat user in, with a name and a phone: headers, and the record."""

    def join(openid: str, name: str, number: str):
        code = wechat.issue_code(openid, f"union-{openid}")
        signed = client.post("/v1/auth/wechat", json={"code": code}).json()
        headers = {"Authorization": f"Bearer {signed['access_token']}"}
        edit = {"name": name, "occupation": "rider", "employer": "快送站"}
        assert client.put("/v1/me", json=edit, headers=headers).status_code == 200
        code = wechat.services.issue_phone_code(number)
        bound = client.post("/v1/me/phone", json={"code": code}, headers=headers)
        assert bound.status_code == 200, bound.text
        return headers, bound.json()

    return join

"""One stage a module and engine, and a WeChat that pushes to it."""

import pytest
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401

from app.demo.wechat_push import FakePushes
from app.wechat.pushes import Postbox

TOKEN, KEY = "t0ken", "kU7xZ2mQ9pR4sT6vW8yB1cD3eF5gH0jLnMoPqRsTuVw"


@pytest.fixture(scope="module")
def wechat(app):
    """WeChat's side of the push, and the application set up for it."""
    app.state.postbox = Postbox("wx-test", TOKEN, KEY)
    return FakePushes("wx-test", TOKEN, KEY)


@pytest.fixture
def post(client):
    """Sends what WeChat would send."""

    def send(posted):
        url = "/v1/wechat/push"
        return client.post(
            url, params=posted.params, content=posted.content, headers=posted.headers
        )

    return send

"""This folder's tests share one stage a module and engine, and a WeCom on this machine."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from cast import GRID
from flows.story import key
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from serving import Served

from app.demo.wechat_server import FakeRobots, FakeWechat, create_wechat_server
from app.furniture import tools_of
from app.kit import clock, outbox
from app.kit.db import work
from app.settings import Settings
from app.worker import make_handlers

WEBHOOK = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="


@pytest.fixture(scope="module")
def wecom() -> FakeRobots:
    return FakeRobots()


@pytest.fixture(scope="module")
def wecom_url(wecom) -> Iterator[str]:
    served = Served(create_wechat_server(FakeWechat(), wecom))
    yield served.url
    served.stop()


@pytest.fixture(scope="module")
def settings(url, folder, wecom_url) -> Settings:
    return Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, objection_hours=0, wechat_appid="wx-test", wecom_url=wecom_url,
        _env_file=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def handlers(app):
    return make_handlers(tools_of(app.state))


@pytest.fixture
def group(client, wecom, desk, cast, as_):
    """A group of GRID with a robot of its own that WeCom knows: `(group, key)`."""

    def make(robot=None, **draft):
        robot = robot or str(uuid4())
        wecom.keys.add(robot)
        body = {
            "name": "莲花一格群", "members": 120, "grid_codes": [GRID],
            "webhook": WEBHOOK + robot, **draft,
        }  # fmt: skip
        answer = client.post("/v1/groups", json=body, headers={**as_(cast.sun), **key()})
        assert answer.status_code == 201, answer.text
        return answer.json(), robot

    return make


@pytest.fixture
def minute(db, drain):
    """A minute goes by, and the worker does what is due in it."""

    def pass_by(count=1):
        for _ in range(count):
            clock.shift(timedelta(minutes=1))
            with work(db, write=True) as tx:
                outbox.enqueue(tx, "groups.flushed")
            drain()

    return pass_by

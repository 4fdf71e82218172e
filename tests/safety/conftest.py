"""One stage a module and engine whose reports WeChat looks at: a fake one on this machine."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from cast import INSIDE
from flows.story import key
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from serving import Served
from sqlalchemy import select

from app.demo.wechat_push import FakePushes
from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.identity.models import WechatBinding
from app.kit import clock, outbox
from app.kit.db import work
from app.rewards.models import Award
from app.settings import Settings

APPID, SECRET, TOKEN = "wx-test", "s3cr3t-of-the-app", "t0ken"
KEY = "kU7xZ2mQ9pR4sT6vW8yB1cD3eF5gH0jLnMoPqRsTuVw"
PUBLIC = "https://e.example.test"
_openids = count(1)


@pytest.fixture(scope="module")
def fake() -> FakeWechat:
    fake = FakeWechat(APPID, SECRET)
    fake.services.review_words |= {"可疑"}
    fake.services.risky_words |= {"违禁"}
    return fake


@pytest.fixture(scope="module")
def wechat_url(fake) -> Iterator[str]:
    served = Served(create_wechat_server(fake))
    yield served.url
    served.stop()


@pytest.fixture(scope="module")
def settings(url, folder, wechat_url) -> Settings:
    return Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, objection_hours=0, wechat_appid=APPID, wechat_secret=SECRET,
        wechat_url=wechat_url, wechat_push_token=TOKEN, wechat_push_aes_key=KEY,
        content_safety="wechat", public_url=PUBLIC, _env_file=None,
    )  # fmt: skip


@pytest.fixture
def visitor(db, fake, newcomer):
    """A reporter who has just used the mini program."""

    def make():
        person, openid = newcomer(), f"o-{next(_openids)}"
        with work(db, write=True) as tx:
            tx.add(
                WechatBinding(
                    appid=APPID, openid=openid, person_id=person.id, created_at=clock.now()
                )
            )
        fake.services.visit(openid)
        return person

    return make


@pytest.fixture
def sent(client, desk, visitor):
    """A routed report of a visitor, as its case; `desk.report` is the report."""

    def make(place=INSIDE, **more):
        return desk.reported(place, reporter=visitor(), **more)

    return make


@pytest.fixture
def push(client, fake, drain):
    """WeChat pushes its verdict on the photo that it was asked about last."""

    def send(suggest="pass", key=KEY, **more):
        asked = next(reversed(fake.services.images))
        said = {**fake.services.verdict(asked, suggest), **more}
        posted = FakePushes(APPID, TOKEN, key).sealed(said)
        answer = client.post(
            "/v1/wechat/push", params=posted.params, content=posted.content,
            headers=posted.headers,
        )  # fmt: skip
        drain()
        return answer

    return send


@pytest.fixture
def minutes(db, drain):
    """Minutes go by, and the worker looks at what waits."""

    def pass_by(number):
        clock.shift(timedelta(minutes=number))
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "contents.watched")
        drain()

    return pass_by


@pytest.fixture
def decide(client, desk, drain):
    """A dispatcher decides."""

    def send(hold_id, decision, by=None):
        body = {"decision": decision, "note": "看过了"}
        url = f"/v1/safety/holds/{hold_id}/decision"
        answer = client.post(url, json=body, headers={**(by or desk.qian), **key()})
        drain()
        return answer

    return send


@pytest.fixture
def mine(client, desk):
    """The last report as its reporter sees it now."""
    return lambda: client.get(f"/v1/reports/{desk.report['id']}", headers=desk.liu).json()


@pytest.fixture
def told(client, desk):
    """The kinds of what the last reporter was told of content."""

    def kinds():
        items = client.get("/v1/inbox", headers=desk.liu).json()["items"]
        kinds = ("report.held", "report.hidden", "report.cleared")
        return [item for item in items if item["kind"] in kinds]

    return kinds


@pytest.fixture
def award(db, desk):
    """The states of what the last reporter earned."""

    def find(event="report.filed"):
        with work(db, write=False) as tx:
            mine = Award.person_id == desk.reporter.id, Award.event == event
            return list(tx.scalars(select(Award.state).where(*mine)))

    return find

"""The story through WeChat that is slow, down, lying or busy, and all of it once WeChat is back.

Sockets and the time limits of requests are real. Where WeChat is slow, only the worker's patience
is made shorter once the requests were made, so that minutes of it do not take minutes.
"""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from itertools import count, cycle
from uuid import UUID

import pytest
from cast import INSIDE
from flows.story import find_case, moved, report, upload
from flows.village import Patience
from ledger.build import broken
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from serving import Served
from sqlalchemy import delete, select, update
from windows import next_noon

from app.demo.wechat_push import FakePushes
from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.furniture import tools_of
from app.kit import clock, outbox
from app.kit.db import work
from app.kit.ids import new_id
from app.kit.outbox import Job
from app.media.models import Photo
from app.settings import Settings
from app.wechat import breaker, line
from app.wechat import client as wechat_client
from app.worker import make_handlers

APPID, SECRET, TOKEN = "wx-test", "s3cr3t-of-the-app", "t0ken"
AES_KEY = "kU7xZ2mQ9pR4sT6vW8yB1cD3eF5gH0jLnMoPqRsTuVw"
PAGE = "pages/inbox/index"
FIELDS = {"character_string1": "number", "thing2": "title", "time3": "time"}
KINDS = ["report.closed", "report.dispatched", "report.filed"]
TEMPLATES = {
    kind: {"template_id": kind.replace(".", "-"), "page": PAGE, "fields": FIELDS} for kind in KINDS
}
ONE_OF_EACH = {one["template_id"]: 1 for one in TEMPLATES.values()}
# What comes instead of an answer, first to what was done and then to what was not.
LIES = ("<html>502</html>", '{"errcode": "x"}', "", '{"errcode": 0', '{"errcode": 0}')
ERRCODES = {"busy": cycle([-1]), "too often": cycle([45011]), "refusing": cycle([45009, 99999])}
TROUBLES = ("slow", "down", "lying", *ERRCODES)
ASKED = {"code2session", "check_text", "check_image", "send"}
_openids = count(1)


class Troubled(FakeWechat):
    """A fake in one trouble at every call, for as long as it lasts; `met` says which calls."""

    def __init__(self):
        super().__init__(APPID, SECRET)
        self.services.templates = {template: set(FIELDS) for template in ONE_OF_EACH}
        self.services.pages = {PAGE}
        self.trouble, self.met, self._lies_told = "", set(), cycle(LIES)
        self.served = Served(create_wechat_server(self))

    def answer(self, call, query, body):
        if self.trouble:
            self.met.add(call)
        if self.trouble in ERRCODES:
            self.fail_next(next(ERRCODES[self.trouble]), call=call)
        return super().answer(call, query, body)

    def take_delay_s(self, call):
        return 2.5 if self.trouble == "slow" else 0.0

    def take_lie(self, call):
        return (200, next(self._lies_told)) if self.trouble == "lying" else None

    @contextmanager
    def troubled(self, trouble):
        self.trouble = trouble
        self.met.clear()
        if trouble == "down":
            self.served.stop()
        try:
            yield
        finally:
            if trouble == "down":
                self.served.start()
            self.trouble = ""
            time.sleep(0.15)  # a breaker's rest


@pytest.fixture(scope="module")
def fake():
    fake = Troubled()
    yield fake
    fake.served.stop()


@pytest.fixture(scope="module")
def settings(url, folder, fake) -> Settings:
    return Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, objection_hours=0, wechat_appid=APPID, wechat_secret=SECRET,
        wechat_url=fake.served.url, wechat_push_token=TOKEN, wechat_push_aes_key=AES_KEY,
        wechat_templates=TEMPLATES, content_safety="wechat",
        public_url="https://e.example.test", _env_file=None,
    )  # fmt: skip


@pytest.fixture
def there(app, client, as_, cast, fake, monkeypatch):
    """Noon in Shanghai. The worker holds WeChat's token already, and tries again soon."""
    next_noon()
    with work(app.state.db, write=True) as tx:
        tx.execute(delete(Job))
    monkeypatch.setattr(breaker, "REST_S", 0.1)
    app.state.errands.run(lambda wechat: wechat.make_code("warm", PAGE))
    return There(app, client, as_, cast, fake)


class There:
    """One reporter's story, and what a test sees of it."""

    def __init__(self, app, client, as_, cast, fake):
        self.db, self.as_, self.cast, self.fake = app.state.db, as_, cast, fake
        self.client, self.handlers = Patience(client), make_handlers(tools_of(app.state))
        self.openid, self.headers = f"o-{next(_openids)}", {}

    def sign_in(self):
        """The status of signing in with a fresh code."""
        code = self.fake.issue_code(self.openid)
        answer = self.client.post("/v1/auth/wechat", json={"code": code})
        if answer.status_code == 200:
            self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return answer.status_code

    def get(self, path, **params):
        answer = self.client.get(f"/v1/{path}", params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def grant(self):
        """The reporter lets WeChat bring one message of each kind."""
        for template in ONE_OF_EACH:
            self.fake.services.grant(self.openid, template)
        body = {"results": dict.fromkeys(ONE_OF_EACH, "accept")}
        left = self.client.post("/v1/me/subscriptions", json=body, headers=self.headers).json()
        assert {one["template_id"]: one["left"] for one in left["items"]} == ONE_OF_EACH

    def drain(self):
        while outbox.run_one(self.db, self.handlers):
            pass

    def minutes(self, number, step=1):
        """Minutes go by, and the worker does what each step brings."""
        for _ in range(0, number, step):
            clock.shift(timedelta(minutes=step))
            with work(self.db, write=True) as tx:
                outbox.enqueue(tx, "contents.watched")
                outbox.enqueue(tx, "message.due")
            self.drain()

    def reported(self):
        """A report; the worker asks WeChat about it while the reporter looks around."""
        sent = report(self.client, self.headers, INSIDE)
        self.report, photo_id = f"reports/{sent['id']}", UUID(sent["photos"][0]["id"])
        worker = threading.Thread(target=self.drain)
        worker.start()
        upload(self.client, self.headers)
        for path in ("me", "me/summary", "me/subscriptions", "inbox", "points", self.report):
            self.get(path)
        worker.join()
        with work(self.db, write=True) as tx:
            # What is not for others is covered: from now on only a verdict is missing.
            tx.execute(update(Photo).where(Photo.id == photo_id).values(copy_id=new_id()))

    def closed(self):
        """The grid's staff see the case at once and bring it to its end."""
        wang, sun = self.as_(self.cast.wang), self.as_(self.cast.sun)
        case = find_case(self.client, wang, self.get(self.report)["case_number"])
        case = moved(self.client, wang, case, "file", category_code="C0101")
        case = moved(self.client, wang, case, "dispatch", assignee_id=str(self.cast.wang.id))
        case = moved(self.client, wang, case, "accept")
        done = {"photo_ids": [upload(self.client, wang)], "note": "已更换井盖"}
        case = moved(self.client, wang, case, "resolve", **done)
        moved(self.client, sun, case, "close", outcome="fixed", public_note="新井盖")
        self.drain()

    def push(self, suggest, *, key=AES_KEY, plain=False):
        """The statuses of verdicts on all that was asked; the same ones each time."""
        pushes, statuses, services = FakePushes(APPID, TOKEN, key), set(), self.fake.services
        for trace_id in [t for t, (openid, _) in services.images.items() if openid == self.openid]:
            said = services.verdict(trace_id, suggest)
            params, content, headers = (pushes.plain if plain else pushes.sealed)(said)
            answer = self.client.post(
                "/v1/wechat/push", params=params, content=content, headers=headers
            )
            statuses.add(answer.status_code)
        self.drain()
        return statuses

    def shown(self):
        """What the reporter reads of the report's content, and how many photos others see."""
        mine, asked = self.get(self.report), {"headers": self.as_(self.cast.chen), "params": INSIDE}
        near = self.client.get("/v1/reports/nearby", **asked).json()["items"]
        (thumbs,) = [one["thumbs"] for one in near if one["number"] == mine["case_number"]]
        return mine["content"], len(thumbs)

    def stands(self):
        """Points to spend and on the way, the kinds of messages, the jobs that were given up."""
        points, inbox = self.get("points"), self.get("inbox")["items"]
        with work(self.db, write=False) as tx:
            dead = list(tx.scalars(select(Job.kind).where(Job.state == "dead")))
        told = sorted(message["kind"] for message in inbox)
        return points["spendable"], points["on_the_way"], told, dead

    def copies(self):
        """How many messages of each template reached the reporter's WeChat."""
        sent = self.fake.services.sent
        return Counter(one.template for one in sent if one.openid == self.openid)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_story_with_wechat_in_trouble(there, fake, trouble):
    assert there.sign_in() == 200
    there.grant()
    with fake.troubled(trouble), pytest.MonkeyPatch.context() as patch:
        assert there.sign_in() in {429, 502, 503}
        there.reported()
        if trouble == "slow":
            patch.setattr(line, "TRY_S", 0.1)
            patch.setattr(wechat_client, "BUDGET_S", 0.3)
        there.closed()
        there.minutes(10)
        assert there.shown() == ("checking", 0)
        assert there.stands() == (0, 10, KINDS, [])
        # No copy has come, but for those that were sent and whose answer was lost.
        assert there.copies() == (ONE_OF_EACH if trouble in {"slow", "lying"} else {})
        assert trouble == "down" or fake.met >= ASKED
    there.minutes(2)
    assert there.push("risky", key="A" * 43) == there.push("risky", plain=True) == {403}
    assert there.shown() == ("checking", 0)
    assert there.push("pass") == there.push("pass") == {200}
    there.minutes(30, step=5)
    assert there.sign_in() == there.push("pass").pop() == 200
    assert there.shown() == ("shown", 1)
    assert there.stands() == (10, 0, KINDS, [])
    assert there.copies() == ONE_OF_EACH
    assert broken(there.db) == []

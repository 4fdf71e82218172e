"""The push address over HTTP: taken once, answered at once, dealt with by the worker."""

import json
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import event, func, select

from app.kit import clock, outbox
from app.kit.db import work
from app.kit.outbox import Job
from app.mini import jobs
from app.mini.models import WechatPush
from app.settings import Settings
from app.wechat.pushes import Postbox

PATH = "/v1/wechat/push"
_numbers = count(1)


def an_event(**more):
    """An event that no other test sends."""
    return {
        "ToUserName": "gh_1", "FromUserName": "o-liu", "CreateTime": 1762070400,
        "MsgType": "event", "Event": "wxa_media_check", "trace_id": f"trace-{next(_numbers)}",
        "result": {"suggest": "risky", "label": 20006}, **more,
    }  # fmt: skip


def refused(answer):
    assert answer.status_code == 403, answer.text
    body = answer.json()
    del body["request_id"]
    return body


def rows(db):
    with work(db, write=False) as tx:
        return {row.key: row for row in tx.scalars(select(WechatPush))}


def jobs_of(db, **where):
    with work(db, write=False) as tx:
        waiting = select(func.count()).where(Job.kind == "wechat.pushed", Job.state == "ready")
        return tx.scalar(waiting)


@pytest.fixture
def taken(db, wechat, post):
    """The rows that a test's pushes made."""
    before = rows(db).keys()
    return lambda: [row for key, row in rows(db).items() if key not in before]


@pytest.fixture
def deal(app, db):
    """Runs the jobs of pushes, with somebody who knows these events."""

    def run(**known):
        handlers = {"wechat.pushed": jobs.pushed(known)}
        while outbox.run_one(db, handlers):
            pass

    return run


@pytest.fixture
def set_up(app, wechat):
    """Sets the address up with another token and key for one test."""
    before = app.state.postbox

    def other(token, key):
        app.state.postbox = Postbox("wx-test", token, key)

    yield other
    app.state.postbox = before


class TestGreeting:
    def test_the_word_comes_back_as_it_was(self, client, wechat):
        asked = wechat.greeting()
        answer = client.get(PATH, params=asked)
        assert (answer.status_code, answer.text) == (200, asked["echostr"])
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        "change", [{"signature": "0" * 40}, {"nonce": "1"}, {"timestamp": "x"}]
    )
    def test_to_nobody_else(self, client, wechat, change):
        answer = client.get(PATH, params={**wechat.greeting(), **change})
        assert refused(answer)["code"] == "push_refused"

    def test_without_anything(self, client, wechat):
        refused(client.get(PATH))


class TestTake:
    @pytest.mark.parametrize("form", ["xml", "json"])
    def test_it_is_written_down_with_its_job(self, post, wechat, taken, db, deal, form):
        deal()
        answer = post(wechat.sealed(an_event(), form))
        assert (answer.status_code, answer.text) == (200, "success")
        (row,) = taken()
        assert (row.event, row.state, row.done_at) == ("wxa_media_check", "received", None)
        assert row.fields["result"] == {"suggest": "risky", "label": "20006"}
        assert jobs_of(db) == 1

    def test_plain_where_there_is_no_key(self, post, wechat, taken, set_up):
        set_up(wechat.token, "")
        assert post(wechat.plain(an_event())).text == "success"
        assert len(taken()) == 1

    def test_repeated_it_is_one(self, post, wechat, taken, db, deal):
        deal()
        fields = an_event()
        posted = wechat.sealed(fields)
        # The very same request, and WeChat's own repetition in a new envelope.
        for again in (posted, posted, wechat.sealed(fields)):
            assert post(again).text == "success"
        assert len(taken()) == 1
        assert jobs_of(db) == 1

    def test_and_is_one_after_it_was_dealt_with(self, post, wechat, taken, db, deal):
        fields = an_event()
        post(wechat.sealed(fields))
        deal()
        assert post(wechat.sealed(fields)).text == "success"
        assert jobs_of(db) == 0
        assert len(taken()) == 1

    def test_two_statements_and_nobody_asked(self, post, wechat, app):
        said = []
        listener = lambda *given: said.append(given[2])  # noqa: E731
        engine = app.state.db.writer
        event.listen(engine, "before_cursor_execute", listener)
        try:
            post(wechat.sealed(an_event()))
        finally:
            event.remove(engine, "before_cursor_execute", listener)
        told = [words.split()[0] for words in said]
        assert [word for word in told if word not in {"BEGIN", "SAVEPOINT", "RELEASE"}] == [
            "INSERT", "INSERT",
        ]  # fmt: skip

    def test_what_cannot_be_kept_leaves_no_row_and_no_job(self, post, wechat, taken, db, deal):
        """A push without its job would be lost: both or neither."""
        deal()
        with pytest.MonkeyPatch.context() as patch:

            def broken(*_given, **_how):
                raise RuntimeError

            patch.setattr(outbox, "enqueue", broken)
            assert post(wechat.sealed(an_event())).status_code == 500
        assert taken() == []
        assert jobs_of(db) == 0


class TestRefusals:
    def test_all_are_answered_alike_and_leave_nothing(self, post, wechat, taken, client):
        good = wechat.sealed(an_event(), "json")
        sealed = json.loads(good.content)["Encrypt"]
        flipped = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
        message = json.dumps(an_event()).encode()
        wrong = [
            good._replace(content=good.content.replace(sealed.encode(), flipped.encode())),
            good._replace(params={**good.params, "msg_signature": "0" * 40}),
            good._replace(params={}),
            good._replace(content=b""),
            good._replace(content=b"[" * 60_000),
            good._replace(content=b"x" * 100_000),
            good._replace(content=b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>'),
            wechat.plain(an_event()),
            wechat.enveloped(wechat.seal(message, "wx-other")),
            wechat.enveloped(wechat.encrypt(b"\0" * 64)),
            wechat.sealed({"nothing": 1}),
        ]
        answers = [refused(post(posted)) for posted in wrong]
        clock.shift(timedelta(minutes=6))
        answers.append(refused(post(good)))
        assert answers == [answers[0]] * len(answers)
        assert set(answers[0]) == {"type", "title", "status", "detail", "code"}
        assert taken() == []

    def test_with_no_push_set_up(self, post, wechat, set_up, taken):
        set_up("", "")
        refused(post(wechat.sealed(an_event())))
        refused(post(wechat.plain(an_event())))
        assert taken() == []

    def test_a_flood_is_cut_before_it_is_read(self, post, wechat):
        assert post(wechat.sealed(an_event(text="长" * 200_000))).status_code == 413


class TestDealing:
    def test_whoever_knows_the_event_gets_it_once(self, post, wechat, taken, deal):
        heard = []

        def judged(tx, push):
            heard.append(
                (push.event, push.fields["FromUserName"], push.fields["result"]["suggest"])
            )

        fields = an_event()
        post(wechat.sealed(fields))
        deal(wxa_media_check=judged)
        post(wechat.sealed(fields))
        deal(wxa_media_check=judged)
        assert heard == [("wxa_media_check", "o-liu", "risky")]
        (row,) = taken()
        assert (row.state, row.fields) == ("handled", {})

    def test_an_unknown_event_leaves_its_name_alone(self, post, wechat, taken, deal):
        text = an_event(MsgType="text", MsgId=next(_numbers), Content="我的电话是13800000000")
        post(wechat.sealed(text))
        deal()
        (row,) = taken()
        assert (row.event, row.state, row.fields) == ("text", "ignored", {})
        assert row.done_at is not None

    def test_whoever_fails_is_asked_again_and_nothing_is_lost(self, post, wechat, taken, deal):
        tries = []

        def fails_once(tx, push):
            tries.append(push.fields["trace_id"])
            if len(tries) == 1:
                raise RuntimeError("not yet")

        fields = an_event()
        post(wechat.sealed(fields))
        deal(wxa_media_check=fails_once)
        assert [row.state for row in taken()] == ["received"]
        clock.shift(timedelta(minutes=1))
        deal(wxa_media_check=fails_once)
        assert tries == [fields["trace_id"]] * 2
        assert [row.state for row in taken()] == ["handled"]

    def test_the_worker_has_it(self, post, wechat, drain, taken):
        post(wechat.sealed(an_event()))
        post(wechat.sealed(an_event(Event="kf_create_session")))
        drain()
        assert {row.event: row.state for row in taken()} == {
            "wxa_media_check": "handled", "kf_create_session": "ignored",
        }  # fmt: skip

    def test_a_job_whose_push_is_gone_does_nothing(self, db):
        with work(db, write=True) as tx:
            jobs.pushed({})(tx, {"push_id": str(uuid4())})

    def test_after_seven_days_it_is_forgotten(self, post, wechat, taken, db):
        post(wechat.sealed(an_event()))
        clock.shift(timedelta(days=6, hours=23))
        post(wechat.sealed(an_event()))
        assert len(taken()) == 2
        clock.shift(timedelta(hours=2))
        with work(db, write=True) as tx:
            jobs.forget_old(tx)
        assert len(taken()) == 1


class TestSettings:
    STRONG = {
        **{
            name: f"{name}-Zk3vQ9xW7rT2mL8nB4cY6hJ1"
            for name in ("token_secret", "media_secret", "code_secret", "seal_secret")
        },
        "wechat_appid": "wx-real", "wechat_secret": "a-secret-of-wechat",
    }  # fmt: skip
    KEY = "kU7xZ2mQ9pR4sT6vW8yB1cD3eF5gH0jLnMoPqRsTuVw"

    @pytest.mark.parametrize(
        "half",
        [
            {"wechat_push_token": "t0ken"},
            {"wechat_push_aes_key": KEY},
            {"wechat_push_token": "t0ken", "wechat_push_aes_key": KEY[1:]},
            {"wechat_push_token": "t0ken", "wechat_push_aes_key": KEY[1:] + "+"},
        ],
    )
    def test_half_of_it_is_refused(self, half):
        with pytest.raises(ValidationError, match="XINXIN_WECHAT_PUSH_AES_KEY"):
            Settings(**self.STRONG, **half, _env_file=None)

    def test_all_or_nothing_is_taken(self):
        Settings(**self.STRONG, _env_file=None)
        both = {"wechat_push_token": "t0ken", "wechat_push_aes_key": self.KEY}
        shown = repr(Settings(**self.STRONG, **both, _env_file=None))
        assert self.KEY not in shown
        assert "t0ken" not in shown

    def test_development_may_do_without_a_key(self):
        Settings(environment="development", wechat_push_token="t0ken", _env_file=None)
        with pytest.raises(ValidationError, match="set together"):
            Settings(environment="development", wechat_push_aes_key=self.KEY, _env_file=None)

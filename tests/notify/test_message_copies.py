"""Copies of messages by WeChat: grants, troubles, quiet hours, digests; the fake answers as WeChat.

Every test begins at noon in Shanghai with nothing waiting.
"""

import threading
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
from flows.story import key
from hearing import heard
from sqlalchemy import delete, select, update
from windows import next_noon

from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.furniture import tools_of
from app.identity.models import Person, WechatBinding
from app.kit import clock, outbox
from app.kit.db import work
from app.main import create_app
from app.notify import queries, rules, sending, service, taking
from app.notify.models import MOST_GRANTS, Delivery, WechatGrant
from app.settings import Settings
from app.wechat import breaker, line
from app.wechat.client import WechatClient
from app.wechat.errands import Errands
from app.worker import make_handlers

PAGE = "pages/inbox/index"
TEMPLATES = {
    "report.closed": {
        "template_id": "T-closed",
        "fields": {"thing1": "title", "character_string2": "number", "time3": "time",
                   "phrase4": "outcome", "thing5": "text"},
        "page": PAGE,
    },
    "report.filed": {"template_id": "T-filed", "fields": {"thing1": "text"}, "page": PAGE},
    "clock.overdue": {"template_id": "T-late", "fields": {"thing1": "number"}, "page": PAGE},
    "messages.gathered": {
        "template_id": "T-many", "fields": {"number1": "count", "thing2": "latest"}, "page": PAGE,
    },
}  # fmt: skip
CLOSED = {
    "number": "500152-20261122-0001", "outcome": {"zh": "已修复", "en": "fixed"},
    "public_note": "新井盖", "points": "",
}  # fmt: skip
QUIET = {"starts": "22:00", "ends": "07:00"}
TOPICS = dict.fromkeys(("reports", "work", "points", "store", "other"), True)
WISHES = {"wechat": TOPICS, "quiet": QUIET, "digest": True, "language": "zh"}


@pytest.fixture(scope="module")
def settings(url, folder) -> Settings:
    return Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, objection_hours=0, wechat_appid="wx-test", wechat_templates=TEMPLATES,
        _env_file=None,
    )  # fmt: skip


class Wire(httpx.AsyncBaseTransport):
    """The line to the fake, which a test may cut."""

    def __init__(self, fake):
        self.fake, self.down = httpx.ASGITransport(create_wechat_server(fake)), False

    async def handle_async_request(self, request):
        if self.down:
            raise httpx.ConnectError("no route")
        return await self.fake.handle_async_request(request)


@pytest.fixture
def there(app, client, db, as_, newcomer, monkeypatch):
    """A WeChat of this test's own, and what a test does with it."""
    with work(db, write=True) as tx:
        tx.execute(delete(Delivery))
        tx.execute(update(outbox.Job).values(state="done"))
    next_noon()
    # Whoever comes after a failure looks again at once.
    monkeypatch.setattr(breaker, "REST_S", 0.0)
    monkeypatch.setattr(line, "TRY_S", 0.1)
    fake = FakeWechat("wx-test")
    fake.services.templates = {t["template_id"]: set(t["fields"]) for t in TEMPLATES.values()}
    fake.services.pages = {PAGE}
    wire = Wire(fake)
    errands = Errands(lambda: WechatClient("wx-test", fake.secret, "http://fake", wire))
    yield There(app, client, as_, newcomer, fake, wire, errands)
    errands.close()


class There:
    def __init__(self, app, client, as_, newcomer, fake, wire, errands):
        self.db, self.client, self.as_ = app.state.db, client, as_
        self.newcomer, self.fake, self.wire = newcomer, fake, wire
        tools = tools_of(SimpleNamespace(**{**app.state._state, "errands": errands}))
        self.handlers = make_handlers(tools)

    def person(self, *templates, times=1, real=True, **wishes):
        """Somebody whom WeChat knows; `real` says whether it knows of their grants, too."""
        person = self.newcomer()
        person.openid = f"o-{person.id}"
        with work(self.db, write=True) as tx:
            tx.add(WechatBinding(appid="wx-test", openid=person.openid, person_id=person.id,
                                 created_at=clock.now()))  # fmt: skip
        for template in templates:
            self.accept(person, template, times, real=real)
        if wishes:
            self.wish(person, **wishes)
        return person

    def accept(self, person, template="T-closed", times=1, *, real=True):
        for _ in range(times):
            self.say(person, {template: "accept"})
            if real:
                self.fake.services.grant(person.openid, template)

    def say(self, person, results):
        headers = {**self.as_(person), **key()}
        answer = self.client.post(
            "/v1/me/subscriptions", json={"results": results}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    def left(self, person, template="T-closed"):
        items = self.client.get("/v1/me/subscriptions", headers=self.as_(person)).json()["items"]
        return next(item["left"] for item in items if item["template_id"] == template)

    def wish(self, person, **wishes):
        body = {**WISHES, **wishes}
        headers = self.as_(person)
        answer = self.client.put("/v1/me/preferences", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json() == body
        return answer.json()

    def tell(self, person, kind="report.closed", subject=None, **data):
        with work(self.db, write=True) as tx:
            given = data or (CLOSED if kind == "report.closed" else {"number": "1"})
            service.tell(tx, person.id, kind, subject or str(uuid4()), **given)

    def tick(self, later=timedelta()):
        """The worker, some time later."""
        clock.shift(later)
        with work(self.db, write=True) as tx:
            outbox.enqueue(tx, "message.due")
        while outbox.run_one(self.db, self.handlers):
            pass

    def rows(self, person):
        with work(self.db, write=False) as tx:
            mine = select(Delivery).where(Delivery.person_id == person.id)
            return list(tx.scalars(mine.order_by(Delivery.created_at, Delivery.id)))

    def states(self, person):
        return [(row.state, row.last_error) for row in self.rows(person)]

    def sent(self, person):
        return [one for one in self.fake.services.sent if one.openid == person.openid]


def at(local):
    """Time goes on to this hour of the day in Shanghai, today's or tomorrow's."""
    hour, minute = map(int, local.split(":"))
    now = clock.now().astimezone(clock.SHANGHAI)
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    clock.shift(then - now + (timedelta(days=1) if then < now else timedelta()))


def statements(db, function):
    """How many statements a function costs."""
    with heard(db.writer) as said:
        function()
    return [statement for statement, _ in said if not statement.startswith("BEGIN")]


class TestSent:
    def test_with_a_grant_filled_and_once(self, there):
        person = there.person("T-closed")
        there.tell(person, subject="c/1")
        there.tell(person, subject="c/1")
        there.tick()
        there.tick()
        (one,) = there.sent(person)
        today = clock.business_day(clock.now())
        assert (one.template, one.page) == ("T-closed", PAGE)
        assert one.data == {
            "thing1": "已结案", "character_string2": "500152-20261122-0001",
            "time3": f"{today.year}年{today.month}月{today.day}日 12:00", "phrase4": "已修复",
            "thing5": "案件 500152-20261122…",
        }  # fmt: skip
        assert there.states(person) == [("sent", None)]
        assert there.left(person) == 0

    def test_in_the_language_that_was_chosen(self, there):
        person = there.person("T-closed", language="en")
        there.tell(person)
        there.tick()
        (one,) = there.sent(person)
        # A phrase is Chinese whatever happens.
        assert (one.data["thing1"], one.data["phrase4"]) == ("Case closed", "已修复")

    def test_without_a_grant_there_is_no_copy(self, there):
        person = there.person()
        there.tell(person)
        assert there.rows(person) == []

    def test_as_many_as_grants_the_oldest_first(self, there):
        person = there.person("T-closed", times=2)
        for n in range(3):
            there.tell(person, subject=f"{n}")
            clock.shift(timedelta(seconds=1))
        there.tick()
        assert there.states(person) == [("sent", None)] * 2 + [("given_up", "no_grant")]
        assert len(there.sent(person)) == 2

    def test_costs_one_statement_more_and_none_where_no_template_is(self, there, db):
        person = there.person("T-closed")
        templated = statements(there.db, lambda: there.tell(person))
        plain = statements(there.db, lambda: there.tell(person, "points.settled", points=3))
        assert (len(templated), len(plain)) == (2, 1)
        # A process without the setting makes no copy, even for whoever has a grant.
        with work(db, write=True) as tx:
            service.tell(tx, person.id, "report.closed", "off", **CLOSED)
        assert len(there.rows(person)) == 1

    def test_a_crowd_in_portions(self, there, monkeypatch):
        monkeypatch.setattr(queries, "MOST_PEOPLE", 2)
        monkeypatch.setattr(queries, "MOST_AT_ONCE", 3)
        people = [there.person("T-closed", times=2) for _ in range(4)]
        for person in people:
            there.tell(person), there.tell(person)
        there.tick()
        assert [len(there.sent(person)) for person in people] == [2] * 4


class TestRefused:
    def test_without_a_grant_at_wechat_never_again(self, there):
        person = there.person("T-closed", times=3, real=False)
        there.tell(person)
        there.tick()
        assert there.states(person) == [("failed", "not_wanted")]
        assert there.left(person) == 0
        there.tick(timedelta(hours=1))
        assert there.fake.errcodes["send"] == [43101]

    def test_a_grant_that_was_given_meanwhile_is_kept(self, there):
        person = there.person("T-closed", times=2, real=False)
        there.tell(person)
        with work(there.db, write=True) as tx:
            (parcel,) = taking.prepare(tx)
        there.accept(person)
        with work(there.db, write=True) as tx:
            sending.record(tx, [sending.Outcome(parcel, sending.Answer.NOT_WANTED)])
        assert there.left(person) == 2
        there.tell(person)
        there.tick()
        assert [state for state, _ in there.states(person)] == ["failed", "sent"]

    @pytest.mark.parametrize("errcode", [40037, 47003])
    def test_a_wrong_template_fails_at_once_and_costs_no_grant(self, there, errcode):
        person = there.person("T-closed")
        there.fake.fail_next(errcode, call="send")
        there.tell(person)
        there.tick()
        there.tick(timedelta(hours=1))
        assert there.states(person) == [("failed", f"errcode_{errcode}")]
        assert there.fake.errcodes["send"] == [errcode]
        assert there.left(person) == 1

    def test_whom_it_refused_five_times_in_a_row_rests_a_day(self, there):
        person = there.person()
        for _ in range(rules.FAILING_AFTER):
            there.accept(person, real=False)
            there.tell(person)
            there.tick()
        there.accept(person)
        there.tell(person)
        there.tick()
        assert there.states(person)[-1] == ("given_up", "resting")
        assert len(there.fake.errcodes["send"]) == rules.FAILING_AFTER
        clock.shift(rules.REST)
        there.tell(person)
        there.tick()
        assert there.states(person)[-1] == ("sent", None)
        # One success, and the count begins anew.
        there.accept(person, real=False)
        there.tell(person)
        there.tick()
        there.accept(person)
        there.tell(person)
        there.tick()
        assert there.states(person)[-1] == ("sent", None)


class TestTroubles:
    def test_down_and_back_everything_goes_once(self, there):
        first, *people = [there.person("T-closed") for _ in range(8)]
        # From here on there is a token.
        there.tell(first)
        there.tick()
        there.wire.down = True
        for person in people:
            there.tell(person)
        for later in (timedelta(), timedelta(minutes=2), timedelta(minutes=3)):
            there.tick(later)
        assert {there.states(person)[0] for person in people} == {
            ("waiting", "wechat_unavailable")
        }  # fmt: skip
        there.wire.down = False
        for _ in range(3):
            there.tick(timedelta(minutes=40))
        assert [len(there.sent(person)) for person in people] == [1] * 7
        assert [there.states(person) for person in people] == [[("sent", None)]] * 7

    def test_waits_grow_while_the_quota_is_spent(self, there):
        person = there.person("T-closed")
        there.fake.fail_next(45009, 3, call="send")
        there.tell(person)
        there.tick()
        for minutes in (1, 2, 5):
            calls = len(there.fake.errcodes["send"])
            there.tick(timedelta(minutes=minutes * 0.99))
            assert len(there.fake.errcodes["send"]) == calls, "too early"
            there.tick(timedelta(minutes=minutes * 0.12))
            assert len(there.fake.errcodes["send"]) == calls + 1
        assert there.states(person) == [("sent", None)]
        assert there.left(person) == 0

    def test_given_up_after_a_day_and_the_grant_is_kept(self, there):
        person = there.person("T-closed", quiet=None)
        there.wire.down = True
        there.tell(person)
        there.tick()
        there.tick(timedelta(hours=23))
        assert there.left(person) == 0
        there.wire.down = False
        there.tick(timedelta(hours=1, minutes=1))
        assert there.states(person) == [("given_up", "too_old")]
        assert there.sent(person) == []
        assert there.left(person) == 1

    def test_an_answer_that_got_lost_is_no_second_message(self, there):
        person = there.person("T-closed")
        there.fake.slow_next(1, call="send")
        there.tell(person)
        there.tick()
        assert there.states(person) == [("waiting", "wechat_unavailable")]
        there.tick(timedelta(minutes=2))
        # The only grant was used by the first, as WeChat says by refusing the second.
        assert there.fake.errcodes["send"] == [0, 43101]
        assert there.states(person) == [("sent", "unclear")]
        assert len(there.sent(person)) == 1

    def test_a_lie_is_asked_once_more_and_no_third_time(self, there):
        person = there.person("T-closed", times=5)
        there.fake.lie_next("<html>", 502, times=5, call="send")
        there.tell(person)
        for _ in range(5):
            there.tick(timedelta(minutes=40))
        assert len(there.sent(person)) == rules.MOST_UNCLEAR
        assert there.states(person) == [("given_up", "unclear")]
        # It held one grant all the time.
        assert there.left(person) == 4

    def test_a_refused_token_without_another_is_no_attempt_that_may_have_gone(self, there):
        first, person = there.person("T-closed"), there.person("T-closed")
        # From here on there is a token.
        there.tell(first)
        there.tick()
        there.tell(person)
        for _ in range(rules.MOST_UNCLEAR):
            there.fake.fail_next(42001, call="send")
            there.fake.lie_next("", 502, times=3, call="stable_token")
            there.tick(timedelta(minutes=3))
        assert there.states(person) == [("waiting", "wechat_unavailable")]
        there.tick(timedelta(minutes=3))
        assert there.states(person) == [("sent", None)]

    @pytest.mark.parametrize("gone", [True, False])
    def test_killed_between_claim_and_answer(self, there, gone):
        person = there.person("T-closed")
        there.tell(person)
        with work(there.db, write=True) as tx:
            (parcel,) = taking.prepare(tx)
        if gone:
            body = {"touser": parcel.openid, "template_id": parcel.template_id,
                    "page": parcel.page,
                    "data": {k: {"value": v} for k, v in parcel.data.items()}}  # fmt: skip
            assert there.fake.services.send(body)["errcode"] == 0
        there.tick(taking.LEASE - timedelta(seconds=1))
        assert there.fake.errcodes["send"] == []
        there.tick(timedelta(seconds=2))
        assert len(there.sent(person)) == 1
        assert there.states(person) == [("sent", "unclear" if gone else None)]
        assert there.left(person) == 0

    def test_an_answer_that_comes_after_its_time_changes_nothing(self, there):
        person = there.person("T-closed", times=2)
        there.tell(person)
        with work(there.db, write=True) as tx:
            (parcel,) = taking.prepare(tx)
        there.tick(taking.LEASE)
        with work(there.db, write=True) as tx:
            late = sending.Outcome(parcel, sending.Answer.NOT_WANTED)
            sending.record(tx, [late])
        assert there.states(person) == [("sent", None)]
        assert there.left(person) == 1

    def test_two_workers_take_a_copy_once(self, there):
        people = [there.person("T-closed") for _ in range(6)]
        for person in people:
            there.tell(person)
        barrier, taken = threading.Barrier(4), []

        def take():
            barrier.wait()
            with work(there.db, write=True) as tx:
                taken.extend(parcel.id for parcel in taking.prepare(tx) or [])

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == sorted(there.rows(person)[0].id for person in people)
        assert [there.left(person) for person in people] == [0] * 6


class TestHours:
    def test_of_quiet_are_waited_out_but_for_what_is_urgent(self, there):
        person = there.person("T-closed", "T-late")
        at("23:30")
        there.tell(person), there.tell(person, "clock.overdue")
        there.tick()
        assert [one.template for one in there.sent(person)] == ["T-late"]
        at("06:59")
        there.tick()
        assert len(there.sent(person)) == 1
        at("07:00")
        there.tick()
        assert [one.template for one in there.sent(person)] == ["T-late", "T-closed"]

    def test_are_ones_own(self, there):
        person = there.person("T-closed", quiet={"starts": "12:00", "ends": "13:00"})
        loud = there.person("T-closed", quiet=None)
        there.tell(person)
        there.tick()
        assert there.sent(person) == []
        at("23:00")
        there.tell(loud)
        there.tick()
        assert (len(there.sent(person)), len(there.sent(loud))) == (1, 1)

    def test_that_change_hold_for_what_already_waits(self, there):
        person, other = there.person("T-closed"), there.person("T-closed")
        at("23:30")
        there.tell(person), there.tell(other)
        there.tick()
        held_back = there.rows(other)[0].next_at
        there.wish(person, quiet=None)
        assert there.rows(other)[0].next_at == held_back
        there.wish(other, quiet={"starts": "23:00", "ends": "00:30"})
        there.tick()
        assert (len(there.sent(person)), there.sent(other)) == (1, [])
        at("00:30")
        there.tick()
        assert len(there.sent(other)) == 1

    def test_that_change_do_not_hurry_what_is_on_its_way(self, there):
        person = there.person("T-closed")
        there.tell(person)
        with work(there.db, write=True) as tx:
            taking.prepare(tx)
        there.wish(person, quiet=None)
        there.tick()
        assert there.fake.errcodes["send"] == []


class TestDigest:
    def night(self, there, person, messages):
        at("23:00")
        for n in range(messages):
            there.tell(person, "report.filed", f"{n}", number=f"{n}")
            clock.shift(timedelta(seconds=1))
        there.tick()
        at("07:00")
        there.tick()

    def test_is_one_message_for_many(self, there):
        person = there.person("T-filed", times=5)
        there.accept(person, "T-many")
        self.night(there, person, 5)
        (one,) = there.sent(person)
        assert (one.template, one.data) == ("T-many", {"number1": "5", "thing2": "已立案"})
        assert there.states(person) == [("digested", None)] * 4 + [("sent", None)]
        assert (there.left(person, "T-filed"), there.left(person, "T-many")) == (5, 0)

    def test_keeps_its_text_when_it_is_tried_again(self, there):
        person = there.person("T-filed", "T-many")
        there.fake.fail_next(45009, call="send")
        self.night(there, person, 4)
        there.tick(timedelta(minutes=2))
        assert [one.data for one in there.sent(person)] == [{"number1": "4", "thing2": "已立案"}]

    @pytest.mark.parametrize(
        ("messages", "digest", "grants"), [(3, True, 1), (4, False, 1), (4, True, 0)]
    )
    def test_is_not_for_few_nor_unwanted_nor_without_its_grant(
        self, there, messages, digest, grants
    ):
        person = there.person("T-filed", times=messages, digest=digest)
        there.accept(person, "T-many", grants)
        self.night(there, person, messages)
        assert [one.template for one in there.sent(person)] == ["T-filed"] * messages


class TestNotSent:
    def given_up(self, there, person):
        there.tick()
        assert there.fake.errcodes["send"] == []
        ((state, why),) = there.states(person)
        assert (state, there.left(person)) == ("given_up", 1)
        return why

    def test_what_the_person_does_not_want_there(self, there):
        person = there.person("T-closed", wechat={**TOPICS, "reports": False})
        there.tell(person)
        assert self.given_up(there, person) == "muted"

    def test_what_was_read_meanwhile(self, there):
        person = there.person("T-closed")
        there.tell(person)
        headers = there.as_(person)
        (message,) = there.client.get("/v1/inbox", headers=headers).json()["items"]
        there.client.post(f"/v1/inbox/{message['id']}/read", headers=headers)
        assert self.given_up(there, person) == "read"

    @pytest.mark.parametrize("gone", [WechatBinding, Person])
    def test_to_nobody(self, there, gone):
        person = there.person("T-closed")
        there.tell(person)
        with work(there.db, write=True) as tx:
            if gone is Person:
                tx.execute(update(Person).where(Person.id == person.id).values(state="disabled"))
            else:
                tx.execute(delete(gone).where(gone.person_id == person.id))
        there.tick()
        assert there.states(person) == [("given_up", "not_bound")]
        assert there.fake.errcodes["send"] == []


class TestSubscriptions:
    def test_name_every_template_those_with_nothing_left_first(self, there):
        person = there.person("T-closed")
        items = there.say(person, {"T-filed": "reject", "T-gone": "accept"})
        assert [(item["template_id"], item["left"], item["answer"]) for item in items] == [
            ("T-filed", 0, "reject"), ("T-late", 0, None), ("T-many", 0, None),
            ("T-closed", 1, "accept"),
        ]  # fmt: skip
        assert items[-1]["kinds"] == ["report.closed"]

    def test_a_refusal_is_remembered_and_takes_nothing_away(self, there):
        person = there.person("T-closed", times=2)
        (item,) = [
            i for i in there.say(person, {"T-closed": "ban"}) if i["template_id"] == "T-closed"
        ]
        assert (item["left"], item["answer"]) == (2, "ban")

    def test_count_to_a_thousand(self, there):
        person = there.person("T-closed")
        with work(there.db, write=True) as tx:
            mine = update(WechatGrant).where(WechatGrant.person_id == person.id)
            tx.execute(mine.values(remaining=MOST_GRANTS))
        there.accept(person)
        assert there.left(person) == MOST_GRANTS

    def test_are_ones_own(self, there):
        one, other = there.person("T-closed"), there.person()
        assert (there.left(one), there.left(other)) == (1, 0)


class TestPreferences:
    def test_are_the_usual_ones_until_somebody_says(self, there):
        person = there.newcomer()
        url = "/v1/me/preferences"
        assert there.client.get(url, headers=there.as_(person)).json() == WISHES
        said = there.wish(person, quiet=None, wechat={**TOPICS, "store": False}, digest=False)
        assert there.client.get(url, headers=there.as_(person)).json() == said
        other = there.newcomer()
        assert there.client.get(url, headers=there.as_(other)).json() == WISHES


def test_old_deliveries_are_forgotten_and_messages_stay(there):
    person = there.person("T-closed", times=2)
    there.tell(person)
    there.tick()
    clock.shift(service.KEEP_DONE + timedelta(hours=1))
    there.tell(person)
    with work(there.db, write=True) as tx:
        service.sweep(tx)
    assert there.states(person) == [("waiting", None)]
    assert len(there.client.get("/v1/inbox", headers=there.as_(person)).json()["items"]) == 2


def test_a_server_does_not_start_with_a_template_of_nothing(settings):
    wrong = settings.model_copy(
        update={"wechat_templates": {"report.forgotten": TEMPLATES["report.closed"]}}
    )
    with pytest.raises(ValueError, match="no kind"):
        create_app(wrong)

"""Deliveries to a real receiver: signed, tried again, given up, and never to a wrong place."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cast import DISTRICT
from sqlalchemy import select, text, update

from app.kit import clock, outbox
from app.kit.actions import StaffAction
from app.kit.db import work
from app.kit.ids import new_id
from app.webhooks import rules, sending, service
from app.webhooks.carrier import Answer, Carrier, Parcel
from app.webhooks.models import Webhook, WebhookDelivery
from app.webhooks.rules import Reach
from app.webhooks.sending import Outcome

pytestmark = pytest.mark.usefixtures("nothing_left")
TOLD = {"hold_id": "h", "store": "驿站", "points": 5}


@pytest.fixture
def publish(db):
    def tell(event="hold.fulfilled", **told):
        with work(db, write=True) as tx:
            service.publish(tx, event, {**TOLD, **told}, f"/{DISTRICT}/")

    return tell


def verified(secret, headers, body):
    """The receiver's side of the scheme, in its own words."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret[len("whsec_") :])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return [s == f"v1,{expected}" for s in headers["webhook-signature"].split(" ")]


def pass_by(wait):
    """Time goes on, a little more than a wait whose jitter is a tenth."""
    clock.shift(wait * 1.11)


class TestDelivered:
    def test_signed_once_with_type_timestamp_and_data(self, hook, publish, receiver, drain, seen):
        made = hook()
        publish()
        drain()
        drain()
        [(headers, body, path)] = receiver.got
        assert path == "/hooks"
        assert verified(made["secret"], headers, body) == [True]
        message = json.loads(body)
        assert list(message) == ["type", "timestamp", "data"]
        assert (message["type"], message["data"]) == ("hold.fulfilled", TOLD)
        assert datetime.fromisoformat(message["timestamp"]).tzinfo is not None
        assert headers["Content-Type"] == "application/json"
        sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        assert abs(clock.now() - sent_at) < timedelta(minutes=1)
        [told] = seen(made, "/deliveries")
        assert told["id"] == headers["webhook-id"]
        assert (told["state"], told["attempts"], told["last_status"]) == ("delivered", 1, 200)
        assert (told["last_error"], told["next_at"]) == (None, None)

    def test_with_both_secrets_for_a_day(self, client, sun, hook, publish, receiver, drain):
        made = hook()
        new = client.post(f"/v1/webhooks/{made['id']}/rotate", headers=sun()).json()["secret"]
        publish()
        drain()
        headers, body, _ = receiver.got[0]
        assert verified(new, headers, body) == [True, False]
        assert verified(made["secret"], headers, body) == [False, True]
        clock.shift(timedelta(hours=24))
        publish()
        drain()
        headers, body, _ = receiver.got[1]
        assert verified(new, headers, body) == [True]

    def test_only_when_the_event_was_committed(self, db, hook, receiver, drain):
        hook()
        with work(db, write=True) as tx:
            service.publish(tx, "hold.fulfilled", TOLD, f"/{DISTRICT}/")
            tx.rollback()
        drain()
        assert receiver.got == []

    def test_answers_are_never_kept(self, db, hook, publish, receiver, drain):
        hook()
        receiver.answers = [500]
        publish()
        drain()
        with work(db, write=False) as tx:
            for table in ("webhook_deliveries", "webhooks", "jobs"):
                rows = tx.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
                assert "of the receiver" not in repr(rows)

    def test_many_at_once_go_side_by_side(self, hook, publish, receiver, drain, seen):
        made = hook()
        receiver.pauses = [0.4]
        for _ in range(20):
            publish()
        before = clock.now()
        drain()
        assert clock.now() - before < timedelta(seconds=6)
        assert len({headers["webhook-id"] for headers, _, _ in receiver.got}) == 20
        assert seen(made)["failures"] == 0


class TestRetries:
    def test_wait_longer_each_time_and_end(self, hook, publish, receiver, drain, seen):
        made = hook()
        receiver.answers = [500] * 20
        publish()
        drain()
        for number, wait in enumerate(rules.WAITS, start=1):
            assert len(receiver.got) == number
            clock.shift(wait * 0.99)
            drain()
            assert len(receiver.got) == number, "too early"
            pass_by(wait * 0.12)
            drain()
        assert len(receiver.got) == 10
        [told] = seen(made, "/deliveries")
        assert (told["state"], told["attempts"]) == ("given_up", 10)
        assert (told["last_status"], told["last_error"]) == (500, "status")
        clock.shift(timedelta(days=3))
        drain()
        assert len(receiver.got) == 10
        assert len({headers["webhook-id"] for headers, _, _ in receiver.got}) == 1
        assert seen(made)["state"] == "failing"

    def test_come_to_success(self, hook, publish, receiver, drain, seen):
        made = hook()
        receiver.answers = [503, 429]
        publish()
        drain()
        assert seen(made)["failures"] == 1
        for wait in rules.WAITS[:2]:
            pass_by(wait)
            drain()
        assert [t["state"] for t in seen(made, "/deliveries")] == ["delivered"]
        assert seen(made)["failures"] == 0
        headers, body, _ = receiver.got[2]
        assert verified(made["secret"], headers, body) == [True]
        assert headers["webhook-timestamp"] > receiver.got[0][0]["webhook-timestamp"]
        assert body == receiver.got[0][1]

    def test_failing_after_ten_in_a_row_and_back_with_one_success(
        self, db, hook, publish, receiver, drain, seen
    ):
        made = hook()
        receiver.answers = [500] * 2
        with work(db, write=True) as tx:
            mine = update(Webhook).where(Webhook.id == UUID(made["id"]))
            tx.execute(mine.values(failures=8))
        publish()
        drain()
        assert (seen(made)["state"], seen(made)["failures"]) == ("active", 9)
        publish()
        drain()
        assert (seen(made)["state"], seen(made)["failures"]) == ("failing", 10)
        publish()
        drain()
        assert (seen(made)["state"], seen(made)["failures"]) == ("active", 0)
        with work(db, write=False) as tx:
            mine = select(StaffAction).where(StaffAction.object_id == made["id"])
            done = {a.action: a.actor_id for a in tx.scalars(mine)}
        assert done["webhook.failing"] is None

    def test_gone_ends_the_webhook(self, client, sun, db, hook, publish, receiver, drain):
        made = hook()
        receiver.answers = [500, 410]
        publish()
        drain()
        publish()
        drain()
        assert client.get(f"/v1/webhooks/{made['id']}", headers=sun()).status_code == 404
        publish()
        clock.shift(timedelta(days=3))
        drain()
        assert len(receiver.got) == 2
        with work(db, write=False) as tx:
            stored = tx.get_one(Webhook, UUID(made["id"]))
            assert (stored.state, stored.secret) == ("removed", "")
            mine = select(WebhookDelivery.state).where(WebhookDelivery.webhook_id == stored.id)
            assert set(tx.scalars(mine)) == {"given_up"}

    def test_a_slow_receiver_is_left(self, hook, publish, receiver, drain, seen):
        made = hook()
        # A byte now and then keeps every single read in time, but not the whole.
        receiver.pauses = [0.5] * 12
        publish()
        before = clock.now()
        drain()
        assert clock.now() - before < timedelta(seconds=5)
        [told] = seen(made, "/deliveries")
        assert (told["state"], told["last_error"], told["last_status"]) == (
            "waiting", "timeout", None,
        )  # fmt: skip

    def test_a_redirect_is_not_followed(self, hook, publish, receiver, drain, seen):
        made = hook()
        receiver.answers, receiver.location = [307], receiver.url + "/elsewhere"
        publish()
        drain()
        assert [path for _, _, path in receiver.got] == ["/hooks"]
        [told] = seen(made, "/deliveries")
        assert (told["state"], told["last_error"]) == ("waiting", "redirected")

    def test_nobody_listens(self, hook, publish, drain, seen):
        with socket.create_server(("127.0.0.1", 0)) as busy:
            port = busy.getsockname()[1]
        made = hook(url=f"http://127.0.0.1:{port}/")
        publish()
        drain()
        assert seen(made, "/deliveries")[0]["last_error"] == "unreachable"


class TestByHand:
    def retry(self, client, sun, made, told):
        url = f"/v1/webhooks/{made['id']}/deliveries/{told['id']}/retry"
        return client.post(url, headers=sun())

    def test_what_was_given_up_is_sent_again(
        self, client, sun, db, hook, publish, receiver, drain, seen
    ):
        made = hook()
        publish()
        with work(db, write=True) as tx:
            over = {"state": "given_up", "done_at": clock.now(), "attempts": 10, "next_at": None}
            tx.execute(update(WebhookDelivery).where(WebhookDelivery.state == "waiting"), over)
        drain()
        assert receiver.got == []
        answer = self.retry(client, sun, made, seen(made, "/deliveries")[0])
        assert (answer.json()["state"], answer.json()["attempts"]) == ("waiting", 0)
        drain()
        assert seen(made, "/deliveries")[0]["state"] == "delivered"
        again = self.retry(client, sun, made, answer.json())
        assert (again.status_code, again.json()["code"]) == (409, "delivery_done")
        assert len(receiver.got) == 1

    def test_what_waits_is_sent_now(self, client, sun, hook, publish, receiver, drain, seen):
        made = hook()
        receiver.answers = [500]
        publish()
        drain()
        self.retry(client, sun, made, seen(made, "/deliveries")[0])
        drain()
        assert seen(made, "/deliveries")[0]["state"] == "delivered"

    def test_of_another_webhook_is_not_found(self, client, sun, hook, publish, seen):
        made, other = hook(), hook(events=["hold.expired"])
        publish()
        answer = self.retry(client, sun, other, seen(made, "/deliveries")[0])
        assert (answer.status_code, answer.json()["code"]) == (404, "delivery_not_found")

    def test_paused_waits_and_woken_goes_on(
        self, client, sun, hook, publish, receiver, drain, seen
    ):
        made = hook()
        publish()
        body = {k: made[k] for k in ("name", "url", "events", "region_code")}
        url = f"/v1/webhooks/{made['id']}"
        client.put(url, json={**body, "active": False}, headers=sun())
        drain()
        assert receiver.got == []
        told = seen(made, "/deliveries")[0]
        assert (told["state"], told["attempts"]) == ("waiting", 0)
        assert self.retry(client, sun, made, told).json()["code"] == "webhook_paused"
        client.put(url, json=body, headers=sun())
        drain()
        assert len(receiver.got) == 1

    def test_is_a_test(self, client, sun, hook, receiver, drain):
        made = hook()
        client.post(f"/v1/webhooks/{made['id']}/test", headers=sun())
        drain()
        assert json.loads(receiver.got[0][1])["type"] == "test.sent"


class TestWrongPlaces:
    """A carrier that reaches only what is open, as outside development."""

    def parcel(self, app, url):
        return Parcel(new_id(), url, b"{}", (app.state.seal.seal(rules.new_secret()),))

    def sent(self, app, url, *, reach):
        return Carrier(app.state.seal, reach, 1.0).carry([self.parcel(app, url)])

    def test_an_inner_address_is_refused_before_a_byte_is_sent(self, app, receiver):
        port = receiver.url.split(":")[2]
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"):
            reach = Reach(plain=True)
            assert self.sent(app, f"http://{host}:{port}", reach=reach) == [
                Answer(error="address_refused")
            ]
        assert receiver.got == []

    def test_a_name_that_points_inside_is_refused(self, app, receiver, monkeypatch):
        """The name is fine, what it stands for is not: looked up and judged at each call."""
        port = int(receiver.url.split(":")[2].split("/")[0])
        for where in (["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"]):
            found = [(2 + 8 * (":" in ip), 1, 6, "", (ip, port)) for ip in where]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, found=found, **_k: found)
            reach = Reach(plain=True)
            answer = self.sent(app, f"http://shop.example:{port}/", reach=reach)
            assert answer == [Answer(error="address_refused")]
        assert receiver.got == []

    def test_the_call_goes_to_the_address_that_was_judged(self, app, receiver, monkeypatch):
        """The second look at a name that moves would find another place; there is none."""
        port = int(receiver.url.split(":")[2].split("/")[0])
        looks = []

        def look(host, *_a, **_k):
            looks.append(host)
            return [(2, 1, 6, "", ("127.0.0.1" if len(looks) == 1 else "10.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", look)
        reach = Reach(plain=True, private=True)
        assert self.sent(app, f"http://shop.example:{port}/hooks", reach=reach) == [Answer(200)]
        assert looks.count("shop.example") == 1
        assert receiver.got[0][0]["Host"] == f"shop.example:{port}"

    def test_an_unknown_name(self, app, monkeypatch):
        def look(*_a, **_k):
            raise socket.gaierror

        monkeypatch.setattr(socket, "getaddrinfo", look)
        answer = self.sent(app, "https://shop.example/", reach=Reach())
        assert answer == [Answer(error="unresolved")]

    def test_a_certificate_that_is_not_trusted(self, app, receiver):
        url = receiver.url.replace("http:", "https:")
        answer = self.sent(app, url, reach=Reach(private=True))
        assert answer == [Answer(error="unreachable")]
        assert receiver.got == []

    def test_a_secret_that_does_not_open(self, app, receiver):
        parcel = Parcel(new_id(), receiver.url, b"{}", ("broken",))
        reach = Reach(plain=True, private=True)
        carrier = Carrier(app.state.seal, reach, 1.0)
        assert carrier.carry([parcel]) == [Answer(error="secret_broken")]
        assert receiver.got == []

    def test_says_nothing_of_addresses_and_secrets(self, app, receiver, caplog):
        caplog.set_level(logging.DEBUG)
        parcel = self.parcel(app, receiver.url + "?token=hush")
        Carrier(app.state.seal, Reach(plain=True, private=True), 1.0).carry([parcel])
        assert "hush" in receiver.got[0][2]
        for shown in (caplog.text, repr(parcel)):
            assert "hush" not in shown
            assert parcel.sealed[0] not in shown


class TestCrashes:
    def test_what_is_on_its_way_is_taken_by_nobody_else(self, db, hook, publish):
        hook()
        publish()
        with work(db, write=True) as tx:
            assert len(sending.prepare(tx)) == 1
        with work(db, write=True) as tx:
            assert sending.prepare(tx) == []
        # Its process died: a minute later it is due again, and the attempt was counted.
        clock.shift(timedelta(minutes=1, seconds=1))
        with work(db, write=True) as tx:
            assert [one.attempt for one in sending.prepare(tx)] == [2]

    def test_a_late_outcome_of_an_earlier_attempt_changes_nothing(self, db, hook, publish, seen):
        made = hook()
        publish()
        with work(db, write=True) as tx:
            [first] = sending.prepare(tx)
        clock.shift(timedelta(minutes=1, seconds=1))
        with work(db, write=True) as tx:
            sending.prepare(tx)
            sending.record(tx, [Outcome(first, Answer(500, "status"))])
        assert seen(made, "/deliveries")[0]["last_status"] is None

    def test_two_workers_share_the_work(self, db, hook, publish):
        hook()
        for _ in range(60):
            publish()
        taken, ready = [], threading.Barrier(2)

        def take():
            ready.wait()
            with work(db, write=True) as tx:
                taken.append([one.parcel.id for one in sending.prepare(tx)])

        threads = [threading.Thread(target=take) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with work(db, write=True) as tx:
            taken.append([one.parcel.id for one in sending.prepare(tx)])
        ids = [i for some in taken for i in some]
        assert len(ids) == len(set(ids)) == 60

    def test_what_has_no_job_any_more_gets_one(self, db, hook, publish, receiver, drain):
        hook()
        publish()
        with work(db, write=True) as tx:
            tx.execute(update(outbox.Job).where(outbox.Job.state == "ready").values(state="dead"))
        clock.shift(timedelta(minutes=11))
        drain()
        assert receiver.got == []
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "deliveries.swept")
        drain()
        assert len(receiver.got) == 1

    def test_what_was_done_long_ago_is_forgotten(self, db, hook, publish, drain):
        made = hook()
        publish()
        drain()
        clock.shift(timedelta(days=91))
        with work(db, write=True) as tx:
            service.sweep(tx)
            mine = WebhookDelivery.webhook_id == UUID(made["id"])
            assert tx.scalars(select(WebhookDelivery.id).where(mine)).all() == []

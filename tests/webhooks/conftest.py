"""This folder's tests share one stage a module and engine, and receivers on this machine."""

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from cast import DISTRICT
from flows.story import key
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from sqlalchemy import select

from app.furniture import tools_of
from app.kit import outbox
from app.kit.db import work
from app.settings import Settings
from app.webhooks.carrier import Carrier
from app.webhooks.models import Webhook, WebhookDelivery
from app.worker import make_handlers

TIMEOUT_S = 2.0


@dataclass
class Receiver:
    """Another program: keeps what it was sent, and answers as it is told (200 otherwise)."""

    url: str = ""
    got: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    pauses: list = field(default_factory=list)
    location: str | None = None


def serve(receiver):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            receiver.got.append((dict(self.headers.items()), self.rfile.read(length), self.path))
            status = receiver.answers.pop(0) if receiver.answers else 200
            # Whoever asked may not have waited.
            with contextlib.suppress(OSError):
                self.answer(status)

        def answer(self, status):
            lines = [f"HTTP/1.1 {status} x", "Content-Length: 6", "X-Secret: of the receiver"]
            if receiver.location:
                lines.append(f"Location: {receiver.location}")
            said = ("\r\n".join(lines) + "\r\n\r\nsecret").encode()
            for pause in receiver.pauses:
                time.sleep(pause)
                self.wfile.write(said[:1])
                said = said[1:]
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128

    return Server(("127.0.0.1", 0), Handler)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    server = serve(made)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(scope="module")
def settings(url, folder) -> Settings:
    return Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, objection_hours=0, wechat_appid="wx-test", webhook_private_allowed=True,
        _env_file=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def drain(app):
    app.state.carrier = Carrier(app.state.seal, app.state.webhook_reach, TIMEOUT_S)
    handlers = make_handlers(tools_of(app.state))

    def run() -> int:
        done = 0
        while outbox.run_one(app.state.db, handlers):
            done += 1
        return done

    return run


@pytest.fixture
def sun(cast, as_):
    """Headers of the district's administrator, good at the time that the clock tells."""
    return lambda: {**as_(cast.sun), **key()}


@pytest.fixture
def hook(client, sun, receiver):
    """A webhook for this test's receiver, with its secret."""

    def make(**draft):
        body = {
            "name": "商户", "url": receiver.url, "events": ["hold.fulfilled"],
            "region_code": DISTRICT, **draft,
        }  # fmt: skip
        answer = client.post("/v1/webhooks", json=body, headers=sun())
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
def seen(client, sun):
    """A webhook, or its deliveries, as its administrator sees them now."""

    def get(made, what=""):
        answer = client.get(f"/v1/webhooks/{made['id']}{what}", headers=sun())
        assert answer.status_code == 200, answer.text
        return answer.json()["items"] if what else answer.json()

    return get


@pytest.fixture
def nothing_left(db):
    """Each test's webhooks are told of that test alone."""
    with work(db, write=True) as tx:
        for webhook in tx.scalars(select(Webhook)):
            webhook.state = "removed"
        for delivery in tx.scalars(
            select(WebhookDelivery).where(WebhookDelivery.done_at.is_(None))
        ):
            delivery.state, delivery.done_at = "given_up", delivery.created_at
        for job in tx.scalars(select(outbox.Job).where(outbox.Job.state == "ready")):
            job.state = "done"

"""A village over HTTP on whichever database it has: who lives there, and how each of them asks."""

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cast import DISTRICT, GRID, PASSWORD, make_map
from fastapi.testclient import TestClient
from flows.story import key

from app.categories import service as categories
from app.furniture import tools_of
from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock, outbox
from app.kit.db import make_database, work
from app.main import create_app
from app.settings import Settings
from app.worker import SCHEDULE, make_handlers

# Its own calendar, so that no run falls on the end of a month or of a year.
FIRST_MORNING = datetime(2027, 3, 2, 9, tzinfo=clock.SHANGHAI)
MONTH = "2027-03"
TILL, SCOPES = "coop-1", ["points:read", "points:hold"]
STAFF = {
    "wang": (Role.GRID_STAFF, GRID), "sun": (Role.CHECKER, DISTRICT),
    "he": (Role.ADMINISTRATOR, DISTRICT), "xu": (Role.AUDITOR, DISTRICT),
    "li": (Role.KEEPER, DISTRICT), "zhou": (Role.KEEPER, DISTRICT),
    "ma": (Role.FUND_MANAGER, DISTRICT), "wu": (Role.FUND_APPROVER, DISTRICT),
}  # fmt: skip


def settle_down(url: str) -> str:
    """What the operator loads and types before anybody signs in; the till's secret."""
    db = make_database(url)
    with work(db, write=True) as tx:
        make_map(tx)
        categories.load_seed(tx)
        for name, (role, region) in STAFF.items():
            person = identity.add_staff(tx, name, PASSWORD, name)
            identity.grant(tx, None, person.id, role, region)
        secret = identity.add_client(tx, TILL, "供销社", SCOPES, DISTRICT)
    db.close()
    return secret


@dataclass
class Village:
    """The running service; whoever asks is signed in first, and again when time has passed."""

    client: TestClient
    app: Any
    secret: str
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sign_in(self, who: str) -> dict[str, Any]:
        """Both tokens of a member of staff, or of somebody with a phone."""
        if who in STAFF:
            body, way = {"username": who, "password": PASSWORD}, "password"
        else:
            body, way = {"member": who}, "development"
        answer = self.client.post(f"/v1/auth/{way}", json=body, headers=key())
        assert answer.status_code == 200, answer.text
        return answer.json()

    def the_till(self) -> dict[str, Any]:
        asked = {"grant_type": "client_credentials"}
        answer = self.client.post("/v1/auth/token", data=asked, auth=(TILL, self.secret))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def as_(self, who: str) -> dict[str, str]:
        if who not in self.tokens:
            self.tokens[who] = self.the_till() if who == TILL else self.sign_in(who)
        return {"Authorization": f"Bearer {self.tokens[who]['access_token']}"}

    def me(self, who: str) -> dict[str, Any]:
        return self.get(who, "me")

    def get(self, who: str, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/v1/{path}", params=params, headers=self.as_(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, who: str, path: str, **body: Any) -> Any:
        answer = self.client.put(f"/v1/{path}", json=body, headers={**self.as_(who), **key()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def make(self, who: str, path: str, *, status: int = 201, **body: Any) -> Any:
        return self.ask(who, path, body, status=status)

    def do(self, who: str, path: str, **body: Any) -> Any:
        return self.ask(who, path, body, status=200)

    def ask(self, who: str, path: str, body: Any, *, status: int, **headers: str) -> Any:
        """A POST with a new key, or with the one in `headers`."""
        sent = {**key(), **headers, **self.as_(who)}
        answer = self.client.post(f"/v1/{path}", json=body, headers=sent)
        assert answer.status_code == status, f"{path}: {answer.text}"
        return answer.json()

    def points(self, who: str) -> tuple[int, int, int, int]:
        """Spendable, on the way, held, owed."""
        told = self.get(who, "points")
        return told["spendable"], told["on_the_way"], told["held"], told["owed"]

    def later(self, **time: float) -> None:
        """Time passes; the worker does what has become due, on its schedule and otherwise."""
        clock.shift(timedelta(**time))
        self.tokens.clear()
        with work(self.app.state.db, write=True) as tx:
            for kind in SCHEDULE:
                outbox.enqueue(tx, kind)
        self.drain()

    def drain(self) -> None:
        handlers = make_handlers(tools_of(self.app.state))
        while outbox.run_one(self.app.state.db, handlers):
            pass


@contextlib.contextmanager
def running(url: str, folder: Path, secret: str) -> Iterator[Village]:
    """The service on this database until the block ends, as one process; photos stay in place."""
    settings = Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, objection_hours=72, webhook_private_allowed=True, _env_file=None,
    )  # fmt: skip
    app = create_app(settings)
    app.state.strict = True
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Village(client, app, secret)


@dataclass
class Program:
    """Somebody's server that is told of events: what it got, and how it answers."""

    url: str = ""
    status: int = 200
    got: list[UUID] = field(default_factory=list)


@contextlib.contextmanager
def listening() -> Iterator[Program]:
    program = Program()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            program.got.append(UUID(self.headers["webhook-id"]))
            self.send_response(program.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    program.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield program
    server.shutdown()
    server.server_close()
    thread.join(5)


def _starved_s() -> float:
    """How long this process's threads waited for a processor: a busy machine is no fault."""
    waited_ns = 0
    for file in Path("/proc/self/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            waited_ns += int(file.read_text().split()[1])
    return waited_ns / 1e9


class Patience:
    """A client whom no answer keeps waiting for longer than two seconds."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def __getattr__(self, verb: str) -> Any:
        def ask(url: str, **more: Any) -> Any:
            began = time.perf_counter() - _starved_s()
            answer = getattr(self._client, verb)(url, **more)
            assert time.perf_counter() - _starved_s() - began < 2, f"{verb} {url}"
            return answer

        return ask

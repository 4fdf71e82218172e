"""People who ask under a key, and ask again with it until they have an answer for good."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.demo import sample
from app.demo.story import Story
from app.demo.teller import StoryFailed
from app.demo.wechat_server import FakeWechat

PATIENCE_S = 600
STAFF = ("wang", "sun", "li", "ma", "wu")
# Answers about the moment, not about the request.
AGAIN = {401, 429, 502, 503}
Json = dict[str, Any]


@dataclass
class Intent:
    """A write that somebody wants once, whatever dies; with its answer once there is one."""

    who: str
    path: str
    body: Json
    expected: int
    key: str = field(default_factory=lambda: str(uuid4()))
    status: int = 0
    answer: Json = field(default_factory=dict)
    tries: int = 0


class NoAnswer(Exception):
    """Nobody gave an answer for good, however often one asked."""


class Desk:
    """Sends requests to any of the servers, and knows who is signed in."""

    def __init__(self, bases: list[str]) -> None:
        self._bases = bases
        self._tokens: dict[str, str] = {}
        self._threads = threading.local()
        self._guard = threading.Lock()
        self.intents: list[Intent] = []
        self.requests = self.answered = 0
        # Answers of 5xx that no client could expect, by their text.
        self.surprises: list[str] = []

    @property
    def http(self) -> httpx.Client:
        if not hasattr(self._threads, "http"):
            self._threads.http = httpx.Client(timeout=20, trust_env=False)
        client: httpx.Client = self._threads.http
        return client

    def base(self) -> str:
        return random.choice(self._bases)

    def ask(self, who: str, path: str, body: Json, expected: int = 200) -> Json:
        """A write with a new key: remembered, and sent until it has its answer."""
        intent = Intent(who, path, body, expected)
        with self._guard:
            self.intents.append(intent)
        answer = self.insist(intent)
        intent.status, intent.answer = answer.status_code, answer.json()
        if intent.status != expected:
            raise NoAnswer(f"{path}: {intent.status} after {intent.tries} tries: {answer.text}")
        return intent.answer

    def insist(self, intent: Intent) -> httpx.Response:
        """The answer for good. Raises NoAnswer."""

        def send() -> httpx.Response:
            intent.tries += 1
            headers = self.headers(intent.who) | {"Idempotency-Key": intent.key}
            # Some do not wait: their next try meets the first one still at work.
            patience = random.choices((20.0, 0.05), (0.9, 0.1))[0]
            url = f"{self.base()}{intent.path}"
            return self.http.post(url, json=intent.body, headers=headers, timeout=patience)

        return self._until_answered(send, intent.who)

    def get(self, who: str, path: str) -> Json:
        found: Json = self._until_answered(
            lambda: self.http.get(f"{self.base()}{path}", headers=self.headers(who)), who
        ).json()
        return found

    def _until_answered(self, send: Callable[[], httpx.Response], who: str | None) -> Any:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self.requests += 1
            try:
                answer = send()
            except httpx.HTTPError:
                time.sleep(random.uniform(0.05, 0.4))
                continue
            if self._for_good(answer):
                self.answered += 1
                return answer
            if answer.status_code == httpx.codes.UNAUTHORIZED and who is not None:
                self._tokens.pop(who, None)
            time.sleep(random.uniform(0.05, 0.4))
        raise NoAnswer(f"nobody answered {who} in {PATIENCE_S} s")

    def _for_good(self, answer: httpx.Response) -> bool:
        if answer.status_code in AGAIN:
            return False
        if answer.status_code == httpx.codes.CONFLICT:
            return bool(answer.json().get("code") != "idempotency_in_progress")
        if answer.is_server_error:
            said = f"{answer.request.method} {answer.request.url.path}: {answer.text}"
            self.surprises.append(said[:300])
            return False
        return True

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(who)}"}

    def token(self, who: str) -> str:
        """Signed in once, and again when the token is over."""
        if who not in self._tokens:
            path, body = "/v1/auth/development", {"member": who}
            if who in STAFF:
                path, body = "/v1/auth/password", {"username": who, "password": sample.PASSWORD}
            answer = self._until_answered(
                lambda: self.http.post(f"{self.base()}{path}", json=body), None
            )
            self._tokens[who] = answer.json()["access_token"]
        return self._tokens[who]


@dataclass
class Crowd:
    """Threads that live until `stop`; `stories` are those that were told to their end."""

    desk: Desk
    wechat: FakeWechat
    customers: list[str]
    fund_id: str = ""
    items: list[Json] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Opens the doors. `Desk.get` has to work."""
        self.items = self.desk.get("li", f"/v1/items?station={sample.STATION}")["items"]
        self.fund_id = self.desk.get("ma", "/v1/funds")["items"][0]["id"]
        for name in (*STAFF, *self.customers):
            # Now: attempts are counted, and a server that dies in one lets it be tried again.
            self.desk.token(name)
        lives: list[Callable[[], None]] = [self._tell, self._give, self._restock]
        lives += [lambda name=name: self._shop(name) for name in self.customers]  # type: ignore[misc]
        for life in lives:
            thread = threading.Thread(target=self._live, args=(life,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Lets each finish what it is at."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE_S)
            if thread.is_alive():
                self.failures.append("somebody never finished")

    def _live(self, life: Callable[[], None]) -> None:
        try:
            while not self._stop.wait(random.uniform(0.02, 0.2)):
                life()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed
            self.failures.append(f"{type(error).__name__}: {error}")

    def _shop(self, name: str) -> None:
        """Swaps points; hands the code in, or changes his mind, or keeps it."""
        line = {"item_id": random.choice(self.items)["id"], "quantity": random.randint(1, 3)}
        body = {"station_id": sample.STATION, "lines": [line]}
        held = self.desk.ask(name, "/v1/redemptions", body, 201)
        fate = random.random()
        if fate < 0.45:
            self.desk.ask("li", "/v1/redemptions/fulfil", {"code": held["code"]})
        elif fate < 0.8:
            self.desk.ask(name, f"/v1/redemptions/{held['id']}/cancel", {})

    def _give(self) -> None:
        """A villager gives; two persons book it, or one of them withdraws it."""
        path = f"/v1/funds/{self.fund_id}/contributions"
        body = {"kind": "villager", "contributor": "周大姐", "fen": random.randint(1, 10_000)}
        given = self.desk.ask("ma", path, body, 201)
        if random.random() < 0.8:
            self.desk.ask("wu", f"{path}/{given['id']}/approve", {})
        else:
            self.desk.ask("ma", f"{path}/{given['id']}/decline", {})
        self._stop.wait(random.uniform(0.2, 0.6))

    def _restock(self) -> None:
        """A delivery arrives, with a number of its own."""
        item, amount = random.choice(self.items)["id"], random.randint(1, 20)
        body = {"item_id": item, "quantity": amount, "delivery": str(uuid4())}
        self.desk.ask("li", f"/v1/stations/{sample.STATION}/restocks", body)
        self._stop.wait(random.uniform(0.2, 0.6))

    def _tell(self) -> None:
        """A rider's whole story, each step until it went well."""
        told = Story(self.desk.http, self.wechat, UUID(int=uuid4().int), tell=lambda _text: None)
        for step in told.steps:
            until = time.monotonic() + PATIENCE_S
            while not self._stepped(told, step):
                if time.monotonic() > until:
                    raise NoAnswer(f"the story stopped at {step.__name__}")
                time.sleep(random.uniform(0.05, 0.3))
        self.stories.append(told)

    def _stepped(self, told: Story, step: Callable[[], None]) -> bool:
        self.desk.requests += 1
        told.memory |= {name: self.desk.token(name) for name in STAFF}
        self.desk.http.base_url = self.desk.base()
        try:
            step()
        except (StoryFailed, httpx.HTTPError, StopIteration) as error:
            if "server error" in str(error) or '"status":500' in str(error):
                self.desk.surprises.append(str(error)[:300])
            return False
        return True

"""People who ask under a key, and ask again with it until they have an answer for good."""

import random
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from app.demo import sample

PATIENCE_S = 600
STAFF = ("wang", "sun", "li", "ma", "wu", "he")
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

    @property
    def done(self) -> bool:
        """Whether it had an effect: some are refused, and that is as it should be."""
        return 0 < self.status < httpx.codes.MULTIPLE_CHOICES


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

    def ask(
        self, who: str, path: str, body: Json, expected: int = 200, refusals: Collection[str] = ()
    ) -> Json:
        """A write with a new key: remembered, and sent until it has its answer.

        `refusals` are the codes of those that are no surprise. Raises NoAnswer.
        """
        intent = Intent(who, path, body, expected)
        with self._guard:
            self.intents.append(intent)
        answer = self.insist(intent)
        intent.status, intent.answer = answer.status_code, answer.json()
        if intent.status != expected and intent.answer.get("code") not in refusals:
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

    def pages(self, who: str, path: str) -> Iterator[Json]:
        """The items of a list to its end."""
        cursor = ""
        while cursor is not None:
            found = self.get(who, f"{path}?limit=100{cursor and f'&cursor={cursor}'}")
            yield from found["items"]
            cursor = found["next_cursor"]

    def _until_answered(
        self, send: Callable[[], httpx.Response], who: str | None
    ) -> httpx.Response:
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
                self.forget((who,))
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
            answer = self._until_answered(lambda: self._sign_in(who), None)
            self._tokens[who] = answer.json()["access_token"]
        return self._tokens[who]

    def forget(self, names: Collection[str]) -> None:
        """Their tokens are over: whoever asks next signs in again."""
        for who in names:
            self._tokens.pop(who, None)

    def _sign_in(self, who: str) -> httpx.Response:
        path = f"{self.base()}/v1/auth"
        if who == sample.TILL:
            form = {"grant_type": "client_credentials"}
            secret = (sample.TILL, sample.TILL_SECRET)
            return self.http.post(f"{path}/token", data=form, auth=secret)
        if who in STAFF:
            known = {"username": who, "password": sample.PASSWORD}
            return self.http.post(f"{path}/password", json=known)
        return self.http.post(f"{path}/development", json={"member": who})

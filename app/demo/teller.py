"""The hands of the people in a story: requests with keys of their own, asked until they are done.

A step may be asked again after a crash: keys come from the run's id, so nothing happens twice.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import httpx

from app.demo import sample
from app.demo.wechat_server import FakeWechat

PATIENCE_S = 20.0


class StoryFailed(Exception):
    """A step did not go as the story says."""


@dataclass
class Teller:
    """A story's run against a server; `memory` is what the people in it remember."""

    http: httpx.Client
    wechat: FakeWechat
    run_id: UUID
    tell: Callable[[str], None] = print
    memory: dict[str, Any] = field(default_factory=dict)

    def staff_signs_in(self, name: str) -> None:
        if name not in self.memory:
            body = {"username": name, "password": sample.PASSWORD}
            self.memory[name] = self.post("/v1/auth/password", body)["access_token"]

    def move(self, who: str, move: str, **fields: Any) -> dict[str, Any]:
        path = f"/v1/cases/{self.memory['case']}"
        # The version is remembered with the step, so that a repeated step repeats its request.
        version = self.memory.get(f"version:{move}")
        if version is None:
            version = self.memory[f"version:{move}"] = self.get(path, who=who)["version"]
        case = self.send(
            "POST", f"{path}/moves", {"move": move, **fields}, who=who, key=f"move:{move}",
            match=version,
        )  # fmt: skip
        self.tell(f"    {move} → {case['status']}（第 {case['version']} 版）")
        return case

    def upload(self, data: bytes, *, who: str, key: str) -> dict[str, Any]:
        headers = self._headers(who, key)
        file = {"file": ("photo.jpg", data, "image/jpeg")}
        return checked(self.http.post("/v1/photos", files=file, headers=headers))

    def get(self, path: str, who: str | None = None) -> dict[str, Any]:
        return checked(self.http.get(path, headers=self._headers(who)))

    def post(
        self, path: str, body: dict[str, Any], who: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        return self.send("POST", path, body, who=who, key=key)

    def send(
        self,
        method: str,
        path: str,
        body: dict[str, Any],
        *,
        who: str | None,
        key: str | None,
        match: int | None = None,
    ) -> dict[str, Any]:
        headers = self._headers(who, key)
        if match is not None:
            headers["If-Match"] = f'"{match}"'
        return checked(self.http.request(method, path, json=body, headers=headers))

    def _headers(self, who: str | None, key: str | None = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.memory[who]}"} if who else {}
        if key:
            headers["Idempotency-Key"] = str(uuid5(self.run_id, key))
        return headers

    def until(self, path: str, who: str, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Asks until the worker has done its part. Raises StoryFailed after 20 seconds."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            answer = self.get(path, who=who)
            if good(answer):
                return answer
            time.sleep(0.2)
        raise StoryFailed(f"{path} did not change in time")


def checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise StoryFailed(f"{answer.request.method} {answer.request.url.path}: {answer.text}")
    found: dict[str, Any] = answer.json()
    return found

"""The outer ASGI guard: request id, token signature, limits of body, time and rate, headers, log.

It stands before routing, so an anonymous or oversized upload costs next to nothing: uvicorn has no
body limit and no body time-out of its own.
"""

import asyncio
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit import problems
from app.kit.errors import AppError, Invalid, RequestTimeout, TooLarge, Unauthenticated
from app.kit.ids import new_id
from app.kit.logs import log
from app.kit.rates import Rates

REQUESTS = Counter("xinxin_requests_total", "Requests", ["method", "route", "status"])
SECONDS = Histogram("xinxin_request_seconds", "Duration of requests", ["method", "route"])

SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
DRAIN = 1 << 20
DRAIN_S = 2.0
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
NO_STORE = (b"cache-control", b"no-store")
STRICT_CSP = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


@dataclass(frozen=True)
class Limits:
    """Bytes and seconds that a request's body may take."""

    body_bytes: int = 256 * 1024
    upload_bytes: int = 10 * 1024 * 1024 + 64 * 1024
    body_s: float = 15
    upload_s: float = 90


class Guard:
    """Wraps the application. `verify` turns a token into claims or raises Unauthenticated."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        verify: Callable[[str], dict[str, Any]],
        open_writes: Collection[str],
        upload_paths: Collection[str] = (),
        limits: Limits = Limits(),
        rates: Rates | None = None,
    ) -> None:
        self.app = app
        self.verify = verify
        self.open_writes = frozenset(open_writes)
        self.upload_paths = frozenset(upload_paths)
        self.limits = limits
        self.rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = Exchange(scope, receive, send, self._limits(scope))
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        try:
            await self._serve(scope, exchange)
        finally:
            _account(scope, exchange, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()

    async def _serve(self, scope: Scope, exchange: "Exchange") -> None:
        try:
            exchange.check_length()
            await self._admit(scope)
        except AppError as refusal:
            await exchange.refuse(refusal)
            return
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as error:
            # The framework's own last handler stands outside of this guard: its answer would have
            # none of our headers and be counted without a status.
            if exchange.status:
                raise
            await exchange.fail(error)

    def _limits(self, scope: Scope) -> tuple[int, float]:
        if scope["path"] in self.upload_paths:
            return self.limits.upload_bytes, self.limits.upload_s
        return self.limits.body_bytes, self.limits.body_s

    async def _admit(self, scope: Scope) -> None:
        # Whoever asks for our health is never sent away.
        if self.rates is None or not scope["path"].startswith("/v1/"):
            self._authenticate(scope)
            return
        address = (scope.get("client") or ("-",))[0]
        # A forged token costs its sender an attempt too.
        await self.rates.of_address(address)
        self._authenticate(scope)
        subject = scope["state"].get("claims", {}).get("sub")
        await self.rates.of_caller(subject, address, f"{scope['method']} {scope['path']}")

    def _authenticate(self, scope: Scope) -> None:
        header = next((v for k, v in scope["headers"] if k == b"authorization"), None)
        if header is not None:
            scheme, _, token = header.decode("latin-1").partition(" ")
            # Basic credentials belong to the token endpoint, which reads them itself.
            if scheme.lower() == "bearer":
                scope["state"]["claims"] = self.verify(token.strip())
        # Without a token nobody gets as far as having a body read.
        writes = scope["method"] in {"POST", "PUT", "DELETE"}
        if writes and "claims" not in scope["state"] and scope["path"] not in self.open_writes:
            raise Unauthenticated


class Exchange:
    """One request and its answer, counted and timed."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, limits: tuple[int, float]
    ) -> None:
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        self.request_id = given if SAFE_ID.fullmatch(given) else new_id().hex
        # A state of its own for each request; the lifespan's state is shared.
        scope["state"] = {**scope.get("state", {}), "request_id": self.request_id}
        self.scope = scope
        self.status = 0
        self._receive = receive
        self._send = send
        self._length = headers.get(b"content-length")
        self._max_bytes, self._max_s = limits
        self._received = 0
        self._deadline = time.monotonic() + self._max_s
        self._complete = False
        self._refusal: AppError | None = None
        self._muted = False

    def check_length(self) -> None:
        if self._length is None:
            return
        if not self._length.isdigit():
            raise Invalid
        # Eighteen digits are more than anyone may send, and few enough to be read as a number.
        if len(self._length) > 18 or int(self._length) > self._max_bytes:  # noqa: PLR2004
            raise TooLarge

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        left = self._deadline - time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0.001))
        except TimeoutError:
            self._stop(RequestTimeout())
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._received > self._max_bytes:
                self._stop(TooLarge())
        return message

    def _stop(self, refusal: AppError) -> None:
        # The framework turns any error while reading a body into its own 400; `send` mends that.
        self._refusal = refusal
        raise refusal

    async def send(self, message: Message) -> None:
        if self._muted:
            return
        if message["type"] == "http.response.start":
            if self._refusal is not None:
                self._muted = True
                await self._write_refusal(self._refusal)
                return
            self._start(message)
        await self._send(message)

    def _start(self, message: Message) -> None:
        self.status = message["status"]
        headers = message.setdefault("headers", [])
        present = {name for name, _ in headers}
        headers += HEADERS
        headers.append((b"x-request-id", self.request_id.encode()))
        headers += [extra for extra in (NO_STORE, STRICT_CSP) if extra[0] not in present]

    async def refuse(self, refusal: AppError) -> None:
        """Answers before the application was asked, after draining a bounded rest of the body."""
        await self._drain()
        await self._write_refusal(refusal)

    async def fail(self, error: Exception) -> None:
        """Answers in place of an application that broke before it began to answer."""
        await self._write(problems.unexpected(error, Request(self.scope)))

    async def _drain(self) -> None:
        # A client that is still sending would see a reset instead of the answer.
        drained, until = 0, time.monotonic() + DRAIN_S
        while drained < DRAIN:
            try:
                left = max(until - time.monotonic(), 0)
                message = await asyncio.wait_for(self._receive(), left)
            except TimeoutError:
                return
            drained += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return

    async def _write_refusal(self, refusal: AppError) -> None:
        await self._write(problems.answer(refusal, Request(self.scope)))

    async def _write(self, response: Response) -> None:
        start: Message = {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": [*response.raw_headers, (b"connection", b"close")],
        }
        self._start(start)
        await self._send(start)
        await self._send({"type": "http.response.body", "body": bytes(response.body)})


def _account(scope: Scope, exchange: Exchange, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "-")
    REQUESTS.labels(scope["method"], route, exchange.status).inc()
    SECONDS.labels(scope["method"], route).observe(seconds)
    # The route's template, never the path: signed addresses and member numbers are secrets.
    log.info(
        "request", method=scope["method"], route=route, status=exchange.status,
        ms=round(seconds * 1000, 1),
    )  # fmt: skip

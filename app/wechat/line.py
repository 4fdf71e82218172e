"""The line to WeChat's server: time, repeats, transport troubles and counters of every call."""

import asyncio
import logging
import random
import time
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self, TypeVar

import httpx
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, ConfigDict, ValidationError

from app.kit.logs import hush_httpx
from app.wechat import tls
from app.wechat.breaker import Breaker
from app.wechat.codes import BUSY, KNOWN
from app.wechat.errors import WechatUnavailable

CONNECT_S = 0.5
TRY_S = 1.0
PAUSES_S = (0.05, 0.15)  # Before the second and the third try; jitter halves or adds half.
MOST_BYTES = 1 << 20  # A picture takes a tenth of this; whatever is more is no answer.

CALLS = Counter("xinxin_wechat_calls_total", "Calls of WeChat by outcome", ["call", "outcome"])
SECONDS = Histogram("xinxin_wechat_seconds", "Duration of calls of WeChat", ["call"])

logger = logging.getLogger(__name__)

# WeChat wants secrets, codes and tokens in the query.
hush_httpx()


class Repeat(Enum):
    """When a call may be made again.

    Once a request is out, silence proves nothing: WeChat may have done it and its answer got lost.
    """

    NEVER = "never"
    # When WeChat says -1, which asks for it, or the connection never stood.
    UNDONE = "undone"
    # Whatever happened: to ask twice changes nothing.
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Call:
    """One of WeChat's calls: its name in our counters, its address, when it may be repeated."""

    name: str
    method: str
    path: str
    repeat: Repeat


class Answer(BaseModel):
    """What every call may answer; success has no `errcode`. Fields not named here are dropped."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    errcode: int = 0

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Raises ValidationError."""
        return cls.model_validate_json(content)


AnswerT = TypeVar("AnswerT", bound=Answer)


@dataclass(frozen=True, slots=True)
class _Lost:
    """A try without a readable answer; `undone` when nothing of it can have reached WeChat."""

    trouble: str
    undone: bool = False


class Line:
    """Asks WeChat; make one per event loop and close it at the end."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None) -> None:
        # A call that is out of order must not take signing in with it: one breaker for each.
        self._breakers: defaultdict[str, Breaker] = defaultdict(Breaker)
        # A proxy named in the environment would read the secret, hence trust_env=False.
        self.http = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=httpx.Timeout(TRY_S, connect=CONNECT_S),
            verify=tls.trusted(),
            trust_env=False,
        )

    async def ask(
        self,
        call: Call,
        shape: type[AnswerT],
        query: dict[str, str],
        body: dict[str, Any] | None,
    ) -> AnswerT:
        """WeChat's answer, whatever its error code but -1; the caller sets the time for all of it.

        Raises WechatUnavailable, at once while the call's breaker is open.
        """
        breaker = self._breakers[call.name]
        if not breaker.admits():
            CALLS.labels(call.name, "resting").inc()
            raise _unavailable(undone=True)
        request = self.http.build_request(call.method, call.path, params=query, json=body)
        try:
            outcome = await self._ask_while_busy(call, shape, request)
        except asyncio.CancelledError:
            # The time was up, or whoever asked would not wait any longer.
            breaker.failed()
            raise
        if isinstance(outcome, _Lost):
            breaker.failed()
            raise unavailable(call, outcome.trouble, undone=outcome.undone)
        breaker.passed()
        return outcome

    async def _ask_while_busy(
        self, call: Call, shape: type[AnswerT], request: httpx.Request
    ) -> AnswerT | _Lost:
        """Up to three tries. Should a -1 have used a code up after all, the refusal is right."""
        for pause_s in PAUSES_S:
            outcome = await self._counted(call, shape, request)
            if not isinstance(outcome, _Lost) or not _repeatable(call, outcome):
                return outcome
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
        return await self._counted(call, shape, request)

    async def _counted(
        self, call: Call, shape: type[AnswerT], request: httpx.Request
    ) -> AnswerT | _Lost:
        started = time.perf_counter()
        outcome = await self._try(shape, request)
        SECONDS.labels(call.name).observe(time.perf_counter() - started)
        if isinstance(outcome, _Lost):
            CALLS.labels(call.name, outcome.trouble).inc()
            return outcome
        # WeChat may invent codes; a counter for each would grow without end.
        errcode = str(outcome.errcode) if outcome.errcode in KNOWN else "other"
        CALLS.labels(call.name, errcode).inc()
        return _Lost("busy", undone=True) if outcome.errcode == BUSY else outcome

    async def _try(self, shape: type[AnswerT], request: httpx.Request) -> AnswerT | _Lost:
        """One request. Errors end here: they carry the URL or the body, and would travel on."""
        try:
            # httpx limits each read, not their sum: without this a dripping answer would pass.
            async with asyncio.timeout(TRY_S):
                content = await self._content(request)
            return shape.read(content)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            logger.warning("WeChat cannot be reached: %s", type(error).__name__)
            return _Lost(type(error).__name__, undone=True)
        except httpx.HTTPStatusError as error:
            return _Lost(f"HTTP {error.response.status_code}")
        except (httpx.HTTPError, ValidationError, TimeoutError) as error:
            return _Lost(type(error).__name__)

    async def _content(self, request: httpx.Request) -> bytes:
        response = await self.http.send(request, stream=True)
        try:
            response.raise_for_status()
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise httpx.DecodingError("too long")
            return bytes(content)
        finally:
            await response.aclose()


def _repeatable(call: Call, lost: _Lost) -> bool:
    return call.repeat is Repeat.ALWAYS or (call.repeat is Repeat.UNDONE and lost.undone)


def unavailable(call: Call, trouble: str, *, undone: bool = False) -> WechatUnavailable:
    """The error to raise, after telling the operator what the trouble is."""
    logger.warning("WeChat is unavailable for %s: %s", call.name, trouble)
    return _unavailable(undone=undone)


def _unavailable(*, undone: bool) -> WechatUnavailable:
    error = WechatUnavailable()
    error.undone = undone
    return error


def unreadable(call: Call, trouble: str) -> WechatUnavailable:
    """What a success that lacks what it is for amounts to; counted as such."""
    CALLS.labels(call.name, "unreadable").inc()
    return unavailable(call, trouble)

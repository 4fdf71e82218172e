"""The load generator: keep-alive connections in a process of their own, on raw sockets.

An exchange is one or more requests in turn on one connection; the second may carry the one-time
code that the first was answered with. Only this file and the standard library run in the process,
so that it costs a small part of what it measures.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from typing import Any

from typing_extensions import override

# Stands in a request where the code of the answer before it belongs; as long as the code.
CODE = b"@@CODE@@@@"
GRACE_S = 30

Request = tuple[bytes, bytes]  # head, body
Exchange = tuple[Request, ...]


@dataclass
class Job:
    """What to send, to whom, and for how long; `again` starts over when all were sent."""

    port: int
    exchanges: Sequence[Exchange]
    seconds: float
    connections: int = 16
    again: bool = False


@dataclass
class Outcome:
    """What came back; `used` counts the exchanges that were taken from the job."""

    milliseconds: list[float] = field(default_factory=list)
    elapsed_s: float = 0
    used: int = 0
    cpu_s: float = 0
    failures: list[str] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, take: Callable[[], Exchange | None], outcome: Outcome) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take = take
        self._outcome = outcome
        self._buffer = b""
        self._exchange: Exchange = ()
        self._step = 0
        self._started = 0.0

    @override
    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._begin()

    def _begin(self) -> None:
        exchange = self._take()
        if exchange is None:
            self._end()
            return
        self._exchange, self._step, self._started = exchange, 0, time.perf_counter()
        self._send(b"")

    def _send(self, code: bytes) -> None:
        head, body = self._exchange[self._step]
        self._transport.writelines((head, body.replace(CODE, code) if code else body))

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        # Every answer that is measured has a body; one without a length is not ours.
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) >= end + 4 + length:
            body, self._buffer = self._buffer[end + 4 :], b""
            self._answered(int(head[9:12]), body)

    def _answered(self, status: int, body: bytes) -> None:
        if not 200 <= status < 300:
            line = self._exchange[self._step][0].split(b"\r\n", 1)[0].decode()
            self._fail(f"{line}: {status} {body[:400].decode(errors='replace')}")
            return
        self._step += 1
        if self._step < len(self._exchange):
            self._send(json.loads(body)["code"].encode())
            return
        self._outcome.milliseconds.append((time.perf_counter() - self._started) * 1000)
        self._begin()

    @override
    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self._fail("the server closed a connection")

    def _fail(self, why: str) -> None:
        self._outcome.failures.append(why)
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.close()


async def run(job: Job) -> Outcome:
    """Drives the job to its end; whatever is under way at the deadline is awaited and counted."""
    loop, outcome = asyncio.get_running_loop(), Outcome()
    waiting = deque(job.exchanges)
    started, cpu = time.perf_counter(), time.process_time()
    deadline = started + job.seconds

    def take() -> Exchange | None:
        if outcome.failures or not waiting or time.perf_counter() >= deadline:
            return None
        outcome.used += 1
        if job.again:
            waiting.rotate(-1)
            return waiting[-1]
        return waiting.popleft()

    made = [
        await loop.create_connection(lambda: _Connection(take, outcome), "127.0.0.1", job.port)
        for _ in range(job.connections)
    ]
    try:
        async with asyncio.timeout(job.seconds + GRACE_S):
            await asyncio.gather(*(protocol.ended for _, protocol in made))
    except TimeoutError:
        outcome.failures.append(f"no answer within {GRACE_S} s")
    outcome.elapsed_s = time.perf_counter() - started
    outcome.cpu_s = time.process_time() - cpu
    return outcome


def serve(pipe: Pipe) -> None:
    """The process: one job after the other, until it is told None or nobody is there."""
    try:
        import uvloop

        factory: Any = uvloop.new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        while (job := pipe.recv()) is not None:
            pipe.send(runner.run(run(job)))

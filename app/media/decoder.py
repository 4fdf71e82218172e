"""Develops photos in a small pool of warm child processes, because a thread cannot be stopped.

A hostile file may use up all the time and memory that its child is allowed; then the child dies
and the server does not.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self, cast

from app.kit.errors import AppError
from app.media import errors, pixels
from app.media.pixels import child

COMMAND = (sys.executable, "-m", child.__name__)
IMPORT_ROOT = Path(__file__).resolve().parents[2]
# A child is stopped by the kernel after five seconds of CPU. The wall clock is there for one that
# sleeps, so it leaves an honest photo its time on a crowded machine.
TIME_LIMIT_S = 3.0 * child.CPU_SECONDS
PATIENCE_S = 10.0
MAX_ANSWER_BYTES = 2 * pixels.MAX_BYTES

REFUSALS: dict[str, type[AppError]] = {
    "empty": errors.PhotoEmpty,
    "too_large": errors.PhotoTooLarge,
    "type_refused": errors.PhotoTypeRefused,
    "too_many_pixels": errors.PhotoTooManyPixels,
    "too_costly": errors.PhotoTooCostly,
    "animated": errors.PhotoAnimated,
    "unreadable": errors.PhotoUnreadable,
}


_Answer = tuple[dict[str, Any], bytes, bytes]  # facts, display, thumb


class _Child:
    """One process and its two pipes."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._requests = cast("asyncio.StreamWriter", process.stdin)
        self._answers = cast("asyncio.StreamReader", process.stdout)

    @classmethod
    async def start(cls, time_limit_s: float) -> Self:
        """A child that is warm; raises DecoderBusy if the machine cannot give one."""
        try:
            process = await asyncio.create_subprocess_exec(
                *COMMAND,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=IMPORT_ROOT,
                env={},  # a captured child finds no secrets
                start_new_session=True,  # Ctrl-C is for the server, which lets photos finish
            )
        except OSError as error:
            raise errors.DecoderBusy from error
        one = cls(process)
        ready = b""
        try:
            async with asyncio.timeout(time_limit_s):
                ready = await one._answers.read(len(child.READY))
        except TimeoutError as error:
            raise errors.DecoderBusy from error
        finally:
            if not ready:
                await one.end()
        if not ready:
            raise errors.DecoderBusy
        return one

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, data: bytes) -> _Answer:
        """Raises OSError or EOFError when the child dies over it."""
        self._requests.write(child.REQUEST.pack(len(data)))
        self._requests.write(data)
        await self._requests.drain()
        sizes = child.ANSWER.unpack(await self._answers.readexactly(child.ANSWER.size))
        if sum(sizes) > MAX_ANSWER_BYTES:
            raise EOFError  # only a captured child says so much
        facts, display, thumb = [await self._answers.readexactly(size) for size in sizes]
        return json.loads(facts), display, thumb

    async def end(self) -> None:
        """Kill and reap; reading to the end lets the event loop close the pipes."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._requests.close()
        await self._process.communicate()


class Decoder:
    """The pool; one belongs to one event loop.

    A photo waits up to `patience_s` for a free child, then the child has `time_limit_s` for it.
    """

    def __init__(
        self,
        children: int = 2,
        *,
        time_limit_s: float = TIME_LIMIT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._size = children
        self._time_limit_s = time_limit_s
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(children)
        self._idle: list[_Child] = []

    async def start(self) -> None:
        """Warm every child; without this each starts when it is first needed."""
        while len(self._idle) < self._size:
            self._idle.append(await _Child.start(self._time_limit_s))

    async def develop(self, data: bytes) -> pixels.Developed:
        """One photo made clean; raises the Photo* errors and DecoderBusy."""
        if not data:
            raise errors.PhotoEmpty
        if len(data) > pixels.MAX_BYTES:
            raise errors.PhotoTooLarge
        async with self._turn():
            facts, display, thumb = await self._answer(data)
        if refused := facts.get("refused"):
            raise REFUSALS[refused]
        return pixels.Developed(**facts, display=display, thumb=thumb)

    async def stop(self) -> None:
        """Let the photos in hand finish, then end every child; developing again restarts them."""
        for _ in range(self._size):
            await self._turns.acquire()
        try:
            while self._idle:
                await self._idle.pop().end()
        finally:
            for _ in range(self._size):
                self._turns.release()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise errors.DecoderBusy from error
        try:
            yield
        finally:
            self._turns.release()

    async def _answer(self, data: bytes) -> _Answer:
        one = await self._warm()
        whole = False
        try:
            async with asyncio.timeout(self._time_limit_s):
                answer = await one.ask(data)
            whole = True
        except (OSError, RuntimeError, EOFError) as error:
            # Out of time, or the child died of its limits; TimeoutError is an OSError.
            raise errors.PhotoTooCostly from error
        finally:
            # After a time-out or a cancelled request nobody knows what is still in the pipes: the
            # next photo could be answered with this one's pictures. Such a child must not live.
            if whole:
                self._idle.append(one)
            else:
                await one.end()
        return answer

    async def _warm(self) -> _Child:
        while self._idle:
            one = self._idle.pop()
            if one.alive:
                return one
            await one.end()
        return await _Child.start(self._time_limit_s)

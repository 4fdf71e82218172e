"""Develops photos in a small pool of warm child processes, because a thread cannot be stopped.

A hostile file may use up all the time and memory that its child is allowed; then the child dies
and the server does not.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, cast

from app.kit.errors import AppError
from app.media import errors, pixels
from app.media.pixels import child
from app.media.pixels.opening import MAX_BYTES

COMMAND = (sys.executable, "-m", child.__name__)
# By its name: to import it would load OpenCV.
FACES_COMMAND = (sys.executable, "-m", "app.media.pixels.faces")
IMPORT_ROOT = Path(__file__).resolve().parents[2]
# A child is stopped by the kernel after five seconds of CPU. The wall clock is there for one that
# sleeps, so it leaves an honest photo its time on a crowded machine.
TIME_LIMIT_S = 3.0 * child.CPU_SECONDS
PATIENCE_S = 10.0
# Photos in memory for each child: one at work, the others on their way from and to the disk.
HELD = 4
MAX_ANSWER_BYTES = 2 * MAX_BYTES

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
    async def start(cls, command: tuple[str, ...], time_limit_s: float) -> Self:
        """A child that is warm; raises DecoderBusy if the machine cannot give one."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
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

    async def ask(self, data: bytes, cover: bytes) -> _Answer:
        """Raises OSError or EOFError when the child dies over it."""
        self._requests.writelines((child.REQUEST.pack(len(cover), len(data)), cover, data))
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
    With `faces` the children find those too; raises RuntimeError where OpenCV is not installed.
    """

    def __init__(
        self,
        children: int = 2,
        *,
        faces: bool = False,
        time_limit_s: float = TIME_LIMIT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        if faces and find_spec("cv2") is None:
            raise RuntimeError("XINXIN_FACES=cover needs OpenCV: pip install 'xinxin-ejia[faces]'")
        self._faces = faces
        self._size = children
        self._time_limit_s = time_limit_s
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(children)
        self._room = asyncio.Semaphore(HELD * children)
        self._idle: list[_Child] = []

    async def start(self) -> None:
        """Warm every child; without this each starts when it is first needed."""
        while len(self._idle) < self._size:
            self._idle.append(await self._new())

    async def develop(self, data: bytes) -> pixels.Developed:
        """One photo made clean; raises the Photo* errors and DecoderBusy."""
        if not data:
            raise errors.PhotoEmpty
        if len(data) > MAX_BYTES:
            raise errors.PhotoTooLarge
        async with self._one_of(self._turns):
            facts, display, thumb = await self._answer(data)
        if refused := facts.get("refused"):
            raise REFUSALS[refused]
        return pixels.Developed(**facts, display=display, thumb=thumb)

    async def cover(
        self, display: bytes, boxes: Sequence[pixels.Box], *, faces: bool = True
    ) -> tuple[bytes, bytes, list[pixels.Box]]:
        """A display derivative with boxes filled, its thumb, and what was found and filled too.

        Faces are looked for if this pool can; raises FacesUnavailable if that fails, otherwise as
        `develop`.
        """
        seek = faces and self._faces
        cover = json.dumps({"boxes": boxes, "faces": seek}).encode()
        async with self._one_of(self._turns):
            try:
                facts, covered, thumb = await self._answer(display, cover)
            except errors.PhotoTooCostly as error:
                raise (errors.FacesUnavailable if seek else errors.PhotoTooCostly) from error
        return covered, thumb, [tuple(box) for box in facts["found"]]

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
    async def room(self) -> AsyncIterator[None]:
        """Held around a photo in memory, from reading it until its files are written.

        Raises DecoderBusy: the rest wait on disk, or sixty large ones would fill the machine.
        """
        async with self._one_of(self._room):
            yield

    @asynccontextmanager
    async def _one_of(self, places: asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience_s):
                await places.acquire()
        except TimeoutError as error:
            raise errors.DecoderBusy from error
        try:
            yield
        finally:
            places.release()

    async def _answer(self, data: bytes, cover: bytes = b"") -> _Answer:
        one = await self._warm()
        whole = False
        try:
            async with asyncio.timeout(self._time_limit_s):
                answer = await one.ask(data, cover)
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
        return await self._new()

    async def _new(self) -> _Child:
        return await _Child.start(FACES_COMMAND if self._faces else COMMAND, self._time_limit_s)

"""A warm pool of children to tell a story to, and what /proc knows about them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from media_build import four_corners, photo, saved

from app.kit.errors import AppError
from app.media.decoder import Decoder

ROAD = photo("pixel_road.jpg")
CORNERS = saved(four_corners(), "PNG")
MIB = 1024 * 1024


def run(
    story: Callable[[Decoder], Awaitable[None]],
    *,
    children: int = 1,
    loops: Callable[[], asyncio.AbstractEventLoop] | None = None,
    **limits: Any,
) -> None:
    """Tell the story to a warm pool; afterwards no child may be left."""

    async def told() -> None:
        before = set(offspring())
        pool = Decoder(children, **limits)
        await pool.start()
        try:
            await story(pool)
        finally:
            await pool.stop()
        assert set(offspring()) <= before

    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(told())


def offspring() -> list[int]:
    """Children of this process, dead ones that nobody reaped included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            after_name = entry.read_text().rpartition(")")[2].split()
            found += [int(entry.parent.name)] if int(after_name[1]) == os.getpid() else []
    return found


def of_process(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def pids(pool: Decoder) -> list[int]:
    return [child._process.pid for child in pool._idle]


def status(pid: int, field: str) -> int:
    lines = of_process(pid, "status").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field)))


async def refusal(pool: Decoder, data: bytes) -> type[AppError]:
    with pytest.raises(AppError) as caught:
        await pool.develop(data)
    return caught.type

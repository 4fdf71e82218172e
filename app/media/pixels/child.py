"""The loop of one child process: a framed file on stdin, a framed answer on stdout."""

import dataclasses
import json
import os
import resource
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.media import pixels
from app.media.pixels.opening import Refused

MEMORY_BYTES = 300 * 1024 * 1024
CPU_SECONDS = 5
NICENESS = 5

REQUEST = struct.Struct("!II")  # bytes of what to cover (JSON, or none) and of the file that follow
ANSWER = struct.Struct("!III")  # bytes of the facts (JSON), of display and of thumb
READY = b"R"


def main(find: pixels.Find | None = None) -> None:
    """Answer one file after the other until the parent closes the pipe or is gone."""
    os.nice(NICENESS)
    _limit_memory()
    pipe_in, pipe_out = sys.stdin.buffer, sys.stdout.buffer
    pipe_out.write(READY)
    pipe_out.flush()
    while head := pipe_in.read(REQUEST.size):
        cover, data = [pipe_in.read(length) for length in REQUEST.unpack(head)]
        _limit_cpu()
        pipe_out.writelines(_covered(data, find, **json.loads(cover)) if cover else _answer(data))
        pipe_out.flush()


def _answer(data: bytes) -> tuple[bytes, ...]:
    """One framed answer, in JSON: the parent must not unpickle what a captured child says."""
    try:
        facts = dataclasses.asdict(pixels.develop(data))
    except Refused as refused:
        facts = {"refused": refused.code}
    display, thumb = facts.pop("display", b""), facts.pop("thumb", b"")
    return _framed(facts, display, thumb)


def _covered(
    display: bytes, find: pixels.Find | None, boxes: list[pixels.Box], *, faces: bool
) -> tuple[bytes, ...]:
    covered, thumb, found = pixels.covered(display, boxes, find if faces else None)
    return _framed({"found": found}, covered, thumb)


def _framed(facts: dict[str, Any], display: bytes, thumb: bytes) -> tuple[bytes, ...]:
    text = json.dumps(facts).encode()
    return ANSWER.pack(len(text), len(display), len(thumb)), text, display, thumb


def _limit_memory() -> None:
    """Allow a fixed amount above what the warm interpreter holds (Linux; elsewhere no limit)."""
    with suppress(FileNotFoundError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu() -> None:
    """The soft limit counts the whole life of a process, so it moves along with each file."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + CPU_SECONDS, hard))


if __name__ == "__main__":
    main()

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

from app.media import pixels

MEMORY_BYTES = 300 * 1024 * 1024
CPU_SECONDS = 5
NICENESS = 5

REQUEST = struct.Struct("!I")  # bytes of the file that follows
ANSWER = struct.Struct("!III")  # bytes of the facts (JSON), of display and of thumb
READY = b"R"


def main() -> None:
    """Answer one file after the other until the parent closes the pipe or is gone."""
    os.nice(NICENESS)
    _limit_memory()
    pipe_in, pipe_out = sys.stdin.buffer, sys.stdout.buffer
    pipe_out.write(READY)
    pipe_out.flush()
    while head := pipe_in.read(REQUEST.size):
        (length,) = REQUEST.unpack(head)
        data = pipe_in.read(length)
        _limit_cpu()
        pipe_out.writelines(_answer(data))
        pipe_out.flush()


def _answer(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """One framed answer, in JSON: the parent must not unpickle what a captured child says."""
    try:
        facts = dataclasses.asdict(pixels.develop(data))
    except pixels.Refused as refused:
        facts = {"refused": refused.code}
    display, thumb = facts.pop("display", b""), facts.pop("thumb", b"")
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

"""The program in a fork of a process that has only imported it, for those who kill it often."""

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

from app import cli

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["app.cli", "app.main", "app.worker"])


class Forked:
    """`python -m app ..` with these settings, its output in `log`.

    Importing takes most of a start, and killing that many times would show nothing.
    """

    def __init__(self, arguments: Sequence[str], settings: Mapping[str, str], log: Path) -> None:
        given = (tuple(arguments), dict(settings), log)
        # A daemon: it does not outlive whoever made it, however that one ends.
        self._process = FORKS.Process(target=_be, args=given, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.kill = self._process.kill

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> None:
        self._process.join(timeout)


def _be(arguments: Sequence[str], settings: Mapping[str, str], log: Path) -> None:
    os.setsid()
    os.environ.update(settings)  # noqa: TID251 - the one place where the fork gets its settings
    # A folder of its own, so that no .env file has a say.
    os.chdir(log.parent)
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["xinxin", *arguments]
    cli.run()

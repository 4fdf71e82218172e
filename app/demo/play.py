"""`demo`: prepare a database, serve the sample district, and play the story over HTTP."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Protocol

import httpx
import typer
import uvicorn
from sqlalchemy.orm import Session

from app.demo import past, sample
from app.demo.chapters import WholeStory
from app.demo.teller import StoryFailed
from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.identity import queries as identity
from app.kit import logs, migrate
from app.kit.db import make_database, work
from app.kit.ids import new_id

APPID, SECRET = "wx-demo", "demo-wechat-secret"
START_S = 60.0
DATABASE = "sqlite:///var/demo/xinxin.db"


def prepare(database_url: str) -> None:
    """Migrates the database and loads the sample district if it is not there."""
    logs.configure("WARNING")
    started = time.perf_counter()
    with closing(make_database(database_url, pool_size=2)) as db:
        migrate.upgrade(db)
        with work(db, write=True) as tx:
            loaded = load(tx)
    seconds = time.perf_counter() - started
    typer.echo(
        f"潼南示例区已装载 sample district loaded: 328 regions, 1,947 grids ({seconds:.1f} s)"
        if loaded
        else "潼南示例区已在库中 sample district is there already"
    )


def load(tx: Session) -> bool:
    """Loads the sample district and its last month; False when they are there already."""
    if identity.has_people(tx) and not identity.has_development_accounts(tx):
        raise typer.BadParameter("this database holds real people; the demo takes another one")
    with past.in_last_month():
        loaded = sample.load(tx)
        if loaded:
            past.load(tx)
    if not past.is_there(tx):
        raise typer.BadParameter("this database is of an older demo; take another one")
    return loaded


def play(*, once: bool, port: int, environment: Mapping[str, str]) -> int:
    """Serves and plays; `environment` are the XINXIN_* values for the server. 0 when it went well.

    Without `once` the server goes on until it is interrupted.
    """
    fake = FakeWechat(APPID, SECRET)
    with wechat(fake) as wechat_url:
        given = {
            "XINXIN_WECHAT_APPID": APPID, "XINXIN_WECHAT_SECRET": SECRET,
            "XINXIN_WECHAT_URL": wechat_url, "XINXIN_OBJECTION_HOURS": "0",
            "XINXIN_LOG_LEVEL": "WARNING", **environment,
        }  # fmt: skip
        with server(port, given) as (process, base_url):
            failed = tell_story(base_url, fake)
            if once or failed:
                return int(failed)
            typer.echo(farewell(base_url))
            try:
                return process.wait()
            except KeyboardInterrupt:
                return 0


def tell_story(base_url: str, fake: FakeWechat) -> bool:
    """Plays the story once and says whether it failed."""
    with httpx.Client(base_url=base_url, timeout=20, trust_env=False) as http:
        try:
            WholeStory(http, fake, new_id(), typer.echo).play()
        except (StoryFailed, httpx.HTTPError) as error:
            typer.echo(f"\n故事中断 the story broke: {error}", err=True)
            return True
    typer.echo("\n故事讲完了 the story is told.")
    return False


def farewell(base_url: str) -> str:
    names = "、".join(sample.STAFF)
    return (
        f"\n服务仍在运行 still serving: {base_url}/docs\n"
        f"员工账号 staff: {names}；密码 password: {sample.PASSWORD}\n"
        f'报告人 reporter: POST /v1/auth/development {{"member": "liu-bo"}}\n'
        "按 Ctrl-C 结束 press Ctrl-C to stop."
    )


@contextmanager
def wechat(fake: FakeWechat) -> Iterator[str]:
    """The fake WeChat on a free port of this machine."""
    config = uvicorn.Config(create_wechat_server(fake), port=0, log_level="error", lifespan="off")
    running = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(5)
        listener.close()


@contextmanager
def server(
    port: int, environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The real server as a process of its own, until the block ends."""
    base_url = f"http://127.0.0.1:{port}"
    # Another server on this port would answer in the child's place.
    socket.create_server(("127.0.0.1", port)).close()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    # A child takes its settings from the environment; this is the one place that makes one.
    process = subprocess.Popen(command, env={**os.environ, **environment})  # noqa: S603, TID251
    try:
        wait_ready(process, base_url)
        yield process, base_url
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Runs(Protocol):
    """A process, of whatever make."""

    def poll(self) -> int | None: ...


def wait_ready(process: Runs, base_url: str) -> None:
    """Waits until the server answers. Raises RuntimeError when it ended or took too long."""
    until = time.monotonic() + START_S
    with httpx.Client(timeout=2, trust_env=False, verify=False) as http:  # noqa: S501 - plain HTTP
        while time.monotonic() < until and process.poll() is None:
            with suppress(httpx.HTTPError):
                if http.get(f"{base_url}/readyz").is_success:
                    return
            time.sleep(0.05)
    raise RuntimeError("the server did not start; is the port taken?")

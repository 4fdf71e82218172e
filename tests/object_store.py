"""An S3 server of the tests' own, and one that answers nothing but failures."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from moto.server import ThreadedMotoServer

from app.media.remote import Place
from app.settings import Settings

ACCESS, SECRET = "AKIDEXAMPLE", "a-secret-of-the-tests"


@contextmanager
def object_store() -> Iterator[Place]:
    """A store with one empty bucket."""
    # The library's servers share what they hold, so a name is used once.
    bucket = f"photos-{uuid4()}"
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        httpx.put(f"http://{host}:{port}/{bucket}").raise_for_status()
        yield place(port, bucket)
    finally:
        server.stop()


def place(port: int, bucket: str = "photos") -> Place:
    return Place("s3", bucket, f"http://127.0.0.1:{port}", "us-east-1", "xinxin", ACCESS, SECRET)


def settings_in(there: Place, url: str, folder: Path, **more: Any) -> Settings:
    """A stage's settings whose photos are in that store."""
    return Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, wechat_appid="wx-test", _env_file=None, bucket_key=ACCESS,
        bucket_secret=SECRET, bucket_url=f"s3://{there.bucket}/{there.root}?endpoint={there.endpoint}",
        **more,
    )  # fmt: skip


class Failing(BaseHTTPRequestHandler):
    """Answers every request with the server's status, after its pause."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked += 1
        time.sleep(self.server.pause_s)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def failing_store(status: int, pause_s: float = 0) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    server.status, server.pause_s, server.asked = status, pause_s, 0
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

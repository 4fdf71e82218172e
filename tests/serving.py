"""A server of the tests' own, beside the test."""

import socket
import threading
from typing import Any

import uvicorn


class Served:
    """An application on a port of this machine; while it is stopped nobody listens there."""

    def __init__(self, app: Any) -> None:
        self._app, self._port = app, 0
        self.start()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        wanted = {"log_level": "critical", "lifespan": "off", "timeout_graceful_shutdown": 1}
        self._running = uvicorn.Server(uvicorn.Config(self._app, **wanted))
        self._thread = threading.Thread(target=self._running.run, args=([listener],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._running.should_exit = True
        self._thread.join(5)

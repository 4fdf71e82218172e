"""WeChat for threads without an event loop: the worker's jobs send the same client on errands."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from app.wechat.client import WechatClient

T = TypeVar("T")


class Errands:
    """Runs one errand at a time on a loop of its own, whose connections stay open between them."""

    def __init__(self, make: Callable[[], WechatClient]) -> None:
        self._make = make
        self._client: WechatClient | None = None
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._turn = threading.Lock()

    def run(self, errand: Callable[[WechatClient], Coroutine[Any, Any, T]]) -> T:
        """`errands.run(lambda wechat: wechat.check_text(..))`; raises what the call raises."""
        with self._turn:
            self._client = self._client or self._make()
            return self._runner.run(errand(self._client))

    def close(self) -> None:
        with self._turn:
            if self._client is not None:
                self._runner.run(self._client.aclose())
            self._runner.close()

"""A circuit breaker: after several failures in a row nobody is kept waiting for the next one."""

import time
from collections.abc import Callable

FAILURES = 5
REST_S = 10.0


class Breaker:
    """Opens after `FAILURES` in a row; after `REST_S` it lets one call look whether all is well.

    It belongs to one event loop of one process, so it needs no lock.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures = 0
        self._rests_until = 0.0

    def admits(self) -> bool:
        """Whether a call may be made now."""
        if self._failures < FAILURES:
            return True
        if self._now() < self._rests_until:
            return False
        # This one goes and looks. Should it never come back to say, another goes after a rest.
        self._rests_until = self._now() + REST_S
        return True

    def passed(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._rests_until = self._now() + REST_S

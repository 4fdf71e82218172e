"""Identifiers: UUIDv7 (RFC 9562), so that rows of one moment lie side by side in an index."""

import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def new_id() -> UUID:
    """A UUIDv7 that grows within this process: 48 bits of milliseconds, a 12-bit counter, random.

    Its time is the machine's and only sorts; no rule ever reads it, so it ignores `kit.clock`.
    """
    global _last_ms, _sequence  # noqa: PLW0603
    with _lock:
        ms = time.time_ns() // 1_000_000
        if ms > _last_ms:
            _last_ms, _sequence = ms, secrets.randbits(8)
        else:
            _sequence += 1
            # The counter ran over: borrow the next millisecond rather than repeat or go back.
            if _sequence >> 12:
                _last_ms, _sequence = _last_ms + 1, 0
        ms, sequence = _last_ms, _sequence
    bits = ms << 80 | 7 << 76 | sequence << 64 | 2 << 62 | secrets.randbits(62)
    return UUID(int=bits)


# No 0/O, 1/I/L and U: read aloud over a counter, a code must not be misheard or rude.
READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def readable(number: int, length: int) -> str:
    """The low digits of `number` in the readable alphabet, `length` characters."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(READABLE))
        digits.append(READABLE[digit])
    return "".join(reversed(digits))


def tidy(typed: str) -> str:
    """A readable code as typed or scanned, without the dashes and spaces that help people read."""
    return "".join(c for c in typed.upper() if c in READABLE)

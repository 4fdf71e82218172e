"""Memory of large blocks goes back to the machine as soon as they are freed."""

import ctypes
from contextlib import suppress

# From malloc.h of glibc; other libraries do not know mallopt.
M_MMAP_THRESHOLD = -3
LARGE = 1 << 20


def give_back() -> None:
    """Call once at the start.

    After the first block of ten mebibytes glibc would serve the next ones from its heaps, of which
    each thread has one, and keep them: sixty uploads at once left 270 MB behind, and now leave 10.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)

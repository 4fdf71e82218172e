"""Hashes of the proof: leaves, the chain of seals, and the Merkle tree of RFC 6962.

The first byte keeps leaves (0), inner nodes (1), links of the chain (2) and published roots (3)
apart, so that none of them can be passed off as another.
"""

import hashlib
from collections.abc import Sequence

# A tree of whole blocks joins where the tree of the leaves would: 2**10 leaves to a block.
BLOCK = 1024
START = bytes(32)


def leaf(data: bytes) -> bytes:
    """The leaf of a journal's canonical bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def link(chain: bytes, sealed: bytes) -> bytes:
    """The chain after one more leaf; it begins with 32 zero bytes."""
    return hashlib.sha256(b"\x02" + chain + sealed).digest()


def published(tree: bytes, chain: bytes, words: Sequence[str]) -> bytes:
    """The root of a notice: its tree, the chain up to its last seal, and its own words."""
    fields = (len(word).to_bytes(4, "big") + word for word in (w.encode() for w in words))
    return hashlib.sha256(b"\x03" + tree + chain + b"".join(fields)).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves, or over the roots of whole blocks of them; there is at least one."""
    level = list(hashes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings from a leaf up to the root, the lowest first."""
    level, found = list(hashes), []
    while len(level) > 1:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        level, index = _above(level), index // 2
    return found


def _above(level: list[bytes]) -> list[bytes]:
    # RFC 6962 splits at the largest power of two: the same as moving a last odd node up alone.
    pairs = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return pairs if len(level) % 2 == 0 else [*pairs, level[-1]]


class Blocks:
    """Gathers leaves and keeps the roots of whole blocks, so that a month needs little memory."""

    def __init__(self) -> None:
        self.roots: list[bytes] = []
        self._open: list[bytes] = []

    def add(self, sealed: bytes) -> None:
        self._open.append(sealed)
        if len(self._open) == BLOCK:
            self._close()

    def all(self) -> list[bytes]:
        """The roots of all blocks; the last may be of fewer leaves. Nothing is added after it."""
        if self._open:
            self._close()
        return self.roots

    def _close(self) -> None:
        self.roots.append(root(self._open))
        self._open = []

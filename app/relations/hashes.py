"""The hashes of two years' photos in memory, so that one is compared with a million at once."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from app.kit import clock
from app.media.models import Photo

# Up to here two hashes are one picture, and up to there alike: see `dhash_distance` of media.
ALIKE, WEAK = 8, 12
# A picture without texture (the night, a wall, a lens cap) has nearly all bits alike and resembles
# every other one, which says nothing. Photos of streets have 24 to 40 of 64 bits.
FEWEST_BITS = 20
BITS = 64
BACK = timedelta(days=730)
BATCH = 20_000
MOST = 2_000
# Rows of transactions that began earlier may appear later, so a little is always read again.
AGAIN_MS = 120_000
_TIME_BITS = 80


class HashCache:
    """Ids and hashes in the order of their ids, which grow with time; only new ones are read.

    At a million photos: 24 MB, some seconds to fill once, a few milliseconds a comparison.
    """

    def __init__(self) -> None:
        self._hashes: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._ids: NDArray[np.void] = np.empty(0, "V16")
        self._count = 0
        self._last = UUID(int=0)
        self._recent: set[UUID] = set()
        self._guard = threading.Lock()

    def refresh(self, connection: Connection) -> None:
        """Appends what was uploaded since, in small batches."""
        with self._guard:
            since = clock.now() - BACK
            after = max(UUID(int=int(since.timestamp() * 1000) << _TIME_BITS), self._overlap())
            while True:
                query = select(Photo.id, Photo.dhash).where(
                    Photo.id > after, Photo.created_at >= since
                )
                rows = connection.execute(query.order_by(Photo.id).limit(BATCH)).all()
                self._append(rows)
                if len(rows) < BATCH:
                    return
                after = rows[-1].id

    def near(self, dhash: str) -> list[tuple[UUID, int]]:
        """Photos at most 12 bits away with their distance, the most alike and oldest first.

        At most 2,000, and none at all for a picture without texture.
        """
        if not has_texture(dhash):
            return []
        with self._guard:
            hashes, ids = self._hashes[: self._count], self._ids[: self._count]
        distances = np.bitwise_count(hashes ^ np.uint64(int(dhash, 16)))
        places = np.flatnonzero(distances <= WEAK)
        found = [(UUID(bytes=ids[place].tobytes()), int(distances[place])) for place in places]
        return sorted(found, key=lambda one: (one[1], one[0]))[:MOST]

    def _overlap(self) -> UUID:
        return UUID(int=max((self._last.int >> _TIME_BITS) - AGAIN_MS, 0) << _TIME_BITS)

    def _append(self, rows: Any) -> None:
        fresh = [row for row in rows if row.id not in self._recent]
        if not fresh:
            return
        count = self._count + len(fresh)
        self._make_room(count)
        self._hashes[self._count : count] = [int(row.dhash, 16) for row in fresh]
        ids = b"".join(row.id.bytes for row in fresh)
        self._ids[self._count : count] = np.frombuffer(ids, "V16")
        self._count, self._last = count, max(self._last, fresh[-1].id)
        kept = self._overlap()
        self._recent = {i for i in self._recent if i > kept}
        self._recent |= {row.id for row in fresh if row.id > kept}

    def _make_room(self, count: int) -> None:
        if count <= len(self._hashes):
            return
        room = max(count, 2 * len(self._hashes), BATCH)
        # New arrays: whoever compares right now keeps the old ones.
        hashes, ids = np.empty(room, np.uint64), np.empty(room, "V16")
        hashes[: self._count] = self._hashes[: self._count]
        ids[: self._count] = self._ids[: self._count]
        self._hashes, self._ids = hashes, ids


def has_texture(dhash: str) -> bool:
    """Whether a hash says something about its picture."""
    return FEWEST_BITS <= int(dhash, 16).bit_count() <= BITS - FEWEST_BITS

"""Hashes of photos: what is found again and what is not, and how fast."""

import time
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from media.media_build import opened, photo, saved
from PIL import Image
from relations_build import sent
from sqlalchemy import select, update

from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.media.models import Photo
from app.media.pixels import develop, dhash_distance
from app.relations import hashes
from app.relations.hashes import ALIKE, WEAK, HashCache, has_texture

ROADS = ("pixel_road.jpg", "lund_cobbles.jpg", "sony_as300_road1.jpg", "sony_as300_road2.jpg")


def pressed(image):
    return saved(image, quality=35)


def shrunk(image):
    return saved(image.resize((image.width // 2, image.height // 2)), quality=70)


def turned(image):
    return saved(image.rotate(2, Image.Resampling.BICUBIC))


def hash_of(data):
    return develop(data).dhash


def filled(cache, values):
    """A cache that holds these hashes, past the database."""
    ids = [new_id() for _ in values]
    cache._make_room(len(ids))
    cache._hashes[: len(ids)] = values
    cache._ids[: len(ids)] = np.frombuffer(b"".join(i.bytes for i in ids), "V16")
    cache._count = len(ids)
    return ids


@pytest.mark.parametrize("name", ROADS)
@pytest.mark.parametrize(("how", "most"), [(pressed, ALIKE), (shrunk, ALIKE), (turned, WEAK)])
def test_a_changed_copy_is_found(name, how, most):
    image = opened(photo(name)).convert("RGB")
    cache = HashCache()
    (one, *_) = filled(cache, [int(hash_of(photo(name)), 16)])
    ((found, bits),) = cache.near(hash_of(how(image)))
    assert (found, bits <= most) == (one, True)


def test_different_pictures_are_not():
    found = [hash_of(photo(name)) for name in ROADS]
    for place, one in enumerate(found):
        assert has_texture(one)
        for other in found[place + 1 :]:
            assert dhash_distance(one, other) > WEAK


def test_a_picture_without_texture_resembles_nothing():
    for image in (Image.new("RGB", (64, 64), "black"), Image.linear_gradient("L")):
        cache, dhash = HashCache(), hash_of(saved(image.convert("RGB")))
        filled(cache, [int(dhash, 16)] * 3)
        assert cache.near(dhash) == []


def test_the_most_alike_and_oldest_come_first():
    cache, base = HashCache(), 0x0E0606F5F88824E6
    ids = filled(cache, [base ^ 0b111, base ^ 0xFFFF, base, base ^ 0b111, base ^ 0xFFF])
    assert cache.near(f"{base:016x}") == [
        (ids[2], 0), (ids[0], 3), (ids[3], 3), (ids[4], 12),
    ]  # fmt: skip


def test_a_hundred_thousand_are_compared_at_once():
    cache, random = HashCache(), np.random.default_rng(1)
    ids = filled(cache, random.integers(0, 2**64, 100_000, dtype=np.uint64))
    wanted = f"{int(cache._hashes[777]):016x}"
    times = []
    for _ in range(5):
        at = time.perf_counter()
        assert cache.near(wanted)[0] == (ids[777], 0)
        times.append(time.perf_counter() - at)
    assert min(times) < 0.1


class TestRefresh:
    def ids(self, cache):
        return [UUID(bytes=one.tobytes()) for one in cache._ids[: cache._count]]

    def refreshed(self, cache, db):
        with db.reader.connect() as connection:
            cache.refresh(connection)
        return self.ids(cache)

    def test_only_new_ones_are_added(self, client, desk, db, monkeypatch):
        monkeypatch.setattr(hashes, "BATCH", 2)
        cache = HashCache()
        some = [sent(client, desk.wang, photo(name)) for name in ROADS]
        first = self.refreshed(cache, db)
        assert set(some) <= set(map(str, first))
        assert self.refreshed(cache, db) == first
        more = sent(client, desk.wang, photo(ROADS[0]))
        assert [str(i) for i in self.refreshed(cache, db)] == [*map(str, first), more]
        assert len(set(self.ids(cache))) == cache._count

    def test_a_row_that_appears_late_is_not_missed(self, client, desk, db):
        """Its transaction began before, and was committed after, that of the newest."""
        cache = HashCache()
        early = new_id()
        sent(client, desk.wang, photo(ROADS[1]))
        before = self.refreshed(cache, db)
        with work(db, write=True) as tx:
            row = dict(tx.execute(select(Photo.__table__).limit(1)).mappings().one())
            tx.execute(Photo.__table__.insert(), {**row, "id": early, "used_for": None})
        assert self.refreshed(cache, db) == [*before, early]

    @pytest.mark.parametrize(("days", "kept"), [(729, True), (731, False)])
    def test_two_years_and_no_more(self, client, desk, db, days, kept):
        old = UUID(sent(client, desk.wang, photo(ROADS[2])))
        with work(db, write=True) as tx:
            ago = clock.now() - timedelta(days=days)
            tx.execute(update(Photo).where(Photo.id == old).values(created_at=ago))
        assert (old in self.refreshed(HashCache(), db)) == kept

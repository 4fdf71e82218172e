"""Keeping photos: files first and synced, then the row; a row without its files cannot be."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, union_all, update
from sqlalchemy.orm import Session

from app.conduct import service as conduct
from app.conduct.rules import NO_CAPS, Caps
from app.kit import clock
from app.kit.columns import CodeText, IdType
from app.kit.db import Database, core, insert_row
from app.media.bucket import Bucket
from app.media.errors import PhotoNotFound, PhotoSame, PhotoUsed
from app.media.models import Photo, Verdict
from app.media.pixels import Developed
from app.media.schemas import PhotoOut
from app.media.views import EVIDENCE, PUBLIC, SHOWN, Signer, photo_out

ORPHAN_AGE = timedelta(hours=24)
BATCH = 500
SEALED = "sealed"
# Where the derivatives of a hidden photo lie, so that no address given before finds them.
HIDDEN = {
    "display": EVIDENCE, "thumb": f"{EVIDENCE}-thumb", **{v: f"{EVIDENCE}-{v}" for v in PUBLIC},
}  # fmt: skip
PHOTO_NAME = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def key(photo_id: UUID, variant: str) -> str:
    """Where a file lies; the last two digits spread a million photos over 256 folders."""
    return f"{variant}/{photo_id.hex[-2:]}/{photo_id}"


def write_files(bucket: Bucket, photo_id: UUID, original: bytes, developed: Developed) -> None:
    """Writes and syncs the original and its derivatives. On any failure nothing stays behind."""
    files = {SEALED: original, "display": developed.display, "thumb": developed.thumb}
    _put_all(bucket, photo_id, files)


def _put_all(bucket: Bucket, name: UUID, files: Mapping[str, bytes]) -> None:
    try:
        for variant, data in files.items():
            bucket.put(key(name, variant), data)
    except BaseException:
        delete_files(bucket, name)
        raise


def delete_files(bucket: Bucket, photo_id: UUID) -> None:
    for variant in (SEALED, *HIDDEN, *HIDDEN.values()):
        bucket.delete(key(photo_id, variant))


def write_copy(bucket: Bucket, copy_id: UUID, copies: Sequence[bytes]) -> None:
    """Writes what others may see of a photo. On any failure nothing stays behind."""
    _put_all(bucket, copy_id, dict(zip(PUBLIC, copies, strict=True)))


def place_files(db: Database, bucket: Bucket, photo_id: UUID) -> None:
    """Brings a photo's derivatives to where its verdict wants them; again changes nothing."""
    state, before = _state(db, photo_id), None
    # Judged anew while its files moved, it may have been another's turn at the same time.
    while state is not None and state != before:
        verdict, copy_id = state
        for shown, hidden in HIDDEN.items():
            ends = (shown, hidden) if verdict == Verdict.HIDDEN else (hidden, shown)
            name = copy_id if shown in PUBLIC else photo_id
            if name is not None:
                _move(bucket, *(key(name, variant) for variant in ends))
        state, before = _state(db, photo_id), state


def _state(db: Database, photo_id: UUID) -> tuple[str, UUID | None] | None:
    query = select(Photo.verdict, Photo.copy_id).where(Photo.id == photo_id)
    with db.reader.connect() as connection:
        row = connection.execute(query).first()
    return (row.verdict, row.copy_id) if row is not None else None


def _move(bucket: Bucket, source: str, target: str) -> None:
    # What is not there was moved before. Killed in between, both are there and it is done again.
    with suppress(FileNotFoundError):
        bucket.put(target, bucket.read(source))
        bucket.delete(source)


def keep(
    tx: Session,
    owner_id: UUID,
    photo_id: UUID,
    size: int,
    developed: Developed,
    signer: Signer,
    caps: Caps = NO_CAPS,
) -> PhotoOut:
    """The row of a photo whose files are safe already; `size` in bytes.

    Raises Blocked, PhotosSpent.
    """
    conduct.count_photo(tx, owner_id, size, caps)
    taken = datetime.fromisoformat(developed.taken_at) if developed.taken_at else None
    insert_row(
        tx, Photo, id=photo_id, owner_id=owner_id, content_type=developed.content_type, bytes=size,
        width=developed.width, height=developed.height, sha256=developed.sha256,
        dhash=developed.dhash, taken_at=taken, lat=developed.lat, lng=developed.lng,
        created_at=clock.now(),
    )  # fmt: skip
    return photo_out(tx.get_one(Photo, photo_id), signer)


_TAKE = (
    update(Photo.__table__)  # type: ignore[arg-type]
    .where(
        Photo.id == bindparam("photo", type_=IdType()),
        Photo.owner_id == bindparam("owner", type_=IdType()),
        Photo.used_for.is_(None),
    )
    .values(
        used_for=bindparam("purpose", type_=CodeText), verdict=bindparam("first", type_=CodeText)
    )
    .returning(*SHOWN)
)


def take(
    tx: Session,
    owner_id: UUID,
    photo_ids: Sequence[UUID],
    purpose: str,
    verdict: str = Verdict.PASSED.value,
) -> list[Any]:
    """Uses a person's own photos as evidence for `purpose`, each once, and gives their rows.

    `verdict` says whether others may see them from now on.

    Raises PhotoNotFound (absent or somebody else's), PhotoUsed.
    """
    taken: dict[UUID, Any] = {}
    # In the order of their ids, so that two that want the same photos wait and never deadlock.
    for photo_id in sorted(photo_ids):
        given = {"photo": photo_id, "owner": owner_id, "purpose": purpose, "first": verdict}
        row = core(tx).execute(_TAKE, given).first()
        if row is None:
            photo = tx.get(Photo, photo_id)
            raise PhotoUsed if photo is not None and photo.owner_id == owner_id else PhotoNotFound
        taken[photo_id] = row
    return [taken[photo_id] for photo_id in photo_ids]


def refuse_same(tx: Session, before: Sequence[UUID], after: Sequence[UUID]) -> None:
    """Raises PhotoSame when an after-photo is byte for byte a before-photo."""
    query = select(Photo.id, Photo.sha256).where(Photo.id.in_([*before, *after]))
    hashes = {row.id: row.sha256 for row in tx.execute(query)}
    if {hashes.get(i) for i in before} & {hashes.get(i) for i in after}:
        raise PhotoSame


def sweep(db: Database, bucket: Bucket) -> int:
    """Removes files older than a day for which no row stands, and says how many.

    Their upload was killed before its commit. Reads a few hundred names at a time. What lies where
    its verdict does not want it is moved: the store was away for longer than `photo.judged` tries.
    """
    for photo_id in _misplaced(db, bucket):
        place_files(db, bucket, photo_id)
    removed = 0
    for variant in (SEALED, *HIDDEN, *HIDDEN.values()):
        names = bucket.keys_older_than(f"{variant}/", clock.now() - ORPHAN_AGE)
        while batch := list(islice(names, BATCH)):
            for found in _orphans(db, batch):
                bucket.delete(found)
                removed += 1
    return removed


def _misplaced(db: Database, bucket: Bucket) -> Iterator[UUID]:
    """Hidden photos, wherever they are, and others in the place of the hidden."""
    with db.reader.connect() as connection:
        hidden = set(connection.scalars(select(Photo.id).where(Photo.verdict == Verdict.HIDDEN)))
    yield from hidden
    for found in bucket.keys_older_than(f"{EVIDENCE}/", clock.now()):
        if PHOTO_NAME.fullmatch(name := found.rpartition("/")[2]) and UUID(name) not in hidden:
            yield UUID(name)


def _orphans(db: Database, keys: Sequence[str]) -> list[str]:
    # What a killed `put` leaves is named otherwise and belongs to nobody.
    ids = {k: UUID(n) for k in keys if PHOTO_NAME.fullmatch(n := k.rpartition("/")[2])}
    standing = union_all(
        *(select(name).where(name.in_(ids.values())) for name in (Photo.id, Photo.copy_id))
    )
    with db.reader.connect() as connection:
        known = set(connection.execute(standing).scalars())
    return [key for key in keys if ids.get(key) not in known]

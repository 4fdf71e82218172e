"""Keeping photos: files first and synced, then the row; a row without its files cannot be."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import CodeText, IdType
from app.kit.db import Database, core, insert_row
from app.media.bucket import Bucket
from app.media.errors import PhotoNotFound, PhotoSame, PhotoUsed
from app.media.models import Photo
from app.media.pixels import Developed
from app.media.schemas import PhotoOut
from app.media.views import SHOWN, VARIANTS, Signer, photo_out

ORPHAN_AGE = timedelta(hours=24)
BATCH = 500
SEALED = "sealed"
PHOTO_NAME = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def key(photo_id: UUID, variant: str) -> str:
    """Where a file lies; the last two digits spread a million photos over 256 folders."""
    return f"{variant}/{photo_id.hex[-2:]}/{photo_id}"


def write_files(bucket: Bucket, photo_id: UUID, original: bytes, developed: Developed) -> None:
    """Writes and syncs the original and its derivatives. On any failure nothing stays behind."""
    files = {SEALED: original, "display": developed.display, "thumb": developed.thumb}
    try:
        for variant, data in files.items():
            bucket.put(key(photo_id, variant), data)
    except BaseException:
        delete_files(bucket, photo_id)
        raise


def delete_files(bucket: Bucket, photo_id: UUID) -> None:
    for variant in (SEALED, *VARIANTS):
        bucket.delete(key(photo_id, variant))


def keep(
    tx: Session, owner_id: UUID, photo_id: UUID, size: int, developed: Developed, signer: Signer
) -> PhotoOut:
    """The row of a photo whose files are safe already; `size` in bytes."""
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
    .values(used_for=bindparam("purpose", type_=CodeText))
    .returning(*SHOWN)
)


def take(tx: Session, owner_id: UUID, photo_ids: Sequence[UUID], purpose: str) -> list[Any]:
    """Uses a person's own photos as evidence for `purpose`, each once, and gives their rows.

    Raises PhotoNotFound (absent or somebody else's), PhotoUsed.
    """
    taken: dict[UUID, Any] = {}
    # In the order of their ids, so that two that want the same photos wait and never deadlock.
    for photo_id in sorted(photo_ids):
        given = {"photo": photo_id, "owner": owner_id, "purpose": purpose}
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

    Their upload was killed before its commit. Reads a few hundred names at a time.
    """
    removed = 0
    for variant in (SEALED, *VARIANTS):
        names = bucket.keys_older_than(f"{variant}/", clock.now() - ORPHAN_AGE)
        while batch := list(islice(names, BATCH)):
            for found in _orphans(db, batch):
                bucket.delete(found)
                removed += 1
    return removed


def _orphans(db: Database, keys: Sequence[str]) -> list[str]:
    # What a killed `put` leaves is named otherwise and belongs to nobody.
    ids = {k: UUID(n) for k in keys if PHOTO_NAME.fullmatch(n := k.rpartition("/")[2])}
    with db.reader.connect() as connection:
        known = set(
            connection.execute(select(Photo.id).where(Photo.id.in_(ids.values()))).scalars()
        )
    return [key for key in keys if ids.get(key) not in known]

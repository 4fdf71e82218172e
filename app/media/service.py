"""Keeping photos: files first and synced, then the row; a row without its files cannot be."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_row
from app.media.bucket import Bucket
from app.media.errors import PhotoNotFound, PhotoSame, PhotoUsed
from app.media.models import Photo
from app.media.pixels import Developed
from app.media.schemas import PhotoOut
from app.media.views import VARIANTS, Signer, photo_out

ORPHAN_AGE = timedelta(hours=24)
SEALED = "sealed"


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


def take(tx: Session, owner_id: UUID, photo_ids: Sequence[UUID], purpose: str) -> None:
    """Uses a person's own photos as evidence for `purpose`, each once and for good.

    Raises PhotoNotFound (absent or somebody else's), PhotoUsed.
    """
    mine = Photo.id.in_(photo_ids), Photo.owner_id == owner_id
    found = set(tx.scalars(select(Photo.id).where(*mine)))
    if found != set(photo_ids):
        raise PhotoNotFound
    free = update(Photo.__table__).where(*mine, Photo.used_for.is_(None))  # type: ignore[arg-type]
    if tx.execute(free.values(used_for=purpose)).rowcount != len(photo_ids):  # type: ignore[attr-defined]
        raise PhotoUsed


def refuse_same(tx: Session, before: Sequence[UUID], after: Sequence[UUID]) -> None:
    """Raises PhotoSame when an after-photo is byte for byte a before-photo."""
    query = select(Photo.id, Photo.sha256).where(Photo.id.in_([*before, *after]))
    hashes = {row.id: row.sha256 for row in tx.execute(query)}
    if {hashes.get(i) for i in before} & {hashes.get(i) for i in after}:
        raise PhotoSame


def orphans(tx: Session, bucket: Bucket) -> Iterator[UUID]:
    """Photos whose files are older than a day and whose row never came (killed in between)."""
    for variant in (SEALED, *VARIANTS):
        for found in bucket.keys_older_than(f"{variant}/", clock.now() - ORPHAN_AGE):
            photo_id = UUID(found.rpartition("/")[2])
            if tx.get(Photo, photo_id) is None:
                yield photo_id

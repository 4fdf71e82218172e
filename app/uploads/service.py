"""Direct uploads: opened with a signed form, completed once, forgotten after a day."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.conduct import service as conduct
from app.conduct.rules import Caps
from app.kit import clock
from app.kit.db import alone, insert_row
from app.kit.ids import new_id
from app.kit.outbox import enqueue
from app.media import service as media
from app.media.bucket import Bucket
from app.media.errors import PhotoTooLarge
from app.media.pixels import Developed
from app.media.pixels.opening import MAX_BYTES
from app.media.remote import Place
from app.media.schemas import PhotoOut
from app.media.views import Signer
from app.uploads import policies, queries
from app.uploads.errors import DirectUploadOff, UploadCompleted, UploadMissing, UploadsOpen
from app.uploads.models import FORGOTTEN, Upload
from app.uploads.policies import Permission
from app.uploads.schemas import UploadOut

LIFE = timedelta(minutes=10)
# Two reports' photos; each upload may fill the store with ten mebibytes until it is forgotten.
MOST_OPEN = 18
INCOMING = "incoming"


@dataclass(frozen=True)
class Made:
    """A photo of which the files are safe already; `size` of the original in bytes."""

    photo_id: UUID
    size: int
    developed: Developed


def key(upload_id: UUID) -> str:
    """Where the client puts the photo; nobody is ever shown anything from there."""
    return f"{INCOMING}/{upload_id}"


def start(tx: Session, owner_id: UUID, place: Place | None) -> UploadOut:
    """Raises DirectUploadOff where the store takes no forms, Blocked, UploadsOpen."""
    if place is None:
        raise DirectUploadOff
    conduct.refuse_blocked(tx, owner_id)
    # Of two that ask at once the second waits here, and counts the first.
    alone(tx, f"uploads:{owner_id}")
    if queries.open_uploads(tx, owner_id) >= MOST_OPEN:
        raise UploadsOpen
    now, upload_id = clock.now(), new_id()
    until = now + LIFE
    insert_row(
        tx, Upload, id=upload_id, owner_id=owner_id, created_at=now, expires_at=until,
        completed_at=None,
    )  # fmt: skip
    url, fields = policies.form(place, Permission(key(upload_id), now, until, MAX_BYTES))
    return UploadOut(upload_id=upload_id, url=url, fields=fields, expires_at=until)


def read(bucket: Bucket, upload_id: UUID) -> bytes:
    """What was uploaded, once its size is known; raises UploadMissing, PhotoTooLarge."""
    try:
        if bucket.size(key(upload_id)) > MAX_BYTES:
            raise PhotoTooLarge
        return bucket.read(key(upload_id))
    except FileNotFoundError as error:
        raise UploadMissing from error


def complete(
    tx: Session, owner_id: UUID, upload_id: UUID, made: Made | None, signer: Signer, caps: Caps
) -> PhotoOut:
    """The row of the photo, once; raises UploadNotFound, UploadCompleted, Blocked, PhotosSpent."""
    queries.get_upload(tx, owner_id, upload_id)
    done = (
        update(Upload)
        .where(Upload.id == upload_id, Upload.completed_at.is_(None))
        .values(completed_at=clock.now())
        .returning(Upload.id)
    )
    # Of two that ask at once the second waits here, and finds it completed.
    if made is None or tx.scalar(done) is None:
        raise UploadCompleted
    enqueue(tx, "upload.completed", upload_id=upload_id)
    return media.keep(tx, owner_id, made.photo_id, made.size, made.developed, signer, caps)


def sweep(bucket: Bucket) -> int:
    """Removes what was uploaded and never completed, and says how much."""
    removed = 0
    for found in bucket.keys_older_than(f"{INCOMING}/", clock.now() - FORGOTTEN):
        bucket.delete(found)
        removed += 1
    return removed


def forget(tx: Session) -> None:
    """By now their answers cannot be asked for again."""
    tx.execute(delete(Upload).where(Upload.created_at < clock.now() - FORGOTTEN))

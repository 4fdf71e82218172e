"""Direct uploads: a form for the object store, and the word that the photo has arrived."""

from functools import partial
from typing import Annotated
from uuid import UUID

import anyio.to_thread
from fastapi import Request
from sqlalchemy.orm import Session

from app.conduct.errors import Blocked, PhotosSpent
from app.conduct.service import DayCaps
from app.identity.access import Reporter, require_consent
from app.identity.errors import ConsentMissing, PersonOnly
from app.kit.http import apart, in_transaction
from app.kit.ids import new_id
from app.kit.marks import FromApp
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.unit import Prepared
from app.media import service as media
from app.media.errors import (
    BucketFull,
    BucketUnavailable,
    DecoderBusy,
    PhotoAnimated,
    PhotoEmpty,
    PhotoTooCostly,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTypeRefused,
    PhotoUnreadable,
)
from app.media.remote import Place
from app.media.schemas import PhotoOut
from app.media.views import Signers
from app.uploads import queries, service
from app.uploads.errors import (
    DirectUploadOff,
    UploadCompleted,
    UploadMissing,
    UploadNotFound,
    UploadsOpen,
)  # fmt: skip
from app.uploads.schemas import UploadOut
from app.uploads.service import Made

router = Router(prefix="/v1/uploads", tags=["media 照片"])
REFUSED = (
    PhotoEmpty, PhotoUnreadable, PhotoTypeRefused, PhotoTooLarge, PhotoTooManyPixels,
    PhotoTooCostly, PhotoAnimated,
)  # fmt: skip
Door = Annotated[Place | None, FromApp("upload_place")]


async def fetch(request: Request, upload_id: UUID) -> Prepared:
    """The slow part: what lies in the store is read, decoded and kept, or refused and removed."""
    look = partial(queries.waits, claims=request.state.claims, upload_id=upload_id)
    asked = await request.body()
    if not await apart(request, look, write=False):
        # Nothing is left to do; the unit gives the stored answer, or says so.
        return Prepared({"upload_id": upload_id, "made": None}, asked)
    bucket, decoder, photo_id = request.app.state.bucket, request.app.state.decoder, new_id()
    async with decoder.room():
        try:
            original = await anyio.to_thread.run_sync(service.read, bucket, upload_id)
            developed = await decoder.develop(original)
        except REFUSED:
            await anyio.to_thread.run_sync(bucket.delete, service.key(upload_id))
            raise
        write = partial(media.write_files, bucket, photo_id, original, developed)
        await anyio.to_thread.run_sync(write)

    async def undo() -> None:
        await anyio.to_thread.run_sync(partial(media.delete_files, bucket, photo_id))

    made = Made(photo_id, len(original), developed)
    return Prepared({"upload_id": upload_id, "made": made}, asked, undo)


@router.post(
    "",
    responses=raises(PersonOnly, ConsentMissing, Blocked, DirectUploadOff, UploadsOpen),
)
@in_transaction(status=201)
def start_upload(tx: Session, actor: Reporter, place: Door) -> UploadOut:
    """A form with which the client posts one photo to the object store, within ten minutes."""
    require_consent(tx, actor)
    return service.start(tx, actor.person_id, place)


@router.post(
    "/{upload_id}/complete",
    responses=raises(
        PersonOnly, Blocked, PhotosSpent, UploadNotFound, UploadMissing, UploadCompleted,
        DecoderBusy, BucketFull, BucketUnavailable, *REFUSED,
    ),
)  # fmt: skip
@in_transaction(status=201, first=fetch)
def complete_upload(
    tx: Session, actor: Reporter, signer: Signers, caps: DayCaps, upload_id: UUID, made: Made | None
) -> PhotoOut:
    """Makes a photo of what was posted; it is checked as one that is uploaded through the API."""
    return service.complete(tx, actor.person_id, upload_id, made, signer, caps)

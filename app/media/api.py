"""Uploading one photo a call, and fetching derivatives by signed address."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import anyio.to_thread
from fastapi import Query, Request, Response, UploadFile
from sqlalchemy.orm import Session

from app.identity.access import Reporter
from app.identity.errors import PersonOnly
from app.kit.http import in_transaction
from app.kit.ids import new_id
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.unit import Prepared
from app.media import service
from app.media.errors import (
    BucketFull,
    BucketUnavailable,
    DecoderBusy,
    PhotoAnimated,
    PhotoEmpty,
    PhotoLinkInvalid,
    PhotoNotFound,
    PhotoTooCostly,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTypeRefused,
    PhotoUnreadable,
)  # fmt: skip
from app.media.pixels import MAX_BYTES, Developed
from app.media.schemas import PhotoOut
from app.media.views import Signers

router = Router(prefix="/v1/photos", tags=["media 照片"])
REFUSALS = (
    PhotoEmpty, PhotoUnreadable, PhotoTypeRefused, PhotoTooLarge, PhotoTooManyPixels,
    PhotoTooCostly, PhotoAnimated, DecoderBusy, BucketFull, BucketUnavailable,
)  # fmt: skip


async def develop(request: Request, file: UploadFile) -> Prepared:
    """The slow part: decode in a bounded process, write and sync the files."""
    # One byte more than allowed tells "too large" from "just fits" without reading on.
    original = await file.read(MAX_BYTES + 1)
    state = request.app.state
    developed = await state.decoder.develop(original)
    photo_id = new_id()
    await anyio.to_thread.run_sync(service.write_files, state.bucket, photo_id, original, developed)
    given = {"photo_id": photo_id, "size": len(original), "developed": developed}

    async def undo() -> None:
        await anyio.to_thread.run_sync(partial(service.delete_files, state.bucket, photo_id))

    return Prepared(given, developed.sha256.encode(), undo)


@router.post("", responses=raises(PersonOnly, *REFUSALS))
@in_transaction(status=201, first=develop)
def upload_photo(
    tx: Session, actor: Reporter, signer: Signers, photo_id: UUID, size: int, developed: Developed
) -> PhotoOut:
    """Uploads one photo (JPEG, PNG or WebP, at most 10 MiB and 50 megapixels)."""
    return service.keep(tx, actor.person_id, photo_id, size, developed, signer)


@router.get(
    "/{photo_id}/{variant}",
    responses={
        200: {"content": {"image/jpeg": {}}},
        **raises(PhotoLinkInvalid, PhotoNotFound, BucketUnavailable),
    },
    response_class=Response,
)
async def fetch_photo(
    request: Request,
    photo_id: UUID,
    variant: Literal["display", "thumb"],
    expires: Annotated[int, Query(ge=0, le=10**11)],
    signature: Annotated[str, Query(max_length=64)],
) -> Response:
    """A derivative, by the signed address that an answer gave; no token is needed."""
    state = request.app.state
    if not state.signer.allows(photo_id, variant, expires, signature):
        raise PhotoLinkInvalid
    key = service.key(photo_id, variant)
    try:
        data = await anyio.to_thread.run_sync(state.bucket.read, key)
    except FileNotFoundError as error:
        raise PhotoNotFound from error
    headers = {
        "Cache-Control": "private, max-age=1800, immutable",
        "Content-Disposition": f'inline; filename="{photo_id}.jpg"',
    }
    return Response(data, media_type="image/jpeg", headers=headers)

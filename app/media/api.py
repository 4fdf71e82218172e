"""Uploading one photo a call, and fetching derivatives by signed address."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import anyio.to_thread
from fastapi import Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.conduct.errors import Blocked, PhotosSpent
from app.conduct.service import DayCaps
from app.identity.access import Reporter, require_consent
from app.identity.errors import ConsentMissing, PersonOnly
from app.kit import ranges
from app.kit.errors import RangeNotSatisfiable
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
from app.media.pixels import Developed
from app.media.pixels.opening import MAX_BYTES
from app.media.schemas import PhotoOut
from app.media.views import PUBLIC, Signers

LINK_S = 300
CACHED = "max-age=1800, immutable"
router = Router(prefix="/v1/photos", tags=["media 照片"])
REFUSALS = (
    PhotoEmpty, PhotoUnreadable, PhotoTypeRefused, PhotoTooLarge, PhotoTooManyPixels,
    PhotoTooCostly, PhotoAnimated, DecoderBusy, BucketFull, BucketUnavailable,
)  # fmt: skip


async def develop(request: Request, file: UploadFile) -> Prepared:
    """The slow part: decode in a bounded process, write and sync the files."""
    state, photo_id = request.app.state, new_id()
    async with state.decoder.room():
        # One byte more than allowed tells "too large" from "just fits" without reading on.
        original = await file.read(MAX_BYTES + 1)
        developed = await state.decoder.develop(original)
        write = partial(service.write_files, state.bucket, photo_id, original, developed)
        await anyio.to_thread.run_sync(write)
    given = {"photo_id": photo_id, "size": len(original), "developed": developed}

    async def undo() -> None:
        await anyio.to_thread.run_sync(partial(service.delete_files, state.bucket, photo_id))

    return Prepared(given, developed.sha256.encode(), undo)


@router.post("", responses=raises(PersonOnly, ConsentMissing, Blocked, PhotosSpent, *REFUSALS))
@in_transaction(status=201, first=develop)
def upload_photo(
    tx: Session,
    actor: Reporter,
    signer: Signers,
    caps: DayCaps,
    photo_id: UUID,
    size: int,
    developed: Developed,
) -> PhotoOut:
    """Uploads one photo (JPEG, PNG or WebP, at most 10 MiB and 50 megapixels)."""
    require_consent(tx, actor)
    return service.keep(tx, actor.person_id, photo_id, size, developed, signer, caps)


@router.get(
    "/{photo_id}/{variant}",
    responses={
        200: {"content": {"image/jpeg": {}}},
        206: {"content": {"image/jpeg": {}}, "description": "The part that `Range` asked for"},
        307: {
            "description": "Where an object store is set to send its photos itself; of one that has"
            " gone the store says so then"
        },
        304: {"description": "What `If-None-Match` names is still the photo"},
        **raises(PhotoLinkInvalid, PhotoNotFound, RangeNotSatisfiable, BucketUnavailable),
    },
    response_class=Response,
)
async def fetch_photo(
    request: Request,
    photo_id: UUID,
    variant: Literal["display", "thumb", "public", "public-thumb", "evidence"],
    expires: Annotated[int, Query(ge=0, le=10**11)],
    signature: Annotated[str, Query(max_length=64)],
) -> Response:
    """A derivative, by the signed address that an answer gave; no token is needed."""
    state = request.app.state
    if not state.signer.allows(photo_id, variant, expires, signature):
        raise PhotoLinkInvalid
    key = service.key(photo_id, variant)
    if (elsewhere := await state.bucket.link(key, LINK_S)) is not None:
        return RedirectResponse(elsewhere, 307)
    try:
        data = await anyio.to_thread.run_sync(state.bucket.read, key)
    except FileNotFoundError as error:
        raise PhotoNotFound from error
    headers = {
        # What was overlooked in a copy takes it away; anything else stays as it is.
        "Cache-Control": "private, " + ("no-cache" if variant in PUBLIC else CACHED),
        "Content-Disposition": f'inline; filename="{photo_id}.jpg"',
    }
    return ranges.answer(request, data, headers, "image/jpeg")

"""What needs no token: the policy, and files by a signed address."""

from typing import Annotated
from uuid import UUID

import anyio.to_thread
from fastapi import Query, Request, Response

from app.kit.problems import raises
from app.kit.router import Router
from app.media import service as media
from app.media.errors import BucketUnavailable
from app.privacy import copying, policy, views
from app.privacy.errors import FileGone, FileLinkInvalid
from app.privacy.schemas import PolicyOut
from app.privacy.views import FileKind

router = Router(prefix="/v1/privacy", tags=["privacy 个人信息"])
NAMES = {"export": ("xinxin-data.zip", "application/zip"),
         "original": ("original", "application/octet-stream")}  # fmt: skip


@router.get("/policy")
async def get_policy() -> PolicyOut:
    """The privacy policy in force: why data are collected, which, and how long they stay."""
    return policy.POLICY


@router.get(
    "/files/{kind}/{file_id}",
    responses={
        200: {"content": {media_type: {} for _, media_type in NAMES.values()}},
        **raises(FileLinkInvalid, FileGone, BucketUnavailable),
    },
    response_class=Response,
)
async def fetch_private_file(
    request: Request,
    kind: FileKind,
    file_id: UUID,
    expires: Annotated[int, Query(ge=0, le=10**11)],
    signature: Annotated[str, Query(max_length=64)],
) -> Response:
    """A copy of one's data or an original photo, by the signed address that an answer gave."""
    state = request.app.state
    if not views.allows(state.signer, kind, file_id, expires, signature):
        raise FileLinkInvalid
    key = copying.key(file_id) if kind == "export" else media.key(file_id, media.SEALED)
    try:
        data = await anyio.to_thread.run_sync(state.bucket.read, key)
    except FileNotFoundError as error:
        raise FileGone from error
    name, media_type = NAMES[kind]
    headers = {
        "Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"',
    }  # fmt: skip
    return Response(data, media_type=media_type, headers=headers)

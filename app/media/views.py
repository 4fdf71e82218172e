"""Reads of photos, and their signed addresses."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from app.kit import clock
from app.kit.marks import FromApp
from app.media.bucket import sign, verify
from app.media.models import Photo, Verdict
from app.media.schemas import PhotoOut, PhotoUrls, PlaceOut

VARIANTS = ("display", "thumb")
# The copies with faces and plates covered, as large as those: what people who did not take the
# photo and do not handle it may see. They are drawn again when something was overlooked.
PUBLIC = ("public", "public-thumb")
# The address of a hidden photo, for those who judge it.
EVIDENCE = "evidence"


@dataclass(frozen=True)
class Signer:
    """Makes and checks the addresses under which derivatives can be fetched without a token.

    An address lives between one and two times `life`: expiry is rounded up, so that pages of the
    same minutes carry the same address and clients can cache the picture.
    """

    secret: bytes
    life: timedelta

    def url(self, photo_id: UUID, variant: str) -> str:
        step = int(self.life.total_seconds())
        expires = (int(clock.now().timestamp()) // step + 2) * step
        signature = sign(self.secret, f"{variant}/{photo_id}", expires)
        return f"/v1/photos/{photo_id}/{variant}?expires={expires}&signature={signature}"

    def allows(self, photo_id: UUID, variant: str, expires: int, signature: str) -> bool:
        now = int(clock.now().timestamp())
        return verify(self.secret, f"{variant}/{photo_id}", expires, signature, now=now)


Signers = Annotated[Signer, FromApp("signer")]


# The columns that `photo_out` and `visible` need.
SHOWN = (
    Photo.id, Photo.width, Photo.height, Photo.taken_at, Photo.lat, Photo.lng, Photo.verdict,
)  # fmt: skip


def visible(photos: Iterable[Any]) -> list[Any]:
    """The photos without those that nobody may see any more."""
    return [photo for photo in photos if photo.verdict != Verdict.HIDDEN]


def photo_out(photo: Any, signer: Signer) -> PhotoOut:
    here = photo.lat is not None and photo.lng is not None
    return PhotoOut(
        id=photo.id,
        width=photo.width,
        height=photo.height,
        taken_at=photo.taken_at,
        place=PlaceOut(lat=photo.lat or 0, lng=photo.lng or 0) if here else None,
        urls=PhotoUrls(**{v: signer.url(photo.id, v) for v in VARIANTS}),
    )

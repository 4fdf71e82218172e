"""Photos are covered (遮挡) where they show faces or plates; only then may others see a copy."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Actor, find_staff
from app.kit import actions, clock
from app.kit.db import insert_for
from app.kit.marks import Claims
from app.kit.outbox import enqueue
from app.media import pixels
from app.media.errors import PhotoNotFound
from app.media.models import Photo, Verdict
from app.media.views import PUBLIC, Signer
from app.relations import queries
from app.relations.errors import BoxOutside, RedactionNotFound
from app.relations.models import Redaction
from app.relations.schemas import Box, RedactionDraft, RedactionOut


@dataclass(frozen=True)
class Drawn:
    """A copy whose files are safe already, and the faces that the machine covered in it."""

    copy_id: UUID
    found: list[Box]


def coverable(tx: Session, claims: Claims, photo_id: UUID, boxes: Sequence[Box]) -> None:
    """Raises PhotoNotFound unless it is in a case that the caller sees, BoxOutside.

    Asked before the picture is worked on for them.
    """
    photo = _seen(tx, find_staff(tx, claims), photo_id)
    width, height = pixels.display_size(photo.width, photo.height)
    if any(box.x + box.w > width or box.y + box.h > height for box in boxes):
        raise BoxOutside


def cover(
    tx: Session,
    actor: Actor,
    photo_id: UUID,
    body: RedactionDraft,
    drawn: Drawn,
    signer: Signer,
) -> RedactionOut:
    """Puts a copy in the place of what others saw before.

    Raises PhotoNotFound, also of a photo that was hidden while its copy was drawn.
    """
    photo = _seen(tx, actor, photo_id)
    tx.refresh(photo, with_for_update=True)
    if photo.verdict == Verdict.HIDDEN:
        raise PhotoNotFound
    if photo.copy_id is not None:
        enqueue(tx, "copy.replaced", copy_id=photo.copy_id)
    photo.copy_id = drawn.copy_id
    boxes = [box.model_dump() for box in body.boxes]
    boxes += [{**box.model_dump(), "found": True} for box in drawn.found]
    made = {"boxes": boxes, "made_by": actor.person_id, "made_at": clock.now()}
    row = insert_for(tx, Redaction).values(photo_id=photo_id, **made)
    tx.execute(row.on_conflict_do_update(index_elements=["photo_id"], set_=made))
    actions.record(
        tx, actor.person_id, "photo.redacted", "photo", photo_id,
        boxes=len(body.boxes), found=len(drawn.found), faces=body.faces,
    )  # fmt: skip
    return get_redaction(tx, actor, photo_id, signer)


def get_redaction(tx: Session, actor: Actor, photo_id: UUID, signer: Signer) -> RedactionOut:
    """Raises PhotoNotFound, RedactionNotFound."""
    copy_id = _seen(tx, actor, photo_id).copy_id
    made = tx.get(Redaction, photo_id)
    if made is None or copy_id is None:
        raise RedactionNotFound
    public, public_thumb = (signer.url(copy_id, variant) for variant in PUBLIC)
    return RedactionOut(
        photo_id=photo_id, boxes=made.boxes, made_at=made.made_at,
        made_by=identity.names(tx, {made.made_by})[made.made_by],
        public=public, public_thumb=public_thumb,
    )  # fmt: skip


def _seen(tx: Session, actor: Actor, photo_id: UUID) -> Photo:
    if not queries.photos_seen(tx, actor, {photo_id}):
        raise PhotoNotFound
    return tx.get_one(Photo, photo_id)

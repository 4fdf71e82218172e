"""How suspicions are shown: with both photos, as far as the caller may see them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.identity import queries as identity
from app.identity.access import Actor
from app.media.views import Signer, photo_out, visible
from app.relations import queries
from app.relations.models import Suspicion
from app.relations.schemas import EvidenceOut, SuspicionOut


def suspicions_out(
    tx: Session, actor: Actor, found: Sequence[Suspicion], signer: Signer
) -> list[SuspicionOut]:
    """Suspicions with their evidence; number and photo of another case only if it is seen."""
    mine = {one.photo_id for one in found}
    seen = queries.photos_seen(tx, actor, {one.other_photo_id for one in found})
    numbers = cases.numbers_seen(tx, actor, {one.evidence["number"] for one in found})
    photos = {
        photo.id: photo_out(photo, signer)
        for photo in visible(queries.photos(tx, mine | seen).values())
    }
    deciders: set[UUID] = {one.decided_by for one in found if one.decided_by}
    names = identity.names(tx, deciders)
    return [
        SuspicionOut(
            id=one.id, case_id=one.case_id, kind=one.kind, distance=one.distance,
            evidence=_evidence_out(one.evidence, numbers), photo=photos.get(one.photo_id),
            other_photo=photos.get(one.other_photo_id) if one.other_photo_id in seen else None,
            state=one.state, note=one.note,
            decided_by=names.get(one.decided_by) if one.decided_by else None,
            decided_at=one.decided_at, created_at=one.created_at,
        )
        for one in found
    ]  # fmt: skip


def _evidence_out(evidence: Mapping[str, Any], seen: set[str]) -> EvidenceOut:
    number = evidence["number"]
    return EvidenceOut.model_validate({**evidence, "number": number if number in seen else None})

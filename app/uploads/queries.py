"""Reads of direct uploads."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity.access import find_actor
from app.kit import clock
from app.kit.marks import Claims
from app.uploads.errors import UploadNotFound
from app.uploads.models import FORGOTTEN, Upload


def get_upload(tx: Session, owner_id: UUID, upload_id: UUID) -> Upload:
    """Raises UploadNotFound, also for somebody else's."""
    upload = tx.get(Upload, upload_id)
    if upload is None or upload.owner_id != owner_id:
        raise UploadNotFound
    return upload


def waits(tx: Session, claims: Claims, upload_id: UUID) -> bool:
    """Whether the caller's upload is still to be completed; raises as the caller's own unit would.

    Asked before anything is read from the store for them.
    """
    return get_upload(tx, find_actor(tx, claims).person_id, upload_id).completed_at is None


def open_uploads(tx: Session, owner_id: UUID) -> int:
    """How many uploads of this person were not completed; each may fill the store for a day."""
    query = select(func.count(Upload.id)).where(
        Upload.owner_id == owner_id, Upload.completed_at.is_(None),
        Upload.created_at > clock.now() - FORGOTTEN,
    )  # fmt: skip
    return tx.scalar(query) or 0

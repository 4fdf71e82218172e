"""The photos of a case: what was found and reported, and what moves bring since."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, literal, select
from sqlalchemy.orm import Session

from app.cases.models import CaseMove, CaseMovePhoto, CaseReport
from app.kit import outbox
from app.kit.columns import IdType
from app.kit.db import core, insert_rows
from app.media import service as media
from app.media.models import Photo
from app.media.views import SHOWN
from app.reports.models import ReportPhoto

_THIS = bindparam("case", type_=IdType())
_BEFORE = (
    select(ReportPhoto.report_id, *SHOWN)
    .join(Photo, Photo.id == ReportPhoto.photo_id)
    .join(CaseReport, CaseReport.report_id == ReportPhoto.report_id)
    .where(CaseReport.case_id == _THIS)
    .order_by(ReportPhoto.report_id, ReportPhoto.position)
)
# What staff found has no report: its photos came with the first entry of all.
_FOUND = (
    select(literal(None).label("report_id"), *SHOWN)
    .join(CaseMovePhoto, CaseMovePhoto.photo_id == Photo.id)
    .join(CaseMove, CaseMove.id == CaseMovePhoto.move_id)
    .where(CaseMove.case_id == _THIS, CaseMove.version == 1)
    .order_by(CaseMovePhoto.position)
)
_AFTER = (
    select(*SHOWN)
    .join(CaseMovePhoto, CaseMovePhoto.photo_id == Photo.id)
    .join(CaseMove, CaseMove.id == CaseMovePhoto.move_id)
    .where(CaseMove.case_id == _THIS, CaseMove.version > 1)
    .order_by(CaseMove.version, CaseMovePhoto.position)
)


def before(tx: Session, case: Any) -> Sequence[Any]:
    """The photos of what staff found and of every report, each row with its `report_id`."""
    found: list[Any] = []
    if case.source != "report":
        found += core(tx).execute(_FOUND, {"case": case.id}).all()
    return [*found, *core(tx).execute(_BEFORE, {"case": case.id}).all()]


def after(tx: Session, case_id: UUID) -> Sequence[Any]:
    """The photos that moves brought, in the order of the moves."""
    return core(tx).execute(_AFTER, {"case": case_id}).all()


def take(tx: Session, person_id: UUID, case: Any, move_id: UUID, photo_ids: list[UUID]) -> None:
    """Gives a person's own unused photos to a move. Raises PhotoNotFound, PhotoUsed, PhotoSame."""
    media.take(tx, person_id, photo_ids, f"move:{move_id}")
    media.refuse_same(tx, [photo.id for photo in before(tx, case)], photo_ids)
    rows = [
        {"move_id": move_id, "position": position, "photo_id": photo_id}
        for position, photo_id in enumerate(photo_ids, start=1)
    ]
    insert_rows(tx, CaseMovePhoto, rows)
    outbox.enqueue(tx, "photos.compared", case_id=case.id)

"""The rows of one report and its case, and copies of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseMove, CaseReport
from app.kit import clock
from app.kit.ids import new_id
from app.media.models import Photo
from app.reports.models import Report, ReportPhoto


def original(tx: Session, report_id: UUID) -> dict[Table, dict[str, Any]]:
    """The rows of one report and its case, in the order in which they may be inserted."""
    case_id = select(CaseReport.case_id).where(CaseReport.report_id == report_id)
    photo_id = select(ReportPhoto.photo_id).where(ReportPhoto.report_id == report_id)
    wanted = {
        Photo: Photo.id.in_(photo_id), Report: Report.id == report_id,
        ReportPhoto: ReportPhoto.report_id == report_id, Case: Case.id.in_(case_id),
        CaseReport: CaseReport.report_id == report_id, CaseMove: CaseMove.case_id.in_(case_id),
    }  # fmt: skip
    found = {}
    for model, condition in wanted.items():
        table: Any = model.__table__
        found[table] = dict(tx.execute(select(table).where(condition)).mappings().one())
    return found


def copy(original: dict[Table, dict[str, Any]], number: int) -> dict[Table, dict[str, Any]]:
    """The same rows as another report and case, with the case number of `number`."""
    report_id, case_id, photo_id, at = new_id(), new_id(), new_id(), clock.now()
    changes: dict[Any, dict[str, Any]] = {
        Photo: {"id": photo_id, "used_for": f"report:{report_id}"},
        Report: {"id": report_id, "created_at": at, "case_number": f"500152-20200101-{number:07}"},
        ReportPhoto: {"report_id": report_id, "photo_id": photo_id},
        Case: {"id": case_id, "created_at": at, "number": f"500152-20200101-{number:07}"},
        CaseReport: {"report_id": report_id, "case_id": case_id},
        CaseMove: {"id": new_id(), "case_id": case_id},
    }
    by_table = {model.__table__: change for model, change in changes.items()}
    return {table: {**row, **by_table[table]} for table, row in original.items()}

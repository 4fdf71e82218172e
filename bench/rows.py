"""The rows of one report and its case, and copies of them."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from docket import Problem
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseEntry, CaseMove, CaseReport, CaseScope, CaseText
from app.clocks.models import Clock
from app.kit import clock
from app.kit.db import Database, work
from app.kit.ids import new_id
from app.media.models import Photo
from app.reports.models import Report, ReportPhoto
from app.routing.models import RoutingDecision

# Cases or photos written at a time.
BATCH = 500
Rows = dict[Any, list[dict[str, Any]]]
# Each with an id of its own that nothing else names.
OF_CASE = (CaseMove, CaseEntry, CaseScope, CaseText, Clock, RoutingDecision)


def original(tx: Session, report_id: UUID) -> Rows:
    """The rows of one report and its case, in the order in which they may be inserted."""
    case_id = select(CaseReport.case_id).where(CaseReport.report_id == report_id).scalar_subquery()
    photo_id = select(ReportPhoto.photo_id).where(ReportPhoto.report_id == report_id)
    wanted: dict[Any, Any] = {
        Photo: Photo.id.in_(photo_id), Report: Report.id == report_id,
        ReportPhoto: ReportPhoto.report_id == report_id, Case: Case.id == case_id,
        CaseReport: CaseReport.report_id == report_id,
        **{model: model.case_id == case_id for model in OF_CASE},
    }  # fmt: skip
    found: Rows = {}
    for model, condition in wanted.items():
        rows = tx.execute(select(model.__table__).where(condition)).mappings()
        found[model.__table__] = [dict(row) for row in rows]
    return found


def copy(original: Rows, number: int, owner_id: UUID) -> Rows:
    """The same rows as another report and case of `owner_id`, with the case number of `number`."""
    report_id, case_id, photo_id, at = new_id(), new_id(), new_id(), clock.now()
    named, case = f"500152-20200101-{number:07}", {"case_id": case_id}
    changes: dict[Any, dict[str, Any]] = {
        Photo: {"id": photo_id, "used_for": f"report:{report_id}", "owner_id": owner_id},
        Report: {
            "id": report_id, "created_at": at, "case_number": named, "person_id": owner_id,
        },
        ReportPhoto: {"report_id": report_id, "photo_id": photo_id},
        Case: {"id": case_id, "created_at": at, "number": named},
        CaseReport: {"report_id": report_id, **case}, CaseEntry: case,
        CaseScope: {"created_at": at, **case}, CaseText: case,
    }  # fmt: skip
    by_table = {model.__table__: change for model, change in changes.items()}
    made: Rows = {}
    for table, rows in original.items():
        # Numbered by the database.
        given = [{k: v for k, v in row.items() if k != "row"} for row in rows]
        made[table] = [
            {**row, **(by_table.get(table) or {"id": new_id(), **case})} for row in given
        ]
    return made


def cases(
    db: Database, models: Sequence[UUID], owners: Sequence[UUID], count: int
) -> Iterator[Problem]:
    """Writes so many copies of the cases of some reports, for each owner in turn."""
    with work(db, write=True) as tx:
        originals = [original(tx, report_id) for report_id in models]
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        made = [copy(originals[n % len(models)], n, owners[n % len(owners)]) for n in numbers]
        with work(db, write=True) as tx:
            for table in originals[0]:
                tx.execute(insert(table), [row for one in made for row in one[table]])
        for n, one in zip(numbers, made, strict=True):
            (case,), (behind,) = one[Case.__table__], one[CaseReport.__table__]
            yield Problem(case["id"], behind["report_id"], case["number"], n % len(owners))


def photos(
    db: Database, report_id: UUID, owners: Sequence[UUID], count: int
) -> Iterator[tuple[int, UUID]]:
    """Writes so many copies of a report's photo that no report uses; each with its owner."""
    table: Any = Photo.__table__
    with work(db, write=True) as tx:
        (photo,) = original(tx, report_id)[table]
    for start in range(0, count, BATCH):
        whose = [n % len(owners) for n in range(start, start + BATCH)]
        free = [{**photo, "id": new_id(), "owner_id": owners[n], "used_for": None} for n in whose]
        with work(db, write=True) as tx:
            tx.execute(insert(table), free)
        yield from zip(whose, (row["id"] for row in free), strict=True)

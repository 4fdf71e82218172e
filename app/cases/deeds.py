"""What was done that a rule of earning may pay, as the cases tell it: for previews of rules.

Awards tell only of what some rule paid. A rule for what nobody was paid for yet can be judged by
the cases alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseMove, CaseReport
from app.cases.workflow import ENDED
from app.identity.models import Person
from app.regions.models import Region
from app.regions.queries import under
from app.reports.models import Report
from app.rewards.rules import Deed, Spot

Span = tuple[datetime, datetime]

_FILED_AT = (
    select(func.min(CaseMove.created_at))
    .where(CaseMove.case_id == Case.id, CaseMove.move == "file")
    .correlate(Case)
    .scalar_subquery()
)
_ACTED = (
    exists()
    .where(CaseMove.case_id == Case.id, CaseMove.actor_id == Report.person_id)
    .correlate(Case, Report)
)
_CASES = (
    select(
        Case.id, Case.number, Case.source, Case.category_code, Case.lat, Case.lng, Case.status,
        Case.outcome, Case.updated_at, Region.path, _FILED_AT.label("filed_at"),
        Person.id.label("person_id"), Person.occupation,
    )
    .select_from(Case)
    .join(Region, Region.code == Case.region_code)
)  # fmt: skip


def deeds(tx: Session, event: str, span: Span, path: str) -> Iterator[Deed] | None:
    """Who did what an event names in a region's subtree, reported from `span[0]` until `span[1]`;
    of cases that were filed. None for an event that is not of cases."""
    match event:
        case "report.filed" | "hazard.reported":
            hazards = event == "hazard.reported"
            return _first(_behind(tx, span, path, hazards=hazards), span)
        case "report.joined":
            return _joined(_behind(tx, span, path), span)
        case "patrol.found":
            return map(_deed, _found(tx, span, path))
        case _:
            return None


def _behind(
    tx: Session, span: Span, path: str, *, hazards: bool = False
) -> Iterator[Sequence[Row[Any]]]:
    """All reports of each case that has one of the span, in the order in which they came."""
    reported = select(CaseReport.case_id).join(Report, Report.id == CaseReport.report_id)
    query = (
        _CASES.add_columns(
            Report.created_at.label("reported_at"), CaseReport.joined_at, _ACTED.label("acted")
        )
        .join(CaseReport, CaseReport.case_id == Case.id)
        .join(Report, Report.id == CaseReport.report_id)
        .join(Person, Person.id == Report.person_id)
        .where(
            Case.id.in_(reported.where(Report.created_at >= span[0], Report.created_at < span[1])),
            under(Region.path, path), _FILED_AT.is_not(None),
        )
        .order_by(Case.id, Report.created_at, Report.id)
    )  # fmt: skip
    if hazards:
        query = query.where(Case.hazard)
    for _, rows in groupby(tx.execute(query), lambda row: row.id):
        yield list(rows)


def _first(cases: Iterable[Sequence[Row[Any]]], span: Span) -> Iterator[Deed]:
    for rows in cases:
        first = _first_of(rows)
        if first is not None and span[0] <= first.reported_at < span[1]:
            yield _deed(first)


def _first_of(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """Whose report was the first of those that the case had when it was filed."""
    if rows[0].source != "report":
        return None
    return next((row for row in rows if row.joined_at <= row.filed_at), None)


def _joined(cases: Iterable[Sequence[Row[Any]]], span: Span) -> Iterator[Deed]:
    """Once each, and nobody for work of their own."""
    for rows in cases:
        first = _first_of(rows)
        seen = {first.person_id} if first is not None else set()
        for row in rows:
            if row.person_id not in seen and not row.acted and span[0] <= row.reported_at < span[1]:
                yield _deed(row)
            seen.add(row.person_id)


def _found(tx: Session, span: Span, path: str) -> Iterable[Row[Any]]:
    query = (
        _CASES.add_columns(Case.created_at.label("reported_at"))
        .join(CaseMove, CaseMove.case_id == Case.id)
        .join(Person, Person.id == CaseMove.actor_id)
        .where(
            Case.source == "patrol", CaseMove.version == 1, Case.created_at >= span[0],
            Case.created_at < span[1], under(Region.path, path), _FILED_AT.is_not(None),
        )
    )  # fmt: skip
    return tx.execute(query)


def _deed(row: Row[Any]) -> Deed:
    return Deed(
        source=row.number, person_id=row.person_id, occupation=row.occupation,
        spot=Spot(row.path, row.category_code, row.lat, row.lng), reported_at=row.reported_at,
        filed_at=row.filed_at, ended_at=row.updated_at,
        end=(row.outcome or row.status) if row.status in ENDED else None,
    )  # fmt: skip

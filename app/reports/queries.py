"""Reads of reports."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.kit.db import core
from app.kit.page import Page, cut
from app.media.models import Photo, Verdict
from app.media.schemas import PhotoOut, PlaceOut
from app.media.views import SHOWN, Signer, photo_out, visible
from app.regions.models import Region
from app.reports.errors import ReportNotFound
from app.reports.models import Report, ReportPhoto, ReportStatus
from app.reports.schemas import Content, ReportOut

ENDED = {
    ReportStatus.CLOSED, ReportStatus.REJECTED, ReportStatus.WITHDRAWN, ReportStatus.MERGED,
}  # fmt: skip
# Whether it is a machine or a person who looks, and what for, is not told.
CONTENT: dict[str, Content] = {
    Verdict.PASSED: "shown", Verdict.WAITING: "checking", Verdict.HELD: "checking",
    Verdict.HIDDEN: "hidden",
}  # fmt: skip
OPEN = tuple(status.value for status in ReportStatus if status not in ENDED)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """THE rule for reports: a reporter sees their own. Staff see the case instead."""
    return Report.person_id == actor.person_id


def get_report(tx: Session, actor: Actor, report_id: UUID, signer: Signer) -> ReportOut:
    """Raises ReportNotFound, also for somebody else's."""
    query = _with_grid().where(Report.id == report_id, visible_to(actor))
    row = tx.execute(query).first()
    if row is None:
        raise ReportNotFound
    return report_out(row.Report, row.grid_name, photos_of(tx, [report_id], signer)[report_id])


def mine(
    tx: Session, actor: Actor, signer: Signer, limit: int, cursor: str | None
) -> Page[ReportOut]:
    """The caller's reports, newest first, with the photos of the whole page in one read."""
    found = cut(
        tx,
        _with_grid().where(visible_to(actor)),
        (Report.created_at, Report.id),
        limit=limit,
        cursor=cursor,
        filters=(actor.person_id,),
    )
    photos = photos_of(tx, [row.Report.id for row in found.rows], signer)
    items = [report_out(row.Report, row.grid_name, photos[row.Report.id]) for row in found.rows]
    return Page(items=items, next_cursor=found.next_cursor)


def count_open(tx: Session, person_id: UUID) -> int:
    query = select(func.count()).where(Report.person_id == person_id, Report.status.in_(OPEN))
    return tx.scalar(query) or 0


def photos_of(
    tx: Session, report_ids: Sequence[UUID], signer: Signer
) -> dict[UUID, list[PhotoOut]]:
    """The photos of several reports, in their order; every id has a list."""
    found: dict[UUID, list[PhotoOut]] = defaultdict(list)
    query = (
        select(ReportPhoto.report_id, *SHOWN)
        .join(Photo, Photo.id == ReportPhoto.photo_id)
        .where(ReportPhoto.report_id.in_(report_ids))
        .order_by(ReportPhoto.report_id, ReportPhoto.position)
    )
    for row in visible(core(tx).execute(query)) if report_ids else ():
        found[row.report_id].append(photo_out(row, signer))
    return found


def _with_grid() -> Any:
    return select(Report, Region.name.label("grid_name")).outerjoin(
        Region, Region.code == Report.grid_code
    )


def report_out(report: Report, grid_name: str | None, photos: list[PhotoOut]) -> ReportOut:
    """A report as its reporter sees it."""
    here = report.lat is not None and report.lng is not None
    return ReportOut(
        id=report.id, status=ReportStatus(report.status), case_number=report.case_number,
        grid_code=report.grid_code, grid_name=grid_name, description=report.description,
        category=report.choice, address=report.address, anonymous=report.anonymous,
        place=PlaceOut(lat=report.lat or 0, lng=report.lng or 0) if here else None,
        outcome=report.outcome, public_note=report.public_note, photos=photos,
        content=CONTENT[report.verdict], created_at=report.created_at, updated_at=report.updated_at,
    )  # fmt: skip

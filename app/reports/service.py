"""Submitting reports, and taking in what cases push down to them."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from app.categories import queries as categories
from app.grids.service import to_wgs84
from app.identity.access import Actor
from app.kit import clock, outbox
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.media import service as media
from app.media.views import Signer
from app.regions.errors import RegionUnknown
from app.regions.models import Region
from app.reports import queries
from app.reports.models import Report, ReportPhoto, ReportStatus
from app.reports.schemas import PlaceDraft, ReportDraft, ReportOut


def submit(tx: Session, actor: Actor, draft: ReportDraft, signer: Signer) -> ReportOut:
    """Takes a report in and lets the worker route it; nothing about it can be lost after this.

    Raises CategoryUnknown, RegionUnknown, PhotoNotFound, PhotoUsed.
    """
    if draft.category is not None:
        categories.get_choice(tx, draft.category)
    if draft.region_code is not None and tx.get(Region, draft.region_code) is None:
        raise RegionUnknown
    report_id, now = new_id(), clock.now()
    media.take(tx, actor.person_id, draft.photo_ids, f"report:{report_id}")
    insert_row(
        tx, Report, id=report_id, person_id=actor.person_id, description=draft.description,
        choice=draft.category, anonymous=draft.anonymous, address=draft.address,
        region_code=draft.region_code, status=ReportStatus.RECEIVED, created_at=now, updated_at=now,
        **_place(draft.place),
    )  # fmt: skip
    rows = [
        {"report_id": report_id, "position": position, "photo_id": photo_id}
        for position, photo_id in enumerate(draft.photo_ids, start=1)
    ]
    tx.execute(insert(ReportPhoto.__table__), rows)  # type: ignore[arg-type]
    outbox.enqueue(tx, "report.submitted", report_id=report_id)
    return queries.get_report(tx, actor, report_id, signer)


def _place(place: PlaceDraft | None) -> dict[str, Any]:
    if place is None:
        return {}
    lat, lng = to_wgs84(place.lat, place.lng, place.crs)
    return {
        "lat": lat, "lng": lng, "raw_lat": place.lat, "raw_lng": place.lng, "crs": place.crs,
        "accuracy_m": place.accuracy_m, "place_source": place.source,
    }  # fmt: skip


def push_down(tx: Session, report_ids: list[UUID], **values: Any) -> None:
    """Sets what the reporter sees: status, case_number, grid_code, outcome, public_note."""
    theirs = update(Report).where(Report.id.in_(report_ids))
    tx.execute(theirs.values(**values, updated_at=clock.now()))

"""Submitting reports, and taking in what cases push down to them."""

from functools import cache
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Update, bindparam, update
from sqlalchemy.orm import Session

from app.categories import queries as categories
from app.conduct import service as conduct
from app.conduct.rules import NO_CAPS, Caps
from app.grids.service import to_wgs84
from app.identity import access
from app.identity.access import Actor
from app.kit import clock, outbox
from app.kit.columns import IdType
from app.kit.db import core, insert_row, insert_rows
from app.kit.ids import new_id
from app.kit.marks import FromApp
from app.media import service as media
from app.media.models import Verdict
from app.media.views import Signer, photo_out
from app.regions.errors import RegionUnknown
from app.regions.models import Region
from app.reports import queries
from app.reports.models import Report, ReportPhoto, ReportStatus
from app.reports.schemas import PlaceDraft, ReportDraft, ReportOut

# What is sent begins with this verdict: passed where nothing is checked.
FirstVerdict = Annotated[str, FromApp("first_verdict")]


def submit(
    tx: Session,
    actor: Actor,
    draft: ReportDraft,
    signer: Signer,
    verdict: str = Verdict.PASSED,
    caps: Caps = NO_CAPS,
) -> ReportOut:
    """Takes a report in and lets the worker route it; nothing about it can be lost after this.

    Raises ConsentMissing, Blocked, ReportsSpent, CategoryUnknown, RegionUnknown, PhotoNotFound,
    PhotoUsed.
    """
    access.require_consent(tx, actor)
    conduct.count_report(tx, actor.person_id, caps)
    if draft.category is not None:
        categories.category_of_choice(tx, draft.category)
    if draft.region_code is not None and tx.get(Region, draft.region_code) is None:
        raise RegionUnknown
    report_id, now = new_id(), clock.now()
    purpose = f"report:{report_id}"
    photos = media.take(tx, actor.person_id, draft.photo_ids, purpose, verdict)
    row = {
        "id": report_id, "person_id": actor.person_id, "description": draft.description,
        "choice": draft.category, "anonymous": draft.anonymous, "address": draft.address,
        "region_code": draft.region_code, "status": ReportStatus.RECEIVED.value,
        "joins": draft.joins, "verdict": verdict, "created_at": now, "updated_at": now,
        **_place(draft.place),
    }  # fmt: skip
    insert_row(tx, Report, **row)
    insert_rows(
        tx,
        ReportPhoto,
        [
            {"report_id": report_id, "position": position, "photo_id": photo.id}
            for position, photo in enumerate(photos, start=1)
        ],
    )
    outbox.enqueue(tx, "report.submitted", report_id=report_id)
    if verdict != Verdict.PASSED:
        outbox.enqueue(tx, "report.unchecked", report_id=report_id)
    # What was written is what is shown: nothing is read again before the answer.
    return queries.report_out(Report(**row), None, [photo_out(p, signer) for p in photos])


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
    if not report_ids:
        return
    values["updated_at"] = clock.now()
    given = [{"this": report_id, **values} for report_id in report_ids]
    core(tx).execute(_push(tuple(values)), given)


@cache
def _push(names: tuple[str, ...]) -> Update:
    changed = update(Report.__table__).where(Report.id == bindparam("this", type_=IdType()))  # type: ignore[arg-type]
    return changed.values({name: bindparam(name) for name in names})

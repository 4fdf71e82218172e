"""Submitting and following one's own reports."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.categories.errors import CategoryUnknown
from app.conduct.errors import Blocked, ReportsSpent
from app.conduct.service import DayCaps
from app.identity.access import Reporter
from app.identity.errors import ConsentMissing, PersonOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.media.errors import PhotoNotFound, PhotoUsed
from app.media.views import Signers
from app.regions.errors import RegionUnknown
from app.reports import queries, service
from app.reports.errors import ReportNotFound
from app.reports.schemas import ReportDraft, ReportOut

router = Router(prefix="/v1/reports", tags=["reports 随手拍"])


@router.post(
    "",
    responses=raises(
        PersonOnly,
        ConsentMissing,
        Blocked,
        ReportsSpent,
        CategoryUnknown,
        RegionUnknown,
        PhotoNotFound,
        PhotoUsed,
    ),
)
@in_transaction(status=201, key_required=True)
def submit_report(
    tx: Session,
    actor: Reporter,
    signer: Signers,
    verdict: service.FirstVerdict,
    caps: DayCaps,
    body: ReportDraft,
) -> ReportOut:
    """Submits a report with one to nine own photos and a place or an address."""
    return service.submit(tx, actor, body, signer, verdict, caps)


@router.get("", responses=raises(PersonOnly))
@in_transaction
def list_reports(
    tx: Session, actor: Reporter, signer: Signers, limit: Limit = 20, cursor: Cursor = None
) -> Page[ReportOut]:
    """The caller's own reports, newest first."""
    return queries.mine(tx, actor, signer, limit, cursor)


@router.get("/{report_id}", responses=raises(PersonOnly, ReportNotFound))
@in_transaction
def get_report(tx: Session, actor: Reporter, signer: Signers, report_id: UUID) -> ReportOut:
    """One of the caller's reports, with its case number once it is routed."""
    return queries.get_report(tx, actor, report_id, signer)

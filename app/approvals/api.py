"""Asking for more time, for a pause, for a case again; and the decisions."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.approvals import queries, service, views
from app.approvals.errors import (
    AppealWindowOver,
    ApprovalDecided,
    ApprovalNotFound,
    ApprovalOvertaken,
    DeciderIsHandler,
    DecisionForbidden,
    ExtensionsExhausted,
    OwnDecision,
    OwnRequest,
    ReopenWindowOver,
    RequestForbidden,
    RequestImpossible,
    RequestPending,
)  # fmt: skip
from app.approvals.queries import Filters
from app.approvals.schemas import (
    ApprovalOut,
    DecisionDraft,
    ExtensionDraft,
    Kind,
    RequestDraft,
    RequestOut,
    State,
    SuspensionDraft,
)  # fmt: skip
from app.cases.errors import CaseNotFound, OwnReport, ReviewDateInvalid
from app.clocks.errors import ClockNotLive
from app.identity.access import Reporter, Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import FromApp
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.seal import Sealing
from app.reports.errors import ReportNotFound

router = Router(prefix="/v1", tags=["approvals 审批"])
ReopenWindow = Annotated[timedelta, FromApp("reopen_window")]
AppealWindow = Annotated[timedelta, FromApp("appeal_window")]
ASKED = (PersonOnly, StaffOnly, CaseNotFound, RequestForbidden, RequestImpossible, RequestPending)
WISHED = (PersonOnly, ReportNotFound, RequestImpossible, RequestPending)


@router.get("/approvals", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_approvals(
    tx: Session,
    actor: Staff,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[ApprovalOut]:
    """What the caller asked for and what waits at the levels that they head, newest first."""
    found = queries.approvals(tx, actor, Filters(state, kind), limit, cursor)
    return views.approvals_out(tx, actor, found)


@router.post(
    "/approvals/{approval_id}/decision",
    responses=raises(
        PersonOnly, StaffOnly, ApprovalNotFound, OwnRequest, DecisionForbidden, DeciderIsHandler,
        OwnReport, OwnDecision, ApprovalDecided, ApprovalOvertaken, ClockNotLive,
    ),
)  # fmt: skip
@in_transaction
def decide_approval(
    tx: Session, actor: Staff, approval_id: UUID, body: DecisionDraft
) -> ApprovalOut:
    """Grants or refuses; by a head at the case's level or above who has no part in it."""
    service.decide(tx, actor, approval_id, body)
    return views.approval_out(tx, actor, approval_id)


@router.post("/cases/{case_id}/extensions", responses=raises(*ASKED, ExtensionsExhausted))
@in_transaction(status=201)
def ask_extension(tx: Session, actor: Staff, case_id: UUID, body: ExtensionDraft) -> ApprovalOut:
    """Asks for more time (延期); by whoever handles the case, at most twice granted."""
    return views.approval_out(tx, actor, service.ask_extension(tx, actor, case_id, body))


@router.post("/cases/{case_id}/suspensions", responses=raises(*ASKED, ReviewDateInvalid))
@in_transaction(status=201)
def ask_suspension(tx: Session, actor: Staff, case_id: UUID, body: SuspensionDraft) -> ApprovalOut:
    """Asks to put the case off (挂账) until a review date; by whoever handles it."""
    return views.approval_out(tx, actor, service.ask_suspension(tx, actor, case_id, body))


@router.post(
    "/reports/{report_id}/reopen",
    responses=raises(*WISHED, ReopenWindowOver),
    tags=["reports 随手拍"],
)
@in_transaction(status=201)
def ask_reopening(
    tx: Session,
    actor: Reporter,
    seal: Sealing,
    window: ReopenWindow,
    report_id: UUID,
    body: RequestDraft,
) -> RequestOut:
    """Asks for a closed case again, within XINXIN_REOPEN_DAYS of its closing; a person decides."""
    asked = service.ask_again(tx, seal, actor, report_id, "reopening", body.text, window)
    return views.request_out(tx, asked)


@router.post(
    "/reports/{report_id}/appeal",
    responses=raises(*WISHED, AppealWindowOver),
    tags=["reports 随手拍"],
)
@in_transaction(status=201)
def appeal(
    tx: Session,
    actor: Reporter,
    seal: Sealing,
    window: AppealWindow,
    report_id: UUID,
    body: RequestDraft,
) -> RequestOut:
    """Appeals against a rejection (申诉), within XINXIN_APPEAL_DAYS; somebody else decides."""
    asked = service.ask_again(tx, seal, actor, report_id, "appeal", body.text, window)
    return views.request_out(tx, asked)

"""Corrections over HTTP: the fund's managers propose, its approvers decide."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.corrections import queries, service
from app.corrections.errors import (
    CorrectionDecided,
    CorrectionForbidden,
    CorrectionNotFound,
    CorrectionPending,
    NotFulfilled,
    OtherPersonNeeded,
    OwnCorrection,
)  # fmt: skip
from app.corrections.schemas import (
    ApprovalDraft,
    CorrectionDraft,
    CorrectionOut,
    DeclineDraft,
    State,
)  # fmt: skip
from app.identity.access import FundApprover, FundManager, Staff
from app.identity.errors import PersonNotFound, PersonOnly, RoleMissing, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import FromApp
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.ledger.errors import PoolExhausted
from app.regions.errors import RegionNotFound
from app.rewards.errors import (
    AwardNotFound,
    AwardNotSettled,
    CapReached,
    PointsOverRule,
    RuleMissing,
)  # fmt: skip
from app.store.errors import RedemptionNotFound
from app.till.errors import TillHoldNotFound

router = Router(prefix="/v1/corrections", tags=["corrections 积分更正"])
Grace = Annotated[timedelta, FromApp("refund_grace")]
DECIDING = (
    PersonOnly, RoleMissing, CorrectionNotFound, CorrectionForbidden, CorrectionDecided,
    OtherPersonNeeded, OwnCorrection,
)  # fmt: skip


@router.get("", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_corrections(
    tx: Session, actor: Staff, state: Annotated[State | None, Query()] = None, limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[CorrectionOut]:  # fmt: skip
    """Corrections in the regions whose money the caller works with, the newest first."""
    return queries.corrections(tx, actor, state, limit, cursor)


@router.post(
    "",
    responses=raises(
        PersonOnly, RoleMissing, PersonNotFound, RegionNotFound, RuleMissing, PointsOverRule,
        AwardNotFound, AwardNotSettled, RedemptionNotFound, TillHoldNotFound, NotFulfilled,
        CorrectionPending, OwnCorrection, CorrectionForbidden,
    ),
)  # fmt: skip
@in_transaction(status=201)
def propose_correction(tx: Session, actor: FundManager, body: CorrectionDraft) -> CorrectionOut:
    """Proposes points by hand, a reversal, or a refund; nothing moves before it is approved."""
    return service.propose(tx, actor, body)


@router.get("/{correction_id}", responses=raises(PersonOnly, StaffOnly, CorrectionNotFound))
@in_transaction
def get_correction(tx: Session, actor: Staff, correction_id: UUID) -> CorrectionOut:
    """One correction, with who proposed and who decided it."""
    return queries.correction_out(tx, actor, correction_id)


@router.post(
    "/{correction_id}/approve",
    responses=raises(
        *DECIDING, RuleMissing, PointsOverRule, CapReached, PoolExhausted, AwardNotSettled,
        NotFulfilled,
    ),
)  # fmt: skip
@in_transaction
def approve_correction(
    tx: Session, actor: FundApprover, correction_id: UUID, body: ApprovalDraft, grace: Grace
) -> CorrectionOut:
    """Approves it, and it is done; never by who proposed it or by the person concerned."""
    return service.approve(tx, actor, correction_id, body.decision, grace)


@router.post("/{correction_id}/decline", responses=raises(*DECIDING))
@in_transaction
def decline_correction(
    tx: Session, actor: FundApprover, correction_id: UUID, body: DeclineDraft
) -> CorrectionOut:
    """Declines it; nothing moves."""
    return service.decline(tx, actor, correction_id, body.decision)

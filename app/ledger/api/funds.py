"""Funds over HTTP: opened, fed by contributions, with a receipt for each."""

from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import anyio.to_thread
from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from app.identity.access import Actor, FundApprover, FundManager, Staff, find_staff, holding
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.identity.models import Role
from app.kit.errors import Forbidden, Unauthenticated
from app.kit.http import apart, in_transaction
from app.kit.marks import FromApp, Resolver
from app.kit.problems import Raises, raises
from app.kit.router import Router
from app.kit.unit import Prepared
from app.ledger import funds, printing, views
from app.ledger.codes import TraceCodes
from app.ledger.errors import (
    ContributionApproved,
    ContributionDeclined,
    ContributionNotApproved,
    ContributionNotFound,
    FundClosed,
    FundCodeTaken,
    FundNotFound,
    SecondPersonNeeded,
    ShardsOnlyGrow,
)  # fmt: skip
from app.ledger.schemas import (
    ContributionDraft,
    ContributionList,
    ContributionOut,
    FundChange,
    FundDraft,
    FundList,
    FundOut,
    ReceiptOut,
)  # fmt: skip
from app.regions.errors import RegionNotFound

Format = Literal["json", "pdf"]
FundKeeper = Annotated[Actor, Resolver(holding(Role.FUND_MANAGER, Role.ADMINISTRATOR))]
FundHand = Annotated[Actor, Resolver(holding(Role.FUND_MANAGER, Role.FUND_APPROVER))]
Codes = Annotated[TraceCodes, FromApp("trace_codes")]

router = Router(prefix="/v1/funds", tags=["ledger 积分账"])


@router.get("", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_funds(tx: Session, actor: Staff) -> FundList:
    """The funds in the caller's regions with what was given, is reserved and was paid, in fen."""
    return FundList(items=views.funds(tx, actor))


@router.post(
    "", responses=raises(PersonOnly, RoleMissing, RegionNotFound, Forbidden, FundCodeTaken)
)
@in_transaction(status=201)
def open_fund(tx: Session, actor: FundKeeper, body: FundDraft) -> FundOut:
    """Opens a fund in a region of the caller's; what a point of it is worth never changes."""
    return funds.open_fund(tx, actor, body)


@router.get("/{fund_id}", responses=raises(PersonOnly, StaffOnly, FundNotFound))
@in_transaction
def get_fund(tx: Session, actor: Staff, fund_id: UUID) -> FundOut:
    """One fund: its money against the points that are out, and how long it will last."""
    return views.fund_out(tx, views.get_fund(tx, actor, fund_id))


@router.put(
    "/{fund_id}",
    responses=raises(PersonOnly, RoleMissing, FundNotFound, Forbidden, ShardsOnlyGrow),
)
@in_transaction
def change_fund(tx: Session, actor: FundKeeper, fund_id: UUID, body: FundChange) -> FundOut:
    """Renames a fund, closes or opens it, or lets more draw from it at once."""
    return funds.change_fund(tx, actor, fund_id, body)


@router.get("/{fund_id}/contributions", responses=raises(PersonOnly, StaffOnly, FundNotFound))
@in_transaction
def list_contributions(tx: Session, actor: Staff, fund_id: UUID) -> ContributionList:
    """What was given to a fund, by whom, and what is left of each."""
    return ContributionList(items=views.contributions(tx, actor, fund_id))


@router.post(
    "/{fund_id}/contributions",
    responses=raises(PersonOnly, RoleMissing, FundNotFound, Forbidden, FundClosed),
)
@in_transaction(status=201, key_required=True)
def propose_contribution(
    tx: Session, actor: FundManager, fund_id: UUID, body: ContributionDraft
) -> ContributionOut:
    """Proposes a contribution; no money moves until another person approves it."""
    return funds.propose(tx, actor, fund_id, body)


@router.post(
    "/{fund_id}/contributions/{contribution_id}/approve",
    responses=raises(
        PersonOnly, RoleMissing, FundNotFound, ContributionNotFound, ContributionApproved,
        ContributionDeclined, SecondPersonNeeded, FundClosed, Forbidden,
    ),
)  # fmt: skip
@in_transaction
def approve_contribution(
    tx: Session, actor: FundApprover, fund_id: UUID, contribution_id: UUID
) -> ContributionOut:
    """Approves a contribution: the money enters the pool, and its receipt gets a number."""
    return funds.approve(tx, actor, fund_id, contribution_id)


@router.post(
    "/{fund_id}/contributions/{contribution_id}/decline",
    responses=raises(
        PersonOnly, RoleMissing, FundNotFound, ContributionNotFound, ContributionApproved,
        ContributionDeclined, Forbidden,
    ),
)  # fmt: skip
@in_transaction
def decline_contribution(
    tx: Session, actor: FundHand, fund_id: UUID, contribution_id: UUID
) -> ContributionOut:
    """Sends a proposal back, by an approver; or withdraws it, by the one who proposed it."""
    return funds.decline(tx, actor, fund_id, contribution_id)


async def _receipt(
    request: Request,
    fund_id: UUID,
    contribution_id: UUID,
    format: Annotated[Format, Query()] = "json",  # noqa: A002
) -> Prepared:
    """The slow part, for a PDF: reads in a unit, then draws in none."""
    given: dict[str, Any] = {"fund_id": fund_id, "contribution_id": contribution_id, "pdf": None}
    if format == "pdf":
        claims = getattr(request.state, "claims", None)
        if claims is None:
            raise Unauthenticated

        def read(tx: Session) -> ReceiptOut:
            codes = request.app.state.trace_codes
            return views.receipt(tx, find_staff(tx, claims), codes, fund_id, contribution_id)

        drawn = partial(printing.render, await apart(request, read, write=False))
        given["pdf"] = await anyio.to_thread.run_sync(drawn, limiter=request.app.state.printing)
    return Prepared(given)


def _json_or_pdf(declared: Raises) -> Raises:
    declared[200] = {"model": ReceiptOut, "content": {"application/pdf": {}}}
    return declared


@router.get(
    "/{fund_id}/contributions/{contribution_id}/receipt",
    responses=_json_or_pdf(
        raises(PersonOnly, StaffOnly, FundNotFound, ContributionNotFound, ContributionNotApproved)
    ),
)
@in_transaction(first=_receipt)
def get_receipt(
    tx: Session, actor: Staff, codes: Codes, fund_id: UUID, contribution_id: UUID,
    pdf: bytes | None,
) -> ReceiptOut | Response:  # fmt: skip
    """The receipt (收据) of money that arrived; `format=pdf` gives a sheet to sign.

    Its `trace_code` is for the giver, who sees with it what the money became.
    """
    receipt = views.receipt(tx, actor, codes, fund_id, contribution_id)
    if pdf is None:
        return receipt
    headers = {"Content-Disposition": f'inline; filename="receipt-{receipt.receipt_no}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)

"""What became of a fund's money, over HTTP."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Path, Request
from sqlalchemy.orm import Session

from app.identity.access import Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit.http import Cursor, Limit, apart, in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.unit import Prepared
from app.ledger.errors import ContributionNotFound, FundNotFound
from app.tracing import limits, views
from app.tracing.errors import TraceCodesTooOften, TraceNotFound
from app.tracing.schemas import PublicFundOut, TraceOut, WaitingOut

FUND = "/funds/{fund_id}"
TraceCode = Annotated[
    str,
    Path(max_length=40, description="As on the receipt", examples=["7KQ2-M9XD-4TFA-HB3W"]),
]

router = Router(prefix="/v1", tags=["tracing 资金去向"])


@router.get(
    FUND + "/contributions/{contribution_id}/trace",
    responses=raises(PersonOnly, StaffOnly, FundNotFound, ContributionNotFound),
)
@in_transaction
def trace_contribution(
    tx: Session,
    actor: Staff,
    fund_id: UUID,
    contribution_id: UUID,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TraceOut:
    """What a contribution became: what is left, what stands behind points, which goods it paid."""
    return views.trace(tx, actor, fund_id, contribution_id, limit, cursor)


@router.get(FUND + "/waiting", responses=raises(PersonOnly, StaffOnly, FundNotFound))
@in_transaction
def list_waiting(tx: Session, actor: Staff, fund_id: UUID, limit: Limit = 20) -> WaitingOut:
    """The awards that wait for the fund's money, in the order in which they will be paid."""
    return views.line(tx, actor, fund_id, limit)


@router.get(FUND + "/public", responses=raises(FundNotFound))
@in_transaction
def get_public_fund(
    tx: Session, fund_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> PublicFundOut:
    """A fund in public: given by whom, standing behind points, spent on which goods."""
    return views.public(tx, fund_id, limit, cursor)


async def _find(
    request: Request, code: TraceCode, limit: Limit = 20, cursor: Cursor = None
) -> Prepared:
    """Looks the code up before the unit: only a wrong one writes, and is counted."""
    address = request.client.host if request.client else "-"
    await apart(request, partial(limits.check, address=address), write=False)
    found = await apart(request, partial(views.find_traced, code=code), write=False)
    if found is None:
        await apart(request, partial(limits.count_wrong, address=address), write=True)
        raise TraceNotFound
    return Prepared({"contribution_id": found, "limit": limit, "cursor": cursor})


@router.get("/traces/{code}", responses=raises(TraceNotFound, TraceCodesTooOften))
@in_transaction(first=_find)
def get_trace(tx: Session, contribution_id: UUID, limit: int, cursor: str | None) -> TraceOut:
    """What a contribution became, for whoever has its receipt; nobody need sign in."""
    return views.trace_of(tx, contribution_id, limit, cursor)

"""What became of a fund's money, over HTTP."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.ledger.errors import ContributionNotFound, FundNotFound
from app.tracing import views
from app.tracing.schemas import PublicFundOut, TraceOut, WaitingOut

router = Router(prefix="/v1/funds/{fund_id}", tags=["tracing 资金去向"])


@router.get(
    "/contributions/{contribution_id}/trace",
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


@router.get("/waiting", responses=raises(PersonOnly, StaffOnly, FundNotFound))
@in_transaction
def list_waiting(tx: Session, actor: Staff, fund_id: UUID, limit: Limit = 20) -> WaitingOut:
    """The awards that wait for the fund's money, in the order in which they will be paid."""
    return views.line(tx, actor, fund_id, limit)


@router.get("/public", responses=raises(FundNotFound))
@in_transaction
def get_public_fund(
    tx: Session, fund_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> PublicFundOut:
    """A fund in public: given by whom, standing behind points, spent on which goods."""
    return views.public(tx, fund_id, limit, cursor)

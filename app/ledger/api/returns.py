"""Money that goes back to its giver, over HTTP."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import FundApprover, FundManager, Staff
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit.errors import Forbidden
from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.ledger import returns
from app.ledger.errors import (
    ContributionNotApproved,
    ContributionNotFound,
    FundNotFound,
    ReturnDecided,
    ReturnExceedsRest,
    ReturnNotFound,
    SecondPersonNeeded,
)  # fmt: skip
from app.ledger.schemas import ReturnDraft, ReturnList, ReturnOut

DECIDING = (
    PersonOnly, RoleMissing, FundNotFound, ContributionNotFound, ReturnNotFound, ReturnDecided,
    SecondPersonNeeded, Forbidden,
)  # fmt: skip

router = Router(
    prefix="/v1/funds/{fund_id}/contributions/{contribution_id}/returns", tags=["ledger 积分账"]
)


@router.get("", responses=raises(PersonOnly, StaffOnly, FundNotFound, ContributionNotFound))
@in_transaction
def list_returns(tx: Session, actor: Staff, fund_id: UUID, contribution_id: UUID) -> ReturnList:
    """What went back of a contribution, or was proposed to."""
    return returns.of_contribution(tx, actor, fund_id, contribution_id)


@router.post(
    "",
    responses=raises(
        PersonOnly, RoleMissing, FundNotFound, ContributionNotFound, ContributionNotApproved,
        ReturnExceedsRest, Forbidden,
    ),
)  # fmt: skip
@in_transaction(status=201, key_required=True)
def propose_return(
    tx: Session, actor: FundManager, fund_id: UUID, contribution_id: UUID, body: ReturnDraft
) -> ReturnOut:
    """Proposes that money goes back; none moves until another person approves it."""
    return returns.propose(tx, actor, fund_id, contribution_id, body)


@router.post("/{return_id}/approve", responses=raises(*DECIDING, ReturnExceedsRest))
@in_transaction
def approve_return(
    tx: Session, actor: FundApprover, fund_id: UUID, contribution_id: UUID, return_id: UUID
) -> ReturnOut:
    """Gives the money back; never more than stands behind no point yet."""
    return returns.approve(tx, actor, fund_id, contribution_id, return_id)


@router.post("/{return_id}/decline", responses=raises(*DECIDING))
@in_transaction
def decline_return(
    tx: Session, actor: FundApprover, fund_id: UUID, contribution_id: UUID, return_id: UUID
) -> ReturnOut:
    """Declines to give it back; the money stays in the fund."""
    return returns.decline(tx, actor, fund_id, contribution_id, return_id)

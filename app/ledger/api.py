"""Points and funds over HTTP."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import FundApprover, FundManager, Reporter, Staff, Till
from app.identity.errors import PersonNotFound, PersonOnly, RoleMissing, ScopeMissing, StaffOnly
from app.kit import clock
from app.kit.errors import Forbidden
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.ledger import funds, queries
from app.ledger.errors import (
    ContributionApproved,
    ContributionNotFound,
    FundNotFound,
    SecondPersonNeeded,
)  # fmt: skip
from app.ledger.schemas import (
    ContributionDraft,
    ContributionList,
    ContributionOut,
    EntryOut,
    FundList,
    MemberPointsOut,
    PointsOut,
)  # fmt: skip

router = Router(prefix="/v1", tags=["ledger 积分账"])


@router.get("/points", responses=raises(PersonOnly))
@in_transaction
def get_points(tx: Session, actor: Reporter) -> PointsOut:
    """What the caller can spend, has on the way, and has held."""
    return queries.points(tx, actor.person_id, clock.now())


@router.get("/points/entries", responses=raises(PersonOnly))
@in_transaction
def list_entries(
    tx: Session, actor: Reporter, limit: Limit = 20, cursor: Cursor = None
) -> Page[EntryOut]:
    """Every change of the caller's points, newest first."""
    return queries.entries(tx, actor.person_id, limit, cursor)


@router.get("/members/{member_no}/points", responses=raises(ScopeMissing, PersonNotFound))
@in_transaction
def get_member_points(tx: Session, _program: Till, member_no: Code) -> MemberPointsOut:
    """A member's spendable points, for a till with the scope `points:read`."""
    person = identity.find_by_member_no(tx, member_no)
    if person is None:
        raise PersonNotFound
    points = queries.points(tx, person.id, clock.now())
    return MemberPointsOut(member_no=member_no, spendable=points.spendable)


@router.get("/funds", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_funds(tx: Session, actor: Staff) -> FundList:
    """The funds in the caller's regions with what was given, is reserved and was paid, in fen."""
    return FundList(items=queries.funds(tx, actor))


@router.get("/funds/{fund_id}/contributions", responses=raises(PersonOnly, StaffOnly, FundNotFound))
@in_transaction
def list_contributions(tx: Session, actor: Staff, fund_id: UUID) -> ContributionList:
    """What was given to a fund, by whom, and what is left of each."""
    return ContributionList(items=queries.contributions(tx, actor, fund_id))


@router.post(
    "/funds/{fund_id}/contributions",
    responses=raises(PersonOnly, RoleMissing, FundNotFound, Forbidden),
)
@in_transaction(status=201, key_required=True)
def propose_contribution(
    tx: Session, actor: FundManager, fund_id: UUID, body: ContributionDraft
) -> ContributionOut:
    """Proposes a contribution; no money moves until another person approves it."""
    return funds.propose(tx, actor, fund_id, body)


@router.post(
    "/funds/{fund_id}/contributions/{contribution_id}/approve",
    responses=raises(
        PersonOnly, RoleMissing, FundNotFound, ContributionNotFound, ContributionApproved,
        SecondPersonNeeded, Forbidden,
    ),
)  # fmt: skip
@in_transaction
def approve_contribution(
    tx: Session, actor: FundApprover, fund_id: UUID, contribution_id: UUID
) -> ContributionOut:
    """Approves a contribution: the money enters the pool."""
    return funds.approve(tx, actor, fund_id, contribution_id)

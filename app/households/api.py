"""Households over HTTP; everybody acts for themselves."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.households import queries, service
from app.households.errors import (
    HeadOnly,
    HouseholdFull,
    HouseholdJoined,
    HouseholdNotFound,
    InvitationDecided,
    InvitationNotFound,
)  # fmt: skip
from app.households.schemas import (
    HouseholdDraft,
    HouseholdOut,
    InvitationDraft,
    InvitationList,
    InvitationOut,
    LeftOut,
)  # fmt: skip
from app.identity.access import Reporter, require_consent
from app.identity.errors import ConsentMissing, PersonNotFound, PersonOnly
from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router

router = Router(prefix="/v1/household", tags=["households 家庭户"])


@router.get("", responses=raises(PersonOnly, HouseholdNotFound))
@in_transaction
def get_household(tx: Session, actor: Reporter) -> HouseholdOut:
    """The caller's household and its members; their points are `GET /v1/points`."""
    return queries.household_out(tx, queries.get_mine(tx, actor.person_id))


@router.post("", responses=raises(PersonOnly, ConsentMissing, HouseholdJoined, HouseholdFull))
@in_transaction(status=201)
def create_household(tx: Session, actor: Reporter, body: HouseholdDraft) -> HouseholdOut:
    """Founds a household; the caller is its head and brings their points."""
    require_consent(tx, actor)
    return service.create(tx, actor, body)


@router.get("/invitations", responses=raises(PersonOnly))
@in_transaction
def list_invitations(tx: Session, actor: Reporter) -> InvitationList:
    """Invitations to the caller and by the caller, newest first."""
    return InvitationList(items=queries.invitations(tx, actor.person_id))


@router.post(
    "/invitations",
    responses=raises(PersonOnly, HouseholdNotFound, HeadOnly, PersonNotFound, HouseholdJoined),
)
@in_transaction(status=201)
def invite_member(tx: Session, actor: Reporter, body: InvitationDraft) -> InvitationOut:
    """Asks somebody by their member number; nothing is shared before they consent."""
    return service.invite(tx, actor, body)


@router.post(
    "/invitations/{invitation_id}/accept",
    responses=raises(
        PersonOnly, InvitationNotFound, InvitationDecided, HouseholdJoined, HouseholdFull
    ),
)
@in_transaction
def accept_invitation(tx: Session, actor: Reporter, invitation_id: UUID) -> HouseholdOut:
    """Consents: the caller's points are spent together from now on, and lots keep their earner."""
    return service.accept(tx, actor, invitation_id)


@router.post(
    "/invitations/{invitation_id}/decline",
    responses=raises(PersonOnly, InvitationNotFound, InvitationDecided),
)
@in_transaction
def decline_invitation(tx: Session, actor: Reporter, invitation_id: UUID) -> InvitationOut:
    """Says no."""
    return service.decline(tx, actor, invitation_id)


@router.delete(
    "/invitations/{invitation_id}",
    responses=raises(PersonOnly, InvitationNotFound, InvitationDecided),
)
@in_transaction
def withdraw_invitation(tx: Session, actor: Reporter, invitation_id: UUID) -> InvitationOut:
    """Takes an invitation back before it is answered; for who asked."""
    return service.withdraw(tx, actor, invitation_id)


@router.post("/leave", responses=raises(PersonOnly, HouseholdNotFound))
@in_transaction
def leave_household(tx: Session, actor: Reporter) -> LeftOut:
    """Leaves with a part of the points, by the rule that everybody consented to."""
    return service.leave(tx, actor)

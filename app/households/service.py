"""Households: the head asks, a person consents, points are shared; leaving takes a fair part.

Lock order: the invitation, then the purses (`ledger.sharing.lock`). Under the household's purse
nobody joins or leaves, so members are counted there.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from app.households import queries
from app.households.errors import (
    HeadOnly,
    HouseholdFull,
    HouseholdJoined,
    HouseholdNotFound,
    InvitationDecided,
    InvitationNotFound,
)  # fmt: skip
from app.households.models import Household, HouseholdInvitation, HouseholdMember
from app.households.schemas import (
    HouseholdDraft,
    HouseholdOut,
    InvitationDraft,
    InvitationOut,
    LeftOut,
)  # fmt: skip
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.errors import PersonNotFound
from app.kit import actions, clock
from app.kit.ids import new_id
from app.ledger import sharing
from app.notify import service as notify

MOST_MEMBERS = 12


def create(tx: Session, actor: Actor, draft: HouseholdDraft) -> HouseholdOut:
    """Founds a household with the caller as its head and first member. Raises HouseholdJoined."""
    household = Household(
        id=new_id(), name=draft.name, split=draft.split, head_id=actor.person_id, state="active",
        created_at=clock.now(),
    )  # fmt: skip
    tx.add(household)
    tx.flush()
    _join(tx, household, actor.person_id)
    return queries.household_out(tx, household)


def _join(tx: Session, household: Household, person_id: UUID) -> None:
    sharing.lock(tx, person_id, household.id)
    tx.refresh(household)
    if household.state != "active":
        # Everybody left while the question stood open.
        raise InvitationDecided
    if queries.find_mine(tx, person_id) is not None:
        raise HouseholdJoined
    if len(queries.members(tx, household.id)) >= MOST_MEMBERS:
        raise HouseholdFull
    stay = HouseholdMember(
        id=new_id(), household_id=household.id, person_id=person_id, joined_at=clock.now()
    )
    tx.add(stay)
    tx.flush()
    brought = sharing.join(tx, source=str(stay.id), person_id=person_id, household_id=household.id)
    actions.record(tx, person_id, "household.joined", "household", household.id, points=brought)


def invite(tx: Session, actor: Actor, draft: InvitationDraft) -> InvitationOut:
    """Asks a person to join; asked again, the first question stands.

    Raises HouseholdNotFound, HeadOnly, PersonNotFound, HouseholdJoined (they belong here already).
    """
    household = _mine_as_head(tx, actor)
    person = identity.find_by_member_no(tx, draft.member_no)
    if person is None:
        raise PersonNotFound
    if person.id in {member.person_id for member in queries.members(tx, household.id)}:
        raise HouseholdJoined
    invitation = queries.find_open(tx, household.id, person.id)
    if invitation is None:
        invitation = HouseholdInvitation(
            id=new_id(), household_id=household.id, person_id=person.id,
            asked_by=actor.person_id, state="asked", created_at=clock.now(),
        )  # fmt: skip
        tx.add(invitation)
        tx.flush()
        notify.tell(tx, person.id, "household.asked", str(invitation.id), household=household.name)
    return queries.invitation_out(tx, invitation.id)


def _mine_as_head(tx: Session, actor: Actor) -> Household:
    household = queries.get_mine(tx, actor.person_id)
    if household.head_id != actor.person_id:
        raise HeadOnly
    return household


def accept(tx: Session, actor: Actor, invitation_id: UUID) -> HouseholdOut:
    """The consent: from here the caller's points are the household's.

    Raises InvitationNotFound, InvitationDecided, HouseholdJoined, HouseholdFull.
    """
    invitation = _asked(tx, invitation_id, actor.person_id)
    household = tx.get_one(Household, invitation.household_id)
    _join(tx, household, actor.person_id)
    _decide(tx, invitation, "accepted")
    return queries.household_out(tx, household)


def decline(tx: Session, actor: Actor, invitation_id: UUID) -> InvitationOut:
    """Raises InvitationNotFound, InvitationDecided."""
    _decide(tx, _asked(tx, invitation_id, actor.person_id), "declined")
    return queries.invitation_out(tx, invitation_id)


def withdraw(tx: Session, actor: Actor, invitation_id: UUID) -> InvitationOut:
    """Takes a question back. Raises InvitationNotFound, InvitationDecided."""
    invitation = queries.get_invitation(tx, invitation_id)
    if invitation.asked_by != actor.person_id:
        raise InvitationNotFound
    if invitation.state != "asked":
        raise InvitationDecided
    _decide(tx, invitation, "withdrawn")
    return queries.invitation_out(tx, invitation_id)


def _asked(tx: Session, invitation_id: UUID, person_id: UUID) -> HouseholdInvitation:
    invitation = queries.get_invitation(tx, invitation_id)
    if invitation.person_id != person_id:
        raise InvitationNotFound
    if invitation.state != "asked":
        raise InvitationDecided
    return invitation


def _decide(tx: Session, invitation: HouseholdInvitation, state: str) -> None:
    invitation.state, invitation.decided_at = state, clock.now()
    tx.flush()


def leave(tx: Session, actor: Actor) -> LeftOut:
    """Takes the caller's part along by the household's rule; the last one closes the door.

    A head hands over to the longest member. Raises HouseholdNotFound.
    """
    household = queries.get_mine(tx, actor.person_id)
    sharing.lock(tx, actor.person_id, household.id)
    belong = queries.members(tx, household.id)
    mine = next((stay for stay in belong if stay.person_id == actor.person_id), None)
    if mine is None:
        raise HouseholdNotFound
    points = sharing.leave(
        tx, source=str(mine.id), person_id=actor.person_id, household_id=household.id,
        split=household.split, members=len(belong),
    )  # fmt: skip
    mine.left_at = clock.now()
    others = [stay for stay in belong if stay is not mine]
    if not others:
        household.state = "dissolved"
    elif household.head_id == actor.person_id:
        household.head_id = others[0].person_id
    tx.flush()
    actions.record(tx, actor.person_id, "household.left", "household", household.id, points=points)
    return LeftOut(household_id=household.id, points=points)

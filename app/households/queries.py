"""Reads of households: each person sees their own, and the invitations that concern them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session, aliased

from app.households.errors import HouseholdNotFound, InvitationNotFound
from app.households.models import Household, HouseholdInvitation, HouseholdMember
from app.households.schemas import HouseholdOut, InvitationOut, MemberOut
from app.identity.models import Person


def find_mine(tx: Session, person_id: UUID) -> Household | None:
    """The household that a person belongs to."""
    query = (
        select(Household)
        .join(HouseholdMember, HouseholdMember.household_id == Household.id)
        .where(HouseholdMember.person_id == person_id, HouseholdMember.left_at.is_(None))
    )
    return tx.scalar(query.execution_options(populate_existing=True))


def get_mine(tx: Session, person_id: UUID) -> Household:
    """Raises HouseholdNotFound."""
    household = find_mine(tx, person_id)
    if household is None:
        raise HouseholdNotFound
    return household


def members(tx: Session, household_id: UUID) -> list[HouseholdMember]:
    """Who belongs to it now, the longest member first."""
    query = select(HouseholdMember).where(
        HouseholdMember.household_id == household_id, HouseholdMember.left_at.is_(None)
    )
    fresh = query.order_by(HouseholdMember.joined_at, HouseholdMember.id)
    return list(tx.scalars(fresh.execution_options(populate_existing=True)))


def household_out(tx: Session, household: Household) -> HouseholdOut:
    query = (
        select(Person.id, Person.member_no, Person.name, HouseholdMember.joined_at)
        .join(HouseholdMember, HouseholdMember.person_id == Person.id)
        .where(HouseholdMember.household_id == household.id, HouseholdMember.left_at.is_(None))
        .order_by(HouseholdMember.joined_at, HouseholdMember.id)
    )
    belong = [
        MemberOut(
            member_no=row.member_no, name=row.name, head=row.id == household.head_id,
            joined_at=row.joined_at,
        )
        for row in tx.execute(query)
    ]  # fmt: skip
    return HouseholdOut(
        id=household.id, name=household.name, split=household.split, members=belong,
        created_at=household.created_at,
    )  # fmt: skip


def get_invitation(tx: Session, invitation_id: UUID) -> HouseholdInvitation:
    """Locked. Raises InvitationNotFound; whose it is, the caller asks."""
    query = select(HouseholdInvitation).where(HouseholdInvitation.id == invitation_id)
    invitation = tx.scalar(query.with_for_update(key_share=True))
    if invitation is None:
        raise InvitationNotFound
    return invitation


def find_open(tx: Session, household_id: UUID, person_id: UUID) -> HouseholdInvitation | None:
    """The question that stands open between a household and a person."""
    query = select(HouseholdInvitation).where(
        HouseholdInvitation.household_id == household_id,
        HouseholdInvitation.person_id == person_id,
        HouseholdInvitation.state == "asked",
    )
    return tx.scalar(query)


_Head = aliased(Person)


def _invitations() -> Any:
    return (
        select(
            HouseholdInvitation.id, HouseholdInvitation.state, HouseholdInvitation.created_at,
            HouseholdInvitation.decided_at, Household.name, Household.split, Person.member_no,
            _Head.name.label("head"),
        )
        .join(Household, Household.id == HouseholdInvitation.household_id)
        .join(Person, Person.id == HouseholdInvitation.person_id)
        .join(_Head, _Head.id == HouseholdInvitation.asked_by)
    )  # fmt: skip


def invitations(tx: Session, person_id: UUID) -> list[InvitationOut]:
    """The newest fifty that somebody was asked by, or asked."""
    mine = or_(
        HouseholdInvitation.person_id == person_id, HouseholdInvitation.asked_by == person_id
    )
    newest = _invitations().where(mine).order_by(HouseholdInvitation.id.desc()).limit(50)
    return [_invitation_out(row) for row in tx.execute(newest)]


def invitation_out(tx: Session, invitation_id: UUID) -> InvitationOut:
    one = _invitations().where(HouseholdInvitation.id == invitation_id)
    return _invitation_out(tx.execute(one).one())


def _invitation_out(row: Row[Any]) -> InvitationOut:
    return InvitationOut(
        id=row.id, household_name=row.name, split=row.split, asked_by=row.head,
        member_no=row.member_no, state=row.state, created_at=row.created_at,
        decided_at=row.decided_at,
    )  # fmt: skip

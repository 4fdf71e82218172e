"""Writes of administrators to staff accounts: made, disabled, reset, signed out, invited."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.models import StaffInvitation
from app.accounts.schemas import InvitationOut, StaffDraft, StaffOut, StaffPasswordOut
from app.identity import ending, steps, tokens
from app.identity import service as identity
from app.identity.access import Actor
from app.identity.models import Person, StaffAccount, TotpKey, WechatBinding
from app.identity.passwords import ONE_TIME_LIFE, OneTime
from app.kit import actions, clock
from app.kit.ids import READABLE, new_id

INVITATION_LIFE = timedelta(hours=24)
# 78 random bits: nobody guesses one, and its hash cannot be turned back within a day.
INVITATION_LENGTH, GROUP = 16, 4


def add(tx: Session, actor: Actor, draft: StaffDraft, fresh: OneTime) -> StaffPasswordOut:
    """Makes an account without a role; the one-time password is told this once.

    Raises RegionUnknown, RegionForbidden, UsernameTaken.
    """
    region = queries.region_of(tx, actor, draft.region_code)
    person = identity.add_account(
        tx, actor.person_id, draft.username, fresh.hashed, draft.name, region_code=region.code,
        one_time_until=clock.now() + ONE_TIME_LIFE,
    )  # fmt: skip
    return _told(tx, tx.get_one(StaffAccount, person.id), fresh)


def _told(tx: Session, account: StaffAccount, fresh: OneTime) -> StaffPasswordOut:
    shown = queries.staff_out(tx, account)
    return StaffPasswordOut(**shown.model_dump(), password=fresh.password)


def replay_password(_tx: Session, _actor: Actor, stored: str, **_held: Any) -> StaffPasswordOut:
    """The first answer again; the password it held is told no second time."""
    return StaffPasswordOut.model_validate_json(stored)


def disable(tx: Session, actor: Actor, person_id: UUID) -> StaffOut:
    """Shuts somebody out from their next request on; their roles stay for when they come back.

    Raises as `queries.administered`.
    """
    account = queries.administered(tx, actor, person_id)
    _set_state(tx, actor, person_id, "disabled")
    _end_invitations(tx, person_id)
    ending.end_all(tx, person_id, "disabled")
    return queries.staff_out(tx, account)


def enable(tx: Session, actor: Actor, person_id: UUID) -> StaffOut:
    """Lets somebody sign in again. Raises as `queries.administered`."""
    account = queries.administered(tx, actor, person_id)
    _set_state(tx, actor, person_id, "active")
    return queries.staff_out(tx, account)


def _set_state(tx: Session, actor: Actor, person_id: UUID, state: str) -> None:
    tx.get_one(Person, person_id).state = state
    tx.flush()
    verb = "enabled" if state == "active" else state
    actions.record(tx, actor.person_id, f"staff.{verb}", "person", person_id)


def reset_password(tx: Session, actor: Actor, person_id: UUID, fresh: OneTime) -> StaffPasswordOut:
    """Gives a one-time password, told this once, and ends all sessions and open invitations.

    Raises as `queries.administered`.
    """
    account = queries.administered(tx, actor, person_id)
    steps.set_password(tx, account, fresh.hashed, clock.now() + ONE_TIME_LIFE)
    _end_invitations(tx, person_id)
    ending.end_all(tx, person_id, "password_reset")
    actions.record(tx, actor.person_id, "password.reset", "person", person_id)
    return _told(tx, account, fresh)


def reset_totp(tx: Session, actor: Actor, person_id: UUID) -> StaffOut:
    """Forgets the one-time codes of somebody whose phone is lost, and the WeChat that is on it:
    whoever has the phone comes in no more. Ends all sessions and open invitations.

    Raises as `queries.administered`.
    """
    account = queries.administered(tx, actor, person_id)
    for kept in (TotpKey, WechatBinding):
        tx.execute(delete(kept).where(kept.person_id == person_id))
    _end_invitations(tx, person_id)
    ending.end_all(tx, person_id, "totp_reset")
    actions.record(tx, actor.person_id, "totp.reset", "person", person_id)
    return queries.staff_out(tx, account)


def revoke_sessions(tx: Session, actor: Actor, person_id: UUID) -> StaffOut:
    """Signs somebody out everywhere. Raises as `queries.administered`."""
    account = queries.administered(tx, actor, person_id)
    ending.end_all(tx, person_id, "revoked")
    actions.record(tx, actor.person_id, "sessions.revoked", "person", person_id)
    return queries.staff_out(tx, account)


def invite(tx: Session, actor: Actor, person_id: UUID) -> InvitationOut:
    """A code to bind WeChat with, told this once; those before it are good no more.

    Raises as `queries.administered`.
    """
    queries.administered(tx, actor, person_id)
    now = clock.now()
    _end_invitations(tx, person_id)
    code = "".join(secrets.choice(READABLE) for _ in range(INVITATION_LENGTH))
    invitation = StaffInvitation(
        id=new_id(), person_id=person_id, code_hash=tokens.digest(code),
        created_by=actor.person_id, created_at=now, expires_at=now + INVITATION_LIFE,
    )  # fmt: skip
    tx.add(invitation)
    tx.flush()
    actions.record(tx, actor.person_id, "staff.invited", "person", person_id)
    parts = [code[i : i + GROUP] for i in range(0, INVITATION_LENGTH, GROUP)]
    return InvitationOut(
        id=invitation.id, person_id=person_id, expires_at=invitation.expires_at,
        code="-".join(parts),
    )  # fmt: skip


def _end_invitations(tx: Session, person_id: UUID) -> None:
    now = clock.now()
    open_ones = update(StaffInvitation).where(
        StaffInvitation.person_id == person_id, StaffInvitation.expires_at > now
    )
    tx.execute(open_ones.values(expires_at=now))


def replay_invitation(_tx: Session, _actor: Actor, stored: str, **_held: Any) -> InvitationOut:
    """The first answer again, without the code."""
    return InvitationOut.model_validate_json(stored)

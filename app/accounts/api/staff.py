"""Staff accounts over HTTP, for the administrators of their regions."""

from uuid import UUID

import anyio.to_thread
from fastapi import Request
from sqlalchemy.orm import Session

from app.accounts import queries, service
from app.accounts.errors import (
    AdministeredElsewhere,
    RegionForbidden,
    SelfAdministration,
    StaffNotFound,
)  # fmt: skip
from app.accounts.schemas import InvitationOut, StaffDraft, StaffOut, StaffPasswordOut
from app.identity import passwords
from app.identity.access import Administrator, holding
from app.identity.errors import PersonOnly, RoleMissing, UsernameTaken
from app.identity.models import Role
from app.identity.passwords import OneTime
from app.kit.http import Cursor, Limit, apart, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.unit import Prepared
from app.regions.errors import RegionUnknown

router = Router(prefix="/v1/staff", tags=["accounts 账号"])
ADMIN = (PersonOnly, RoleMissing)
ONE = (*ADMIN, StaffNotFound, SelfAdministration, AdministeredElsewhere)
find_administrator = holding(Role.ADMINISTRATOR)


async def _fresh(request: Request) -> OneTime:
    # Looked at before anything is hashed: two at a time hash, and nobody else may keep them busy.
    claims = request.state.claims
    await apart(request, lambda tx: find_administrator(tx, claims), write=False)
    hashing = request.app.state.hashing
    return await anyio.to_thread.run_sync(passwords.one_time, limiter=hashing)


async def draw_first_password(request: Request, body: StaffDraft) -> Prepared:
    given = {"body": body, "fresh": await _fresh(request)}
    return Prepared(given, await request.body())


async def draw_password(request: Request, person_id: UUID) -> Prepared:
    given = {"person_id": person_id, "fresh": await _fresh(request)}
    return Prepared(given, await request.body())


@router.get("", responses=raises(*ADMIN))
@in_transaction
def list_staff(
    tx: Session, actor: Administrator, limit: Limit = 20, cursor: Cursor = None
) -> Page[StaffOut]:
    """The staff accounts of the caller's regions, newest first."""
    return queries.staff(tx, actor, limit, cursor)


@router.post("", responses=raises(*ADMIN, RegionUnknown, RegionForbidden, UsernameTaken))
@in_transaction(status=201, first=draw_first_password, replay=service.replay_password)
def add_staff(
    tx: Session, actor: Administrator, body: StaffDraft, fresh: OneTime
) -> StaffPasswordOut:
    """Makes a staff account; its one-time password is told this once and good for three days."""
    return service.add(tx, actor, body, fresh)


@router.post("/{person_id}/disable", responses=raises(*ONE))
@in_transaction
def disable_staff(tx: Session, actor: Administrator, person_id: UUID) -> StaffOut:
    """Shuts a member of staff out at once."""
    return service.disable(tx, actor, person_id)


@router.post("/{person_id}/enable", responses=raises(*ONE))
@in_transaction
def enable_staff(tx: Session, actor: Administrator, person_id: UUID) -> StaffOut:
    """Lets a member of staff in again, with the roles they still hold."""
    return service.enable(tx, actor, person_id)


@router.post("/{person_id}/reset-password", responses=raises(*ONE))
@in_transaction(first=draw_password, replay=service.replay_password)
def reset_password(
    tx: Session, actor: Administrator, person_id: UUID, fresh: OneTime
) -> StaffPasswordOut:
    """Gives a one-time password, told this once, and ends all sessions."""
    return service.reset_password(tx, actor, person_id, fresh)


@router.post("/{person_id}/reset-totp", responses=raises(*ONE))
@in_transaction
def reset_totp(tx: Session, actor: Administrator, person_id: UUID) -> StaffOut:
    """Forgets the one-time codes and the WeChat of a lost phone, and ends all sessions."""
    return service.reset_totp(tx, actor, person_id)


@router.post("/{person_id}/revoke-sessions", responses=raises(*ONE))
@in_transaction
def revoke_staff_sessions(tx: Session, actor: Administrator, person_id: UUID) -> StaffOut:
    """Signs a member of staff out everywhere."""
    return service.revoke_sessions(tx, actor, person_id)


@router.post("/{person_id}/invitations", responses=raises(*ONE))
@in_transaction(status=201, replay=service.replay_invitation)
def invite_staff(tx: Session, actor: Administrator, person_id: UUID) -> InvitationOut:
    """Gives a code, told this once and good for a day, to bind WeChat to the account."""
    return service.invite(tx, actor, person_id)

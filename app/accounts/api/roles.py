"""Roles and broken glass over HTTP."""

from typing import Annotated
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts import glass, grants, queries
from app.accounts.errors import (
    AdministeredElsewhere,
    GlassForbidden,
    GrantByAppointment,
    GrantEnded,
    GrantExists,
    GrantNotFound,
    RegionForbidden,
    RoleHeld,
    SecondAdministratorNeeded,
    SelfAdministration,
    StaffNotFound,
)  # fmt: skip
from app.accounts.schemas import GlassDraft, GlassOut, RoleDraft, RoleOut
from app.identity.access import Actor, Administrator, Staff, holding
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.identity.models import Role
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.regions.errors import RegionUnknown

router = Router(prefix="/v1", tags=["accounts 账号"])
Watcher = Annotated[Actor, Resolver(holding(Role.ADMINISTRATOR, Role.AUDITOR))]
ADMIN = (PersonOnly, RoleMissing)


@router.get("/roles", responses=raises(*ADMIN))
@in_transaction
def list_roles(
    tx: Session, actor: Watcher, limit: Limit = 20, cursor: Cursor = None
) -> Page[RoleOut]:
    """The roles held in the caller's regions, newest first; for administrators and auditors."""
    return queries.roles(tx, actor, limit, cursor)


@router.post(
    "/roles",
    responses=raises(
        *ADMIN, RegionUnknown, RegionForbidden, StaffNotFound, SelfAdministration,
        AdministeredElsewhere, SecondAdministratorNeeded, GrantExists,
    ),
)  # fmt: skip
@in_transaction(status=201)
def grant_role(tx: Session, actor: Administrator, body: RoleDraft) -> RoleOut:
    """Gives a member of staff a role in one of the caller's regions; they sign in anew.

    Money, audit and administration: not by whoever made, reset or invited the account."""
    return grants.grant(tx, actor, body)


@router.post(
    "/roles/{grant_id}/revoke",
    responses=raises(*ADMIN, GrantNotFound, SelfAdministration, GrantByAppointment, GrantEnded),
)
@in_transaction
def revoke_role(tx: Session, actor: Administrator, grant_id: UUID) -> RoleOut:
    """Takes a role back at once; whoever held it signs in anew."""
    return grants.revoke(tx, actor, grant_id)


@router.get("/break-glass", responses=raises(*ADMIN))
@in_transaction
def list_break_glass(
    tx: Session, actor: Watcher, limit: Limit = 20, cursor: Cursor = None
) -> Page[GlassOut]:
    """Who gave themselves a role in the caller's regions, and why; newest first."""
    return queries.glass(tx, actor, limit, cursor)


@router.post(
    "/break-glass",
    responses=raises(PersonOnly, StaffOnly, RegionUnknown, GlassForbidden, RoleHeld),
)
@in_transaction(status=201)
def break_glass(tx: Session, actor: Staff, body: GlassDraft) -> GlassOut:
    """Gives the caller a role for at most four hours (紧急启用); all in charge are told at once."""
    return glass.break_it(tx, actor, body)

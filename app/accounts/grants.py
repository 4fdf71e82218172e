"""Writes to roles that administrators give and take back, apart from appointments."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.errors import (
    GrantByAppointment,
    GrantEnded,
    GrantExists,
    SecondAdministratorNeeded,
    SelfAdministration,
)  # fmt: skip
from app.accounts.schemas import RoleDraft, RoleOut
from app.identity import ending
from app.identity import service as identity
from app.identity.access import Actor
from app.identity.models import Grant, Role
from app.identity.queries import held_at
from app.kit import actions, clock
from app.kit.actions import StaffAction

# Roles with which one alone, as two people, would move money or make more of themselves.
GUARDED = frozenset({Role.AUDITOR, Role.FUND_MANAGER, Role.FUND_APPROVER, Role.ADMINISTRATOR})
# After each of these the administrator who did it knows, or can find, a way to sign in.
KEYS = ("staff.added", "password.reset", "totp.reset", "staff.invited")


def grant(tx: Session, actor: Actor, draft: RoleDraft) -> RoleOut:
    """Gives a role for a region's subtree to a member of staff, and ends their sessions.

    An administrator gives any role, in their own regions only, to whom they administer, and never
    to themselves; a guarded one to nobody whose key they were the last to hand out. Raises
    RegionUnknown, RegionForbidden, SecondAdministratorNeeded, GrantExists, and as
    `queries.administered`.
    """
    region = queries.region_of(tx, actor, draft.region_code)
    account = queries.administered(tx, actor, draft.person_id)
    if draft.role in GUARDED and _has_key(tx, actor, account.person_id):
        raise SecondAdministratorNeeded
    same = select(Grant.id).where(
        Grant.person_id == account.person_id, Grant.role == draft.role,
        Grant.region_code == region.code, Grant.appointment_id.is_(None), held_at(clock.now()),
    )  # fmt: skip
    if tx.scalar(same.limit(1)) is not None:
        raise GrantExists
    given = identity.grant(tx, actor.person_id, account.person_id, draft.role, region.code)
    tx.flush()
    ending.end_all(tx, account.person_id, "role_changed")
    return queries.role_out(tx, given)


def _has_key(tx: Session, actor: Actor, person_id: UUID) -> bool:
    """Whether the actor was the last to make, reset or invite an account, in any of these ways."""
    done = select(StaffAction.action, StaffAction.actor_id).where(
        StaffAction.object_kind == "person", StaffAction.object_id == str(person_id),
        StaffAction.action.in_(KEYS),
    )  # fmt: skip
    last = {row.action: row.actor_id for row in tx.execute(done.order_by(StaffAction.at))}
    return actor.person_id in last.values()


def revoke(tx: Session, actor: Actor, grant_id: UUID) -> RoleOut:
    """Takes a role back and ends its holder's sessions.

    Raises GrantNotFound, SelfAdministration, GrantByAppointment (it would come back), GrantEnded.
    """
    grant = queries.get_grant(tx, actor, grant_id)
    if grant.person_id == actor.person_id:
        raise SelfAdministration
    if grant.appointment_id is not None:
        raise GrantByAppointment
    now = clock.now()
    if grant.revoked_at is not None and grant.revoked_at <= now:
        raise GrantEnded
    grant.revoked_at = now
    tx.flush()
    actions.record(
        tx, actor.person_id, "role.revoked", "person", grant.person_id, role=grant.role,
        region=grant.region_code,
    )  # fmt: skip
    ending.end_all(tx, grant.person_id, "role_changed")
    return queries.role_out(tx, grant.id)

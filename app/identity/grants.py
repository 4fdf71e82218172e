"""Roles that come and go with an appointment to a post: given while it is in force."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity import ending
from app.identity.models import Grant, Role
from app.identity.queries import held_at, is_staff
from app.kit import actions, clock
from app.kit.ids import new_id

# Who holds which role in the subtree of which region.
Wanted = tuple[UUID, Role, str]


def settle(
    tx: Session,
    by: UUID | None,
    appointment_id: UUID,
    wanted: Mapping[Wanted, datetime | None],
) -> None:
    """Makes an appointment's living grants exactly `wanted`, each with the instant from which it
    is held no more; the same again changes nothing. Who had no role until now signs in anew: a
    reporter's session of thirty days is none of staff.

    The caller holds the appointment's row locked, so that two of them never both add.
    """
    for person_id in sorted({person_id for person_id, _, _ in wanted}):
        if not is_staff(tx, person_id):
            ending.end_all(tx, person_id, "role_changed")
    living = select(Grant).where(Grant.appointment_id == appointment_id, held_at(clock.now()))
    kept: set[Wanted] = set()
    for grant in tx.scalars(living.order_by(Grant.id)):
        this = (grant.person_id, Role(grant.role), grant.region_code)
        if this in wanted and this not in kept:
            kept.add(this)
            grant.revoked_at = wanted[this]
            continue
        grant.revoked_at = clock.now()
        _note(tx, by, "role.revoked", this)
    for this in sorted(wanted.keys() - kept):
        person_id, role, region = this
        tx.add(
            Grant(
                id=new_id(), person_id=person_id, role=role, region_code=region, granted_by=by,
                granted_at=clock.now(), revoked_at=wanted[this], appointment_id=appointment_id,
            )
        )  # fmt: skip
        _note(tx, by, "role.granted", this)
    tx.flush()


def _note(tx: Session, by: UUID | None, action: str, what: Wanted) -> None:
    person_id, role, region = what
    actions.record(tx, by, action, "person", person_id, role=role, region=region)

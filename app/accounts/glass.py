"""Breaking the glass: staff give themselves a role for some hours; everybody in charge hears."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.errors import GlassForbidden, RoleHeld
from app.accounts.models import BrokenGlass
from app.accounts.queries import WATCHERS
from app.accounts.schemas import GlassDraft, GlassOut
from app.accounts.texts import ROLES
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.models import Grant
from app.identity.queries import held_at
from app.kit import actions, clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.notify import service as notify
from app.regions.errors import RegionUnknown
from app.regions.models import Region
from app.regions.queries import root_of, under


def break_it(tx: Session, actor: Actor, draft: GlassDraft) -> GlassOut:
    """Gives the actor a role until its hours are over; the region's watchers are told at once.

    Raises RegionUnknown, GlassForbidden, RoleHeld.
    """
    region = tx.get(Region, draft.region_code)
    if region is None:
        raise RegionUnknown
    if not _works_in(tx, actor, f"/{root_of(region.path)}/"):
        raise GlassForbidden
    if actor.holds({draft.role}, region.path):
        raise RoleHeld
    until = clock.now() + timedelta(hours=draft.hours)
    grant = Grant(
        id=new_id(), person_id=actor.person_id, role=draft.role, region_code=region.code,
        granted_by=actor.person_id, granted_at=clock.now(), revoked_at=until,
    )  # fmt: skip
    tx.add(grant)
    tx.flush()
    insert_row(tx, BrokenGlass, grant_id=grant.id, reason=draft.reason)
    actions.record(
        tx, actor.person_id, "glass.broken", "grant", grant.id, reason=draft.reason,
        role=draft.role, region=region.code, until=until.isoformat(),
    )  # fmt: skip
    shown = queries.glass_out(tx, grant.id)
    _tell(tx, region, shown, until)
    return shown


def _works_in(tx: Session, actor: Actor, root: str) -> bool:
    """Whether the actor holds a role there that was not taken from behind glass: otherwise whoever
    lost their role would go on for ever by breaking it again in time."""
    taken = select(BrokenGlass.grant_id)
    real = (
        select(Grant.id)
        .join(Region, Region.code == Grant.region_code)
        .where(
            Grant.person_id == actor.person_id, held_at(clock.now()), under(Region.path, root),
            Grant.id.not_in(taken),
        )
    )  # fmt: skip
    return tx.scalar(real.limit(1)) is not None


def _tell(tx: Session, region: Region, shown: GlassOut, until: datetime) -> None:
    for person_id in identity.holding(tx, region.path, WATCHERS):
        notify.tell(
            tx, person_id, "glass.broken", str(shown.id), name=shown.name, role=ROLES[shown.role],
            region=region.name, reason=shown.reason, until=clock.moment(until),
        )  # fmt: skip

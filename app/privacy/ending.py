"""The end of a person here (注销): what names them goes at once, facts and sums stay."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Grant, Person
from app.identity.queries import held_at
from app.kit import actions, clock, outbox
from app.kit.seal import Seal
from app.ledger.models import Account, Balance
from app.posts.models import Appointment
from app.posts.queries import lasting
from app.privacy import clearing, queries
from app.privacy.errors import HouseholdHeld, PointsLeft, RedemptionHeld, RoleHeld


def end(tx: Session, seal: Seal, actor: Actor, *, forfeit: bool) -> None:
    """Ends the actor's account; points that are left lapse on their day if they may (`forfeit`).

    Raises RoleHeld, RedemptionHeld, HouseholdHeld, PointsLeft.
    """
    person_id = actor.person_id
    person = tx.execute(select(Person).where(Person.id == person_id).with_for_update()).scalar_one()
    _require_settled(tx, person_id, forfeit=forfeit)
    person.state = "deleted"
    tx.flush()
    clearing.clear(tx, seal, person_id)
    actions.record(tx, person_id, "person.ended", "person", person_id)
    outbox.enqueue(tx, "person.ended", person_id=person_id)


def _require_settled(tx: Session, person_id: UUID, *, forfeit: bool) -> None:
    if _holds_office(tx, person_id):
        raise RoleHeld
    if any(queries.is_any(tx, t, person_id, state="held") for t in ("redemptions", "till_holds")):
        raise RedemptionHeld
    if queries.is_any(tx, "household_members", person_id, left_at=None):
        raise HouseholdHeld
    sums = select(func.coalesce(func.sum(Balance.credits - Balance.debits), 0)).join(
        Account, Account.id == Balance.account_id
    )
    if tx.scalar(sums.where(Account.owner == str(person_id))) and not forfeit:
        raise PointsLeft


def _holds_office(tx: Session, person_id: UUID) -> bool:
    """A role now, a shop, or an appointment that lasts; a staff account without one is none."""
    held = select(Grant.id).where(Grant.person_id == person_id, held_at(clock.now()))
    seats = select(Appointment.id).where(Appointment.person_id == person_id, lasting())
    if any(tx.execute(query.limit(1)).first() for query in (held, seats)):
        return True
    return queries.is_any(tx, "station_keepers", person_id)

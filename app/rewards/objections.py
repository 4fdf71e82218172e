"""Objections (异议): points that somebody doubts wait until another person has decided.

Whoever raises, decides or settles holds the award's row, so of an objection and a settling at once
one sees the other.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, attempts, clock
from app.kit.ids import new_id
from app.ledger.queries import FUND_READERS
from app.notify import service as notify
from app.rewards import queries, service
from app.rewards.errors import (
    AwardNotFound,
    DeciderNeeded,
    ObjectionDecided,
    ObjectionLate,
    ObjectionPointless,
    ObjectionRaised,
    ObjectionsTooOften,
    OwnAward,
)  # fmt: skip
from app.rewards.models import Award, Objection
from app.rewards.rules import source_of
from app.rewards.schemas import DecisionDraft, ObjectionDraft

DECIDERS = frozenset({Role.FUND_APPROVER, Role.AUDITOR})
MOST_OBJECTIONS = 10


def object_to(tx: Session, actor: Actor, award_id: UUID, draft: ObjectionDraft) -> UUID:
    """Holds the points of an award that is announced, or (for staff) on its way; says its id.

    Raises AwardNotFound, OwnAward, ObjectionLate, ObjectionPointless, ObjectionRaised,
    ObjectionsTooOften.
    """
    award, _, path = queries.get_award(tx, award_id, lock=True)
    _refuse_unfit(actor, award, path)
    if queries.has_objected(tx, award.id, actor.person_id):
        raise ObjectionRaised
    if attempts.add(tx, f"objection:{actor.person_id}") > MOST_OBJECTIONS:
        raise ObjectionsTooOften(headers=attempts.retry_after(MOST_OBJECTIONS))
    objection = Objection(
        id=new_id(), award_id=award.id, raised_by=actor.person_id, reason=draft.reason,
        state="open", raised_at=clock.now(),
    )  # fmt: skip
    tx.add(objection)
    tx.flush()
    facts = {"source": source_of(award.source), "points": award.points}
    notify.tell(tx, award.person_id, "award.objected", str(objection.id), **facts)
    deciders = set(identity.holding(tx, path, DECIDERS)) - {actor.person_id, award.person_id}
    for person_id in sorted(deciders):
        notify.tell(tx, person_id, "objection.raised", str(objection.id), **facts)
    actions.record(tx, actor.person_id, "objection.raised", "award", award.id)
    return objection.id


def _refuse_unfit(actor: Actor, award: Award, path: str) -> None:
    # Before the case is closed its award is nobody's business but the owner's and the fund's.
    seen = award.due_at is not None or actor.holds(FUND_READERS, path)
    if not seen and award.person_id != actor.person_id:
        raise AwardNotFound
    if award.person_id == actor.person_id:
        raise OwnAward
    if award.state in {"settled", "reversed"}:
        raise ObjectionLate
    if award.state not in {"granted", "waiting"}:
        raise ObjectionPointless


def decide(tx: Session, actor: Actor, objection_id: UUID, draft: DecisionDraft) -> None:
    """Upheld, the award is taken back with its caps; dismissed, it is settled when it is due.

    Raises ObjectionNotFound, OwnAward, DeciderNeeded, ObjectionDecided.
    """
    objection, award, path = queries.get_objection(tx, actor, objection_id, lock=True)
    if award.person_id == actor.person_id:
        raise OwnAward
    if objection.raised_by == actor.person_id or not actor.holds(DECIDERS, path):
        raise DeciderNeeded
    if objection.state != "open":
        raise ObjectionDecided
    upheld = draft.verdict == "uphold"
    objection.state = "upheld" if upheld else "dismissed"
    objection.decided_by, objection.decided_at = actor.person_id, clock.now()
    objection.decision = draft.decision
    tx.flush()
    if upheld:
        service.take_back(tx, award, "objection")
    elif service.settle(tx, award.id):
        notify.tell(
            tx, award.person_id, "points.settled", str(award.id), points=award.points
        )  # fmt: skip
    facts = {"source": source_of(award.source), "points": award.points}
    kind = f"objection.{objection.state}"
    for person_id in sorted({objection.raised_by, award.person_id}):
        notify.tell(tx, person_id, kind, str(objection.id), decision=draft.decision, **facts)
    actions.record(
        tx, actor.person_id, kind, "objection", objection.id, award=str(award.id)
    )  # fmt: skip

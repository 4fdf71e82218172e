"""Corrections: one person proposes, another approves, neither is the person concerned.

Lock order: the correction, then the award, redemption or hold, then as rewards, ledger, store say.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.corrections import changes, queries
from app.corrections.errors import (
    CorrectionDecided,
    CorrectionForbidden,
    CorrectionPending,
    NotFulfilled,
    OtherPersonNeeded,
    OwnCorrection,
)  # fmt: skip
from app.corrections.models import Correction
from app.corrections.rules import NAMES
from app.corrections.schemas import (
    AwardDraft,
    CorrectionOut,
    RefundDraft,
    RefundHoldDraft,
    ReverseDraft,
)  # fmt: skip
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.errors import PersonNotFound
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.ids import new_id
from app.ledger.book import Hands
from app.ledger.models import Fund
from app.ledger.queries import FUND_READERS
from app.notify import service as notify
from app.regions.queries import get_region
from app.rewards import queries as rewards
from app.rewards import reversing as awards
from app.rewards.errors import AwardNotFound, AwardNotSettled
from app.rewards.rules import Spot, Vouched
from app.store.errors import RedemptionNotFound
from app.till.errors import TillHoldNotFound

Proposal = AwardDraft | ReverseDraft | RefundDraft | RefundHoldDraft
PROPOSERS, DECIDERS = frozenset({Role.FUND_MANAGER}), frozenset({Role.FUND_APPROVER})


def propose(tx: Session, actor: Actor, draft: Proposal) -> CorrectionOut:
    """Notes what is to be corrected; nothing moves before another person approves it.

    Raises PersonNotFound, RegionNotFound, RuleMissing, PointsOverRule, AwardNotFound,
    AwardNotSettled, RedemptionNotFound, TillHoldNotFound, NotFulfilled, CorrectionPending,
    OwnCorrection, CorrectionForbidden.
    """
    person_id, region, points = _concerned(tx, actor, draft)
    path = get_region(tx, region).path
    if not actor.holds(PROPOSERS, path):
        raise CorrectionForbidden
    if person_id == actor.person_id:
        raise OwnCorrection
    own = draft.model_dump(include={"kind", "event", "hours", "restock", "cause"})
    source = None if isinstance(draft, AwardDraft) else str(draft.source)
    if source is not None:
        _refuse_second(tx, draft.kind, source)
    correction = Correction(
        id=new_id(), person_id=person_id, region_code=region, source=source, points=points,
        state="proposed", proposed_by=actor.person_id, proposed_at=clock.now(), **own,
    )  # fmt: skip
    tx.add(correction)
    tx.flush()
    what = NAMES[draft.kind]._asdict()
    for decider in set(identity.holding(tx, path, DECIDERS)) - {actor.person_id, person_id}:
        notify.tell(tx, decider, "correction.proposed", str(correction.id), what=what)
    actions.record(
        tx, actor.person_id, "correction.proposed", "correction", correction.id, kind=draft.kind
    )
    return queries.correction_out(tx, actor, correction.id)


def _concerned(tx: Session, actor: Actor, draft: Proposal) -> tuple[UUID, str, int | None]:
    """Whose points it is about, the region of the money behind them, and how many are given."""
    match draft:
        case AwardDraft():
            return _of_new_award(tx, draft)
        case ReverseDraft():
            return *_of_award(tx, actor, draft.source), None
        case RefundDraft():
            return *_of_redemption(tx, actor, draft.source), None
        case RefundHoldDraft():
            return *_of_hold(tx, actor, draft.source), None


def _of_new_award(tx: Session, draft: AwardDraft) -> tuple[UUID, str, int]:
    """Of the fund that will pay them."""
    person = identity.find_by_member_no(tx, draft.person)
    if person is None:
        raise PersonNotFound
    spot = Spot(get_region(tx, draft.region).path)
    what = Vouched(draft.event, draft.points, draft.hours)
    rule, points = awards.rule_by_hand(tx, person.id, spot, what)
    return person.id, tx.get_one(Fund, rule.fund_id).region_code, points


def _of_award(tx: Session, actor: Actor, award_id: UUID) -> tuple[UUID, str]:
    award, rule, path = rewards.get_award(tx, award_id, lock=True)
    if not actor.holds(FUND_READERS, path):
        raise AwardNotFound
    if award.state != "settled":
        raise AwardNotSettled
    return award.person_id, tx.get_one(Fund, rule.fund_id).region_code


def _of_redemption(tx: Session, actor: Actor, redemption_id: UUID) -> tuple[UUID, str]:
    redemption, region = queries.get_redemption(tx, redemption_id)
    if not actor.holds(FUND_READERS, region.path):
        raise RedemptionNotFound
    if redemption.state != "fulfilled":
        raise NotFulfilled
    return redemption.person_id, region.code


def _of_hold(tx: Session, actor: Actor, hold_id: UUID) -> tuple[UUID, str]:
    held, region = queries.get_hold(tx, hold_id)
    if not actor.holds(FUND_READERS, region.path):
        raise TillHoldNotFound
    if held.state != "fulfilled" or queries.is_refunded(tx, held):
        raise NotFulfilled
    return held.person_id, region.code


def _refuse_second(tx: Session, kind: str, source: str) -> None:
    other = queries.find_open(tx, kind, source)
    if other is not None:
        raise CorrectionPending(correction=str(other))


def decline(tx: Session, actor: Actor, correction_id: UUID, decision: str) -> CorrectionOut:
    """Raises CorrectionNotFound, CorrectionForbidden, CorrectionDecided, OtherPersonNeeded,
    OwnCorrection."""
    correction = _decided(tx, actor, correction_id, "declined", decision)
    what = NAMES[correction.kind]._asdict()
    notify.tell(
        tx, correction.proposed_by, "correction.declined", str(correction.id), what=what,
        decision=decision,
    )  # fmt: skip
    return queries.correction_out(tx, actor, correction_id)


def approve(
    tx: Session, actor: Actor, correction_id: UUID, decision: str | None, grace: timedelta
) -> CorrectionOut:
    """Does what was proposed, in this unit; refused, it stays proposed.

    Raises what `decline` raises, RuleMissing, PointsOverRule, CapReached, PoolExhausted,
    AwardNotSettled, NotFulfilled.
    """
    correction = _decided(tx, actor, correction_id, "approved", decision)
    by = Hands(correction.proposed_by, actor.person_id)
    match correction.kind:
        case "award":
            changes.give(tx, correction, by)
        case "reverse":
            changes.reverse(tx, correction, by)
        case "refund":
            changes.refund(tx, correction, grace, by)
        case _:
            changes.refund_hold(tx, correction, grace, by)
    what = NAMES[correction.kind]._asdict()
    notify.tell(tx, correction.proposed_by, "correction.approved", str(correction.id), what=what)
    return queries.correction_out(tx, actor, correction_id)


def _decided(
    tx: Session, actor: Actor, correction_id: UUID, state: str, decision: str | None
) -> Correction:
    correction, path = queries.get_correction(tx, actor, correction_id, lock=True)
    if not actor.holds(DECIDERS, path):
        raise CorrectionForbidden
    if correction.state != "proposed":
        raise CorrectionDecided
    if correction.proposed_by == actor.person_id:
        raise OtherPersonNeeded
    if correction.person_id == actor.person_id:
        raise OwnCorrection
    correction.state, correction.decision = state, decision
    correction.decided_by, correction.decided_at = actor.person_id, clock.now()
    tx.flush()
    actions.record(
        tx, actor.person_id, f"correction.{state}", "correction", correction.id,
        kind=correction.kind,
    )  # fmt: skip
    return correction

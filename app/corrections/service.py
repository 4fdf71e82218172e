"""Corrections: one person proposes, another approves, neither is the person concerned.

Lock order: the correction, then the award or the redemption, then as rewards, ledger and store say.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.corrections import queries
from app.corrections.errors import (
    CorrectionDecided,
    CorrectionForbidden,
    CorrectionPending,
    NotFulfilled,
    OtherPersonNeeded,
    OwnCorrection,
)  # fmt: skip
from app.corrections.models import Correction
from app.corrections.rules import NAMES, debt
from app.corrections.schemas import (
    AwardDraft,
    CorrectionOut,
    RefundDraft,
    ReverseDraft,
)  # fmt: skip
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.errors import PersonNotFound
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.ids import new_id
from app.ledger import reversing
from app.ledger.book import Hands
from app.ledger.models import Fund
from app.ledger.queries import FUND_READERS
from app.notify import service as notify
from app.regions.queries import get_region
from app.rewards import queries as rewards
from app.rewards import reversing as awards
from app.rewards.errors import AwardNotFound, AwardNotSettled
from app.rewards.models import Award
from app.rewards.rules import Spot, source_of
from app.store import queries as store
from app.store import stock
from app.store.errors import RedemptionNotFound

PROPOSERS, DECIDERS = frozenset({Role.FUND_MANAGER}), frozenset({Role.FUND_APPROVER})


def propose(
    tx: Session, actor: Actor, draft: AwardDraft | ReverseDraft | RefundDraft
) -> CorrectionOut:
    """Notes what is to be corrected; nothing moves before another person approves it.

    Raises PersonNotFound, RegionNotFound, RuleMissing, PointsOverRule, AwardNotFound,
    AwardNotSettled, RedemptionNotFound, NotFulfilled, CorrectionPending, OwnCorrection,
    CorrectionForbidden.
    """
    match draft:
        case AwardDraft():
            person_id, region = _of_new_award(tx, draft)
        case ReverseDraft():
            person_id, region = _of_award(tx, actor, draft.source)
        case RefundDraft():
            person_id, region = _of_redemption(tx, actor, draft.source)
    path = get_region(tx, region).path
    if not actor.holds(PROPOSERS, path):
        raise CorrectionForbidden
    if person_id == actor.person_id:
        raise OwnCorrection
    source = None if isinstance(draft, AwardDraft) else str(draft.source)
    if source is not None:
        _refuse_second(tx, draft.kind, source)
    correction = Correction(
        id=new_id(), kind=draft.kind, person_id=person_id, region_code=region, source=source,
        points=draft.points if isinstance(draft, AwardDraft) else None,
        restock=draft.restock if isinstance(draft, RefundDraft) else None, cause=draft.cause,
        state="proposed", proposed_by=actor.person_id, proposed_at=clock.now(),
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


def _of_new_award(tx: Session, draft: AwardDraft) -> tuple[UUID, str]:
    """Whose points, and the region of the fund that will pay them."""
    person = identity.find_by_member_no(tx, draft.person)
    if person is None:
        raise PersonNotFound
    spot = Spot(get_region(tx, draft.region).path)
    rule = awards.rule_by_hand(tx, spot, draft.points)
    return person.id, tx.get_one(Fund, rule.fund_id).region_code


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
            _give(tx, correction, by)
        case "reverse":
            _reverse(tx, correction, by)
        case _:
            _refund(tx, correction, grace, by)
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


def _give(tx: Session, correction: Correction, by: Hands) -> None:
    points = correction.points
    assert points is not None, "a CHECK says that an award has points"
    spot = Spot(get_region(tx, correction.region_code).path)
    awards.give(
        tx, source=str(correction.id), person_id=correction.person_id, points=points, spot=spot,
        by=by,
    )  # fmt: skip
    notify.tell(
        tx, correction.person_id, "points.awarded", str(correction.id), points=points,
        cause=correction.cause,
    )  # fmt: skip


def _reverse(tx: Session, correction: Correction, by: Hands) -> None:
    award_id = UUID(correction.source)
    done = awards.reverse(tx, award_id, "correction", by)
    source = source_of(tx.get_one(Award, award_id).source)
    notify.tell(
        tx, correction.person_id, "points.reversed", str(correction.id), source=source,
        taken=done.taken, cause=correction.cause, debt=debt(done.owed),
    )  # fmt: skip


def _refund(tx: Session, correction: Correction, grace: timedelta, by: Hands) -> None:
    redemption, _ = queries.get_redemption(tx, UUID(correction.source))
    if redemption.state != "fulfilled":
        raise NotFulfilled
    redemption.state = "refunded"
    tx.flush()
    station, source = redemption.station_id, str(redemption.id)
    points = reversing.refund(
        tx, source=source, merchant=station, reason="refund", grace=grace, by=by
    )
    for line in store.lines(tx, redemption.id) if correction.restock else []:
        row = station, line.item_id
        stock.change(tx, "refund", row, source, by.approver_id, on_hand=line.quantity)
    notify.tell(
        tx, correction.person_id, "redemption.refunded", str(correction.id), points=points,
        cause=correction.cause,
    )  # fmt: skip

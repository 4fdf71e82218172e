"""Awards by two hands: given without a report, or taken back after they were spendable."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import clock
from app.ledger import reversing as ledger_reversing
from app.ledger import service as ledger
from app.ledger.book import Hands
from app.ledger.models import Fund
from app.ledger.reversing import Reversal
from app.ledger.service import Life
from app.rewards import limits, queries, recording
from app.rewards.errors import AwardNotSettled, CapReached, PointsOverRule, RuleMissing
from app.rewards.models import Award, Rule
from app.rewards.rules import MOST_BY_HAND, Spot, Vouched


def rule_by_hand(tx: Session, person_id: UUID, spot: Spot, what: Vouched) -> tuple[Rule, int]:
    """The rule by which points may be given to a person by hand, and how many.

    Raises RuleMissing, also for one that is paused or whose fund is closed; PointsOverRule.
    """
    found = queries.find_rule(tx, what.event, clock.now(), spot, person_id)
    if found is None or found.barred:
        raise RuleMissing
    # A campaign adds nothing here: two persons chose the points.
    rule = found.rule
    worth = rule.points * (what.hours or 1)
    points, most = worth if what.points is None else what.points, min(worth, MOST_BY_HAND)
    if points > most:
        raise PointsOverRule(most=most)
    return rule, points


def give(
    tx: Session, *, source: str, person_id: UUID, what: Vouched, spot: Spot, by: Hands
) -> Award:
    """Gives points by hand: all of them or none, to be spent at once.

    Raises RuleMissing, PointsOverRule, CapReached, PoolExhausted.
    """
    now = clock.now()
    rule, points = rule_by_hand(tx, person_id, spot, what)
    allowed = limits.allow_exactly(tx, rule, person_id, clock.business_day(now), points)
    if allowed.points < points:
        raise CapReached(left=allowed.points)
    award = recording.add(
        tx, rule, allowed, source=source, person_id=person_id, reported_at=now, spot=spot,
        hours=what.hours,
    )  # fmt: skip
    award.due_at = now
    ledger.accrue(
        tx, source=str(award.id), person_id=person_id, fund=tx.get_one(Fund, rule.fund_id),
        points=points, life=Life(rule.validity_days, rule.expiry_day), reason=award.event, by=by,
    )  # fmt: skip
    ledger.settle(tx, source=str(award.id), reason=award.event)
    recording.turn(tx, award, "settled", award.reason)
    return award


def reverse(tx: Session, award_id: UUID, why: str, by: Hands) -> Reversal:
    """Takes back an award that is spendable, and gives its caps back; what was spent is owed.

    Raises AwardNotFound, AwardNotSettled.
    """
    award, rule, _ = queries.get_award(tx, award_id, lock=True)
    if award.state != "settled":
        raise AwardNotSettled
    limits.free(tx, rule, award)
    reversal = ledger_reversing.reverse(tx, source=str(award.id), reason=why, by=by)
    assert reversal is not None, "a settled award has its journal, and its state lets this be once"
    recording.turn(tx, award, "reversed", why)
    return reversal

"""Awards: granted when a case is filed, settled when it closes, voided when it does not.

Filing and closing never fail for points: a cap that is reached or a pool that is empty leaves an
award with its reason, in everyone's sight.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import clock, outbox
from app.kit.ids import new_id
from app.ledger import service as ledger
from app.ledger.errors import PoolExhausted
from app.ledger.models import Fund
from app.ledger.service import Life
from app.rewards import limits, queries, recording
from app.rewards.models import Award, Rule
from app.rewards.rules import Spot, in_round, pays


def grant(
    tx: Session,
    *,
    event: str,
    source: str,
    person_id: UUID,
    reported_at: datetime,
    spot: Spot,
    round: int = 0,  # noqa: A002 - the case's own word
    outcome: str | None = None,
) -> None:
    """Grants what the rule in force gives for an event, once for each (event, source, person).

    What an unpaid closing took back may be asked again in a later `round` of the source: once in
    each, and never beside an award that lives. Rule, caps and campaign are those of `reported_at`,
    caps on its business day; the rule is the one that holds at the spot for the person. No rule, no
    award; nor from a rule that does not pay for the `outcome` with which the source has ended. A
    rule that is paused now, or whose fund is closed, leaves an award without points that says so.
    """
    key = in_round(source, round)
    mine = [a for a in queries.of_source(tx, event, source) if a.person_id == person_id]
    if any(a.source == key or a.state != "voided" for a in mine):
        return
    found = queries.find_rule(tx, event, reported_at, spot, person_id)
    if found is None or not pays(found.rule.outcomes, outcome):
        return
    rule, campaign, barred = found
    if barred:
        allowed = limits.Allowance(rule.points, 0, barred)
    else:
        allowed = limits.allow(tx, rule, campaign, person_id, reported_at, spot)
    award = recording.add(
        tx, rule, allowed, source=key, person_id=person_id, reported_at=reported_at, spot=spot
    )
    # Whoever comes later stands behind those who wait for the same money.
    if award.points and (queries.is_waited_for(tx, rule.fund_id) or not _fund(tx, award, rule)):
        recording.turn(tx, award, "waiting", "pool_exhausted")
        outbox.enqueue(tx, "fund.fed", fund_id=rule.fund_id)


def _fund(tx: Session, award: Award, rule: Rule) -> bool:
    """Asks the ledger for the award's points; False when the pool cannot back them."""
    try:
        # An empty pool undoes the journal, not the filing: the award then waits for money.
        with tx.begin_nested():
            ledger.accrue(
                tx, source=str(award.id), person_id=award.person_id,
                fund=tx.get_one(Fund, rule.fund_id), points=award.points,
                life=Life(rule.validity_days, rule.expiry_day), reason=award.event,
            )  # fmt: skip
    except PoolExhausted:
        return False
    return True


def close(
    tx: Session,
    *,
    event: str,
    source: str,
    after: timedelta,
    outcome: str | None = None,
    person_id: UUID | None = None,
    but: Collection[UUID] = (),
) -> None:
    """The case was closed: settles its awards after the objection window, or at once.

    An award whose rule does not pay for the outcome is taken back, with the outcome as its reason;
    without one, all are settled. With `person_id`, this person's only, and never that of `but`;
    asked again, the window does not begin anew.
    """
    for award, outcomes in queries.to_close(tx, event, source):
        if person_id not in {None, award.person_id} or award.person_id in but:
            continue
        if outcome is not None and not pays(outcomes, outcome):
            take_back(tx, award, outcome)
        elif award.due_at is None:
            award.due_at = clock.now() + after
            tx.flush()
            if award.state == "granted":
                _settle_when_due(tx, award)


def hold(tx: Session, *, event: str, source: str, person_id: UUID | None = None) -> None:
    """The case is open, or open again: what is not settled yet waits for its closing."""
    for award in queries.of_source(tx, event, source):
        if person_id in {None, award.person_id} and award.state in {"granted", "waiting"}:
            award.due_at = None
    tx.flush()


def _settle_when_due(tx: Session, award: Award) -> None:
    if award.due_at is None:
        return
    left = award.due_at - clock.now()
    if left > timedelta():
        outbox.enqueue(tx, "award.due", delay=left, award_id=award.id)
    else:
        settle(tx, award.id)


def settle(tx: Session, award_id: UUID) -> int:
    """Makes a granted award spendable and says how many points; 0 when there is none to settle."""
    award = tx.get_one(Award, award_id, with_for_update={"key_share": True})
    # Not due: the case was opened again while its job waited.
    if award.state != "granted" or award.due_at is None or award.due_at > clock.now():
        return 0
    # Whoever objects holds the award's row too. The decision settles it.
    if queries.is_disputed(tx, award.id):
        return 0
    points = ledger.settle(tx, source=str(award.id), reason=award.event)
    recording.turn(tx, award, "settled", award.reason)
    return points


def retry(tx: Session, award_id: UUID) -> int:
    """Funds an award that waited, and settles it when its time has come; says how many points."""
    award = tx.get_one(Award, award_id, with_for_update={"key_share": True})
    if award.state != "waiting" or not _fund(tx, award, tx.get_one(Rule, award.rule_id)):
        return 0
    recording.turn(tx, award, "granted", "funded")
    _settle_when_due(tx, award)
    return award.points if award.state == "settled" else 0


def void(
    tx: Session, *, event: str, source: str, reason: str, person_id: UUID | None = None
) -> None:
    """The case did not deserve points after all: takes them back and frees the caps.

    With `person_id`, from this person only.
    """
    for award in queries.of_source(tx, event, source):
        if person_id in {None, award.person_id}:
            take_back(tx, award, reason)


def take_back(tx: Session, award: Award, reason: str) -> None:
    """Voids an award whose row is locked, unless it is settled or has no points."""
    if award.state not in {"granted", "waiting"}:
        return
    # Caps before points, as when they were granted: one lock order.
    limits.free(tx, tx.get_one(Rule, award.rule_id), award)
    ledger.void(tx, source=str(award.id), reason=reason)
    recording.turn(tx, award, "voided", reason)


def add_rule(
    tx: Session,
    *,
    code: str,
    event: str,
    names: tuple[str, str],
    points: int,
    caps: tuple[int, int],
    validity_days: int | None,
    fund_id: UUID,
) -> None:
    """Adds the first or next version of a rule, in force from now on."""
    before = tx.scalars(
        select(Rule).where(Rule.code == code).order_by(Rule.version.desc()).limit(1)
    ).first()
    # One moment ends the old version and begins the new: a report between two would earn nothing.
    now = clock.now()
    if before is not None:
        before.effective_to = now
    tx.add(
        Rule(
            id=new_id(), code=code, version=before.version + 1 if before else 1, event=event,
            name=names[0], name_en=names[1], points=points, day_cap=caps[0], month_cap=caps[1],
            validity_days=validity_days, fund_id=fund_id, effective_from=now,
        )
    )  # fmt: skip
    tx.flush()

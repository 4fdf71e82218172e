"""Awards: granted when a case is filed, settled when it closes, voided when it does not.

Filing and closing never fail for points: a cap that is reached or a pool that is empty leaves an
award with its reason, in everyone's sight.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.kit import clock, outbox
from app.kit.db import insert_for, insert_row
from app.kit.ids import new_id
from app.ledger import service as ledger
from app.ledger.errors import PoolExhausted
from app.ledger.models import Fund
from app.rewards import queries
from app.rewards.models import Award, AwardChange, CapCounter, Rule
from app.rewards.rules import in_round, periods, within_caps


def grant(
    tx: Session,
    *,
    event: str,
    source: str,
    person_id: UUID,
    reported_at: datetime,
    round: int = 0,  # noqa: A002 - the case's own word
) -> None:
    """Grants what the rule in force gives for an event, once for each (event, source, person).

    What an unpaid closing took back may be asked again in a later `round` of the source: once in
    each, and never beside an award that lives. Caps count on the business day of `reported_at`.
    No rule, no award.
    """
    rule, key = queries.find_rule(tx, event, reported_at), in_round(source, round)
    mine = [a for a in queries.of_source(tx, event, source) if a.person_id == person_id]
    if rule is None or any(a.source == key or a.state != "voided" for a in mine):
        return
    day = clock.business_day(reported_at)
    points = _use_caps(tx, rule, person_id, periods(day))
    state, reason = ("granted", "rule") if points else ("capped", "cap_reached")
    if 0 < points < rule.points:
        reason = "cut_to_cap"
    award = Award(
        id=new_id(), person_id=person_id, event=event, source=key, rule_id=rule.id,
        asked=rule.points, points=points, state=state, reason=reason, day=day.isoformat(),
        inputs={"rule": rule.code, "version": rule.version, "reported_at": reported_at.isoformat()},
        created_at=clock.now(), updated_at=clock.now(),
    )  # fmt: skip
    tx.add(award)
    tx.flush()
    _note(tx, award)
    if points and not _fund(tx, award, rule):
        _set(tx, award, "waiting", "pool_exhausted")


def _fund(tx: Session, award: Award, rule: Rule) -> bool:
    """Asks the ledger for the award's points; False when the pool cannot back them."""
    try:
        # An empty pool undoes the journal, not the filing: the award then waits for money.
        with tx.begin_nested():
            ledger.accrue(
                tx, source=str(award.id), person_id=award.person_id,
                fund=tx.get_one(Fund, rule.fund_id), points=award.points,
                validity_days=rule.validity_days, reason=award.event,
            )  # fmt: skip
    except PoolExhausted:
        return False
    return True


def _use_caps(tx: Session, rule: Rule, person_id: UUID, names: tuple[str, str]) -> int:
    """Counts an award against day and month, cut to what is left; the rows are its locks."""
    caps = dict(zip(names, (rule.day_cap, rule.month_cap), strict=True))
    for period, cap in caps.items():
        row = insert_for(tx, CapCounter).values(
            person_id=person_id, rule_code=rule.code, period=period, used=0, cap=cap
        )
        tx.execute(row.on_conflict_do_nothing())
    counters = select(CapCounter).where(
        CapCounter.person_id == person_id, CapCounter.rule_code == rule.code,
        CapCounter.period.in_(names),
    )  # fmt: skip
    fresh = counters.order_by(CapCounter.period).with_for_update()
    rows = list(tx.scalars(fresh.execution_options(populate_existing=True)))
    today, month = rows
    points = within_caps(rule.points, today.used, rule.day_cap, month.used, rule.month_cap)
    for counter in rows:
        # A newer version of the rule may have changed the cap within the period.
        counter.cap = max(caps[counter.period], counter.used)
        counter.used += points
    tx.flush()
    return points


def close(
    tx: Session, *, event: str, source: str, after: timedelta, person_id: UUID | None = None
) -> None:
    """The case was closed as fixed: settles its awards after the objection window, or at once.

    With `person_id`, this person's only; asked again, the window does not begin anew.
    """
    for award in queries.of_source(tx, event, source):
        if person_id not in {None, award.person_id} or award.due_at is not None:
            continue
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
    points = ledger.settle(tx, source=str(award.id), reason=award.event)
    _set(tx, award, "settled", award.reason)
    return points


def retry_waiting(tx: Session, fund_id: UUID | None) -> None:
    """Every award that waits for this fund, or for any, is tried again, the oldest first.

    Each in a unit of its own, because one that touched many members' points would deadlock.
    """
    for award_id in queries.waiting(tx, fund_id):
        outbox.enqueue(tx, "award.retried", award_id=award_id)


def retry(tx: Session, award_id: UUID) -> int:
    """Funds an award that waited, and settles it when its time has come; says how many points."""
    award = tx.get_one(Award, award_id, with_for_update={"key_share": True})
    if award.state != "waiting" or not _fund(tx, award, tx.get_one(Rule, award.rule_id)):
        return 0
    _set(tx, award, "granted", "funded")
    _settle_when_due(tx, award)
    return award.points if award.state == "settled" else 0


def void(
    tx: Session, *, event: str, source: str, reason: str, person_id: UUID | None = None
) -> None:
    """The case did not deserve points after all: takes them back and frees the caps.

    With `person_id`, from this person only.
    """
    for award in queries.of_source(tx, event, source):
        if award.state not in {"granted", "waiting"} or person_id not in {None, award.person_id}:
            continue
        # Caps before points, as when they were granted: one lock order.
        _free_caps(tx, tx.get_one(Rule, award.rule_id), award)
        ledger.void(tx, source=str(award.id), reason=reason)
        _set(tx, award, "voided", reason)


def _free_caps(tx: Session, rule: Rule, award: Award) -> None:
    names = periods(datetime.fromisoformat(award.day).date())
    mine = (
        CapCounter.person_id == award.person_id, CapCounter.rule_code == rule.code,
        CapCounter.period.in_(names),
    )  # fmt: skip
    tx.execute(select(CapCounter.period).where(*mine).order_by(CapCounter.period).with_for_update())
    tx.execute(update(CapCounter).where(*mine).values(used=CapCounter.used - award.points))


def _set(tx: Session, award: Award, state: str, reason: str) -> None:
    award.state, award.reason, award.updated_at = state, reason, clock.now()
    tx.flush()
    _note(tx, award)


def _note(tx: Session, award: Award) -> None:
    insert_row(
        tx, AwardChange, id=new_id(), award_id=award.id, state=award.state, points=award.points,
        reason=award.reason, created_at=clock.now(),
    )  # fmt: skip


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

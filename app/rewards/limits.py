"""What stands against an award: caps of day and month, places that were paid, campaigns' budgets.

Lock order: a person's cap counters by period, then the campaign; both before the ledger.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_for
from app.rewards.models import Award, Campaign, CapCounter, Rule
from app.rewards.rules import Spot, extra, periods, place, reason, within_caps

ONE = "place:"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an award may be: points of which `bonus` is a campaign's, and how it came to that."""

    asked: int
    points: int
    reason: str
    # None: nothing was counted.
    used_day: int | None = None
    used_month: int | None = None
    bonus: int = 0
    campaign: Campaign | None = None
    place: str | None = None


def allow(
    tx: Session, rule: Rule, campaign: Campaign | None, person_id: UUID, at: datetime, spot: Spot
) -> Allowance:
    """Counts what a rule gives at an instant against all that limits it, cut to what is left."""
    day = clock.business_day(at)
    asked = rule.points + (extra(rule.points, campaign.percent) if campaign else 0)
    here = _place(rule, day, spot)
    today, month, *places = _locked(tx, rule, person_id, day, here)
    so_far = today.used, month.used
    if any(counter.used for counter in places):
        return Allowance(asked, 0, "place_paid", *so_far, campaign=campaign)
    room = within_caps(rule.month_cap, today.used, rule.day_cap, month.used, rule.month_cap)
    base = min(rule.points, room)
    bonus = _spend(tx, campaign, min(asked, room) - base) if campaign else 0
    points = base + bonus
    _count(tx, [today, month], points)
    _count(tx, places, min(points, 1))
    why = reason(asked, points, bonus, room)
    counted = here if points else None
    return Allowance(asked, points, why, *so_far, bonus, campaign, counted)


def allow_exactly(tx: Session, rule: Rule, person_id: UUID, day: date, points: int) -> Allowance:
    """As `allow`, for points that a person chose: they are counted whole, or not at all.

    Nothing is counted when the answer's `points` are fewer than asked: they are what is left.
    """
    today, month = _locked(tx, rule, person_id, day, None)
    so_far = today.used, month.used
    room = within_caps(points, today.used, rule.day_cap, month.used, rule.month_cap)
    if room == points:
        _count(tx, [today, month], points)
    return Allowance(points, room, "by_hand", *so_far)


def free(tx: Session, rule: Rule, award: Award) -> None:
    """Gives back what an award counted."""
    names = [*periods(date.fromisoformat(award.day)), award.inputs.get("place")]
    mine = (
        CapCounter.person_id == award.person_id, CapCounter.rule_code == rule.code,
        CapCounter.period.in_([name for name in names if name]),
    )  # fmt: skip
    rows = select(CapCounter).where(*mine).order_by(CapCounter.period).with_for_update()
    for counter in tx.scalars(rows.execution_options(populate_existing=True)):
        counter.used -= 1 if counter.period.startswith(ONE) else award.points
    tx.flush()
    if award.bonus:
        back = update(Campaign).where(Campaign.id == award.campaign_id)
        tx.execute(back.values(used=Campaign.used - award.bonus))


def _place(rule: Rule, day: date, spot: Spot) -> str | None:
    if rule.place_m is None or spot.lat is None or spot.lng is None:
        return None
    return place(spot.lat, spot.lng, rule.place_m, day)


def _locked(
    tx: Session, rule: Rule, person_id: UUID, day: date, here: str | None
) -> list[CapCounter]:
    """The counters of the day, the month and perhaps a place, opened on first use."""
    # They sort in this order: day, month, place.
    caps = dict(zip(periods(day), (rule.day_cap, rule.month_cap), strict=True))
    if here is not None:
        caps[here] = 1
    for period, cap in caps.items():
        row = insert_for(tx, CapCounter).values(
            person_id=person_id, rule_code=rule.code, period=period, used=0, cap=cap
        )
        tx.execute(row.on_conflict_do_nothing())
    counters = select(CapCounter).where(
        CapCounter.person_id == person_id, CapCounter.rule_code == rule.code,
        CapCounter.period.in_(caps),
    )  # fmt: skip
    fresh = counters.order_by(CapCounter.period).with_for_update()
    rows = list(tx.scalars(fresh.execution_options(populate_existing=True)))
    for counter in rows:
        # A newer version of the rule may have changed the cap within the period.
        counter.cap = max(caps[counter.period], counter.used)
    return rows


def _count(tx: Session, counters: list[CapCounter], points: int) -> None:
    for counter in counters:
        counter.used += points
    tx.flush()


def _spend(tx: Session, campaign: Campaign, wanted: int) -> int:
    """Takes points out of a campaign's budget, cut to what is left of it."""
    if wanted == 0:
        return 0
    spent = update(Campaign).where(
        Campaign.id == campaign.id, Campaign.used + wanted <= Campaign.budget
    )
    if tx.execute(spent.values(used=Campaign.used + wanted)).rowcount == 1:  # type: ignore[attr-defined]
        return wanted
    row = select(Campaign.budget - Campaign.used).where(Campaign.id == campaign.id)
    left = tx.execute(row.with_for_update(key_share=True)).scalar_one()
    part = max(0, min(wanted, left))
    if part:
        tx.execute(
            update(Campaign).where(Campaign.id == campaign.id).values(used=Campaign.used + part)
        )
    return part

"""Writing an award and its history: every state that it was in has its row."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.ledger.models import Fund
from app.regions.queries import get_region
from app.rewards.limits import Allowance
from app.rewards.models import Award, AwardChange, Rule
from app.rewards.rules import Spot
from app.webhooks import service as webhooks
from app.webhooks.models import Event


def add(
    tx: Session,
    rule: Rule,
    allowed: Allowance,
    *,
    source: str,
    person_id: UUID,
    reported_at: datetime,
    spot: Spot,
    hours: int | None = None,
) -> Award:
    """An award with everything that says why it is what it is."""
    award = Award(
        id=new_id(), person_id=person_id, event=rule.event, source=source, rule_id=rule.id,
        campaign_id=allowed.campaign.id if allowed.campaign else None, bonus=allowed.bonus,
        asked=allowed.asked, points=allowed.points, reason=allowed.reason,
        day=clock.business_day(reported_at).isoformat(),
        state="granted" if allowed.points else "capped", region_code=spot.region_code,
        inputs=_inputs(rule, allowed, reported_at, spot, hours),
        created_at=clock.now(), updated_at=clock.now(),
    )  # fmt: skip
    tx.add(award)
    tx.flush()
    _note(tx, award)
    return award


def _inputs(
    rule: Rule, allowed: Allowance, reported_at: datetime, spot: Spot, hours: int | None
) -> dict[str, object]:
    given: dict[str, object] = {
        "rule": rule.code, "version": rule.version, "reported_at": reported_at.isoformat(),
        "used_day": allowed.used_day, "used_month": allowed.used_month,
        "category": spot.category_code, "occupation": rule.occupation, "lat": spot.lat,
        "lng": spot.lng, "place": allowed.place, "hours": hours,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def turn(tx: Session, award: Award, state: str, why: str) -> None:
    """Brings an award into a state, and notes it; other programs are told of what is spendable."""
    award.state, award.reason, award.updated_at = state, why, clock.now()
    tx.flush()
    _note(tx, award)
    if state == "settled":
        told = {"award_id": str(award.id), "event": award.event, "points": award.points}
        webhooks.publish(tx, Event.POINTS_SETTLED, told, _path(tx, award))


def _path(tx: Session, award: Award) -> str:
    """The region where it was earned, or else that of the fund which pays it."""
    earned = award.region_code
    if earned is None:
        earned = tx.get_one(Fund, tx.get_one(Rule, award.rule_id).fund_id).region_code
    return get_region(tx, earned).path


def _note(tx: Session, award: Award) -> None:
    insert_row(
        tx, AwardChange, id=new_id(), award_id=award.id, state=award.state, points=award.points,
        reason=award.reason, created_at=clock.now(),
    )  # fmt: skip

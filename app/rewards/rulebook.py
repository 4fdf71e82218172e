"""Keeping the rules of earning and the campaigns: each for the region of the fund that pays."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.categories import queries as categories
from app.categories.errors import CategoryUnknown
from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.ids import new_id
from app.ledger import views as ledger
from app.ledger.models import Fund
from app.regions.models import Region
from app.regions.queries import get_region
from app.rewards import queries
from app.rewards.errors import (
    BeginsInPast,
    CampaignEnded,
    CampaignExists,
    CampaignOverlaps,
    RuleEnded,
    RuleEventFixed,
    RuleForbidden,
    RuleNotFound,
    RuleNotPaused,
    RuleOverlaps,
    RulePaused,
    RulePlanned,
)  # fmt: skip
from app.rewards.models import Campaign, Rule
from app.rewards.schemas import CampaignDraft, CampaignOut, RuleDraft, RuleOut

KEEPERS = frozenset({Role.ADMINISTRATOR, Role.FUND_MANAGER})


def require_fund(tx: Session, actor: Actor, fund_id: UUID) -> Fund:
    """A fund whose rules the actor keeps. Raises FundNotFound, RuleForbidden."""
    fund = ledger.get_fund(tx, actor, fund_id)
    _require(tx, actor, fund)
    return fund


def _require(tx: Session, actor: Actor, fund: Fund) -> None:
    if not actor.holds(KEEPERS, get_region(tx, fund.region_code).path):
        raise RuleForbidden


def publish(tx: Session, actor: Actor, draft: RuleDraft) -> RuleOut:
    """Adds a rule, or its next version: one moment ends the old one and begins the new.

    The next version of a paused rule is paused as well, until somebody resumes it.
    Raises FundNotFound, RuleForbidden, CategoryUnknown, BeginsInPast, RuleEventFixed, RulePlanned,
    RuleOverlaps.
    """
    fund = require_fund(tx, actor, draft.fund_id)
    if draft.category_code and categories.find_category(tx, draft.category_code) is None:
        raise CategoryUnknown
    begins = _begin(draft.effective_from)
    # The region's rules change one at a time, so that none comes to overlap unseen.
    region = select(Region.code).where(Region.code == fund.region_code)
    tx.execute(region.with_for_update(key_share=True))
    before, paused_at = _newest(tx, draft.code), None
    if before is not None:
        paused_at = _succeed(tx, actor, before, draft, begins)
    _refuse_overlap(tx, draft, fund, begins)
    values = draft.model_dump(exclude={"effective_from"})
    rule = Rule(
        id=new_id(), version=before.version + 1 if before else 1, effective_from=begins,
        effective_to=None, paused_at=paused_at, **values,
    )  # fmt: skip
    tx.add(rule)
    tx.flush()
    actions.record(
        tx, actor.person_id, "rule.published", "rule", rule.code, version=rule.version,
        points=rule.points, fund=fund.code,
    )  # fmt: skip
    return queries.versions(tx, rule.code)[0]


def _begin(wanted: datetime | None) -> datetime:
    now = clock.now()
    if wanted is not None and wanted < now:
        raise BeginsInPast
    return wanted or now


def _newest(tx: Session, code: str) -> Rule | None:
    query = select(Rule).where(Rule.code == code).order_by(Rule.version.desc()).limit(1)
    return tx.scalar(query.with_for_update(key_share=True))


def _succeed(
    tx: Session, actor: Actor, before: Rule, draft: RuleDraft, begins: datetime
) -> datetime | None:
    """Ends the version before where the next begins; says since when it was paused."""
    # What was planned and then ended begins at no moment.
    planned = before.effective_from > clock.now() and before.effective_to != before.effective_from
    _require(tx, actor, tx.get_one(Fund, before.fund_id))
    if before.event != draft.event:
        raise RuleEventFixed
    if planned and before.effective_from >= begins:
        raise RulePlanned(effective_from=before.effective_from.isoformat())
    lasts = before.effective_to is None or before.effective_to > begins
    if not (lasts and _pays_ever(before)):
        return None
    before.effective_to = begins
    tx.flush()
    return before.paused_at


def _refuse_overlap(tx: Session, draft: RuleDraft, fund: Fund, begins: datetime) -> None:
    query = (
        select(Rule.code)
        .join(Fund, Fund.id == Rule.fund_id)
        .where(
            Rule.code != draft.code, Rule.event == draft.event, Fund.state == "active",
            Fund.region_code == fund.region_code,
            Rule.category_code.is_not_distinct_from(draft.category_code),
            Rule.occupation.is_not_distinct_from(draft.occupation),
            or_(Rule.effective_to.is_(None), Rule.effective_to > begins),
            or_(Rule.effective_to.is_(None), Rule.effective_to > Rule.effective_from),
        )
    )  # fmt: skip
    other = tx.scalar(query.limit(1))
    if other is not None:
        raise RuleOverlaps(rule=other)


def end(tx: Session, actor: Actor, code: str) -> RuleOut:
    """Ends a rule now, and what is planned of it. Raises RuleNotFound, RuleForbidden, RuleEnded."""
    alive, now = _alive(tx, actor, code), clock.now()
    for rule in alive:
        rule.effective_to = max(now, rule.effective_from)
    return _changed(tx, actor, "rule.ended", code)


def pause(tx: Session, actor: Actor, code: str) -> RuleOut:
    """From now on a rule leaves awards without points, and so does what is planned of it.

    Raises RuleNotFound, RuleForbidden, RuleEnded, RulePaused.
    """
    alive, now = _alive(tx, actor, code), clock.now()
    if all(rule.paused_at for rule in alive):
        raise RulePaused
    for rule in alive:
        rule.paused_at = rule.paused_at or now
    return _changed(tx, actor, "rule.paused", code)


def resume(tx: Session, actor: Actor, code: str) -> RuleOut:
    """A paused rule pays again; what it left without points stays so.

    Raises RuleNotFound, RuleForbidden, RuleEnded, RuleNotPaused.
    """
    alive = _alive(tx, actor, code)
    if not any(rule.paused_at for rule in alive):
        raise RuleNotPaused
    for rule in alive:
        rule.paused_at = None
    return _changed(tx, actor, "rule.resumed", code)


def _alive(tx: Session, actor: Actor, code: str) -> list[Rule]:
    """The versions in force or planned of a rule that the actor keeps."""
    newest = _newest(tx, code)
    if newest is None:
        raise RuleNotFound
    _require(tx, actor, tx.get_one(Fund, newest.fund_id))
    living = Rule.code == code, or_(Rule.effective_to.is_(None), Rule.effective_to > clock.now())
    alive = [rule for rule in tx.scalars(select(Rule).where(*living)) if _pays_ever(rule)]
    if not alive:
        raise RuleEnded
    return alive


def _pays_ever(rule: Rule) -> bool:
    return rule.effective_to is None or rule.effective_to > rule.effective_from


def _changed(tx: Session, actor: Actor, verb: str, code: str) -> RuleOut:
    tx.flush()
    newest = queries.versions(tx, code)[0]
    actions.record(tx, actor.person_id, verb, "rule", code, version=newest.version)
    return newest


def add_campaign(tx: Session, actor: Actor, draft: CampaignDraft) -> CampaignOut:
    """Adds a campaign with the money of one fund.

    Raises FundNotFound, RuleForbidden, BeginsInPast, CampaignExists, CampaignOverlaps.
    """
    fund, begins = require_fund(tx, actor, draft.fund_id), _begin(draft.begins_at)
    if draft.ends_at <= begins:
        raise BeginsInPast
    # A fund's campaigns are added one at a time, so that none comes to overlap unseen.
    row = select(Fund.id).where(Fund.id == fund.id)
    tx.execute(row.with_for_update(key_share=True))
    if tx.scalar(select(Campaign.id).where(Campaign.code == draft.code)) is not None:
        raise CampaignExists
    same = Campaign.fund_id == fund.id, Campaign.event == draft.event
    crossing = Campaign.begins_at < draft.ends_at, Campaign.ends_at > begins
    lasting = Campaign.ends_at > Campaign.begins_at
    other = tx.scalar(select(Campaign.code).where(*same, *crossing, lasting).limit(1))
    if other is not None:
        raise CampaignOverlaps(campaign=other)
    values: dict[str, Any] = {**draft.model_dump(), "begins_at": begins}
    campaign = Campaign(
        id=new_id(), used=0, created_by=actor.person_id, created_at=clock.now(), **values
    )
    tx.add(campaign)
    tx.flush()
    actions.record(
        tx, actor.person_id, "campaign.added", "campaign", campaign.code,
        percent=campaign.percent, budget=campaign.budget, fund=fund.code,
    )  # fmt: skip
    return CampaignOut.model_validate(campaign)


def end_campaign(tx: Session, actor: Actor, code: str) -> CampaignOut:
    """Ends a campaign now, or before it began. Raises CampaignNotFound, RuleForbidden,
    CampaignEnded."""
    campaign = queries.get_campaign(tx, actor, code)
    _require(tx, actor, tx.get_one(Fund, campaign.fund_id))
    now = clock.now()
    if campaign.ends_at <= max(now, campaign.begins_at):
        raise CampaignEnded
    # A statement of its own: `used` is moved by others meanwhile.
    ended = update(Campaign).where(Campaign.id == campaign.id)
    tx.execute(ended.values(ends_at=max(now, campaign.begins_at)))
    tx.refresh(campaign)
    actions.record(tx, actor.person_id, "campaign.ended", "campaign", code)
    return CampaignOut.model_validate(campaign)

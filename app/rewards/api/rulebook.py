"""The rules of earning and the campaigns over HTTP, for those who keep them."""

from typing import Annotated

from sqlalchemy.orm import Session

from app.categories.errors import CategoryUnknown
from app.identity.access import Actor, Staff, holding
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit.http import in_transaction
from app.kit.marks import FromApp, Resolver
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.ledger.errors import FundNotFound
from app.rewards import preview, queries, rulebook
from app.rewards.errors import (
    BeginsInPast,
    CampaignEnded,
    CampaignExists,
    CampaignNotFound,
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
from app.rewards.schemas import (
    CampaignDraft,
    CampaignList,
    CampaignOut,
    PreviewDraft,
    PreviewOut,
    RuleDraft,
    RuleList,
    RuleOut,
)  # fmt: skip

router = Router(prefix="/v1/points", tags=["rewards 奖励"])
RuleKeeper = Annotated[Actor, Resolver(holding(*sorted(rulebook.KEEPERS)))]
Deeds = Annotated[preview.Deeds, FromApp("deeds")]
KEEPING = (PersonOnly, RoleMissing, RuleForbidden)


@router.get("/rules/{code}/versions", responses=raises(PersonOnly, StaffOnly, RuleNotFound))
@in_transaction
def list_rule_versions(tx: Session, _actor: Staff, code: Code) -> RuleList:
    """Every version of a rule, planned and past ones too, the newest first."""
    return RuleList(items=queries.versions(tx, code))


@router.post(
    "/rules",
    responses=raises(
        *KEEPING, FundNotFound, CategoryUnknown, BeginsInPast, RuleEventFixed, RulePlanned,
        RuleOverlaps,
    ),
)  # fmt: skip
@in_transaction(status=201)
def publish_rule(tx: Session, actor: RuleKeeper, body: RuleDraft) -> RuleOut:
    """Adds a rule or its next version, from now or a later moment on."""
    return rulebook.publish(tx, actor, body)


@router.post("/rules/preview", responses=raises(*KEEPING, FundNotFound))
@in_transaction(write=False)
def preview_rule(
    tx: Session, actor: RuleKeeper, deeds: Deeds, body: PreviewDraft
) -> PreviewOut:  # fmt: skip
    """What a rule would have paid in a month, beside what was paid."""
    return preview.preview(tx, rulebook.require_fund(tx, actor, body.fund_id), body, deeds)


@router.post("/rules/{code}/end", responses=raises(*KEEPING, RuleNotFound, RuleEnded))
@in_transaction
def end_rule(tx: Session, actor: RuleKeeper, code: Code) -> RuleOut:
    """Ends a rule now, with the versions that were planned of it."""
    return rulebook.end(tx, actor, code)


@router.post("/rules/{code}/pause", responses=raises(*KEEPING, RuleNotFound, RuleEnded, RulePaused))
@in_transaction
def pause_rule(tx: Session, actor: RuleKeeper, code: Code) -> RuleOut:
    """Has a rule leave awards without points, and say so, until it is resumed."""
    return rulebook.pause(tx, actor, code)


@router.post(
    "/rules/{code}/resume", responses=raises(*KEEPING, RuleNotFound, RuleEnded, RuleNotPaused)
)
@in_transaction
def resume_rule(tx: Session, actor: RuleKeeper, code: Code) -> RuleOut:
    """Has a paused rule pay again."""
    return rulebook.resume(tx, actor, code)


@router.get("/campaigns", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_campaigns(tx: Session, actor: Staff) -> CampaignList:
    """The newest campaigns of the funds that the caller works with."""
    return CampaignList(items=queries.campaigns(tx, actor))


@router.post(
    "/campaigns",
    responses=raises(*KEEPING, FundNotFound, BeginsInPast, CampaignExists, CampaignOverlaps),
)
@in_transaction(status=201)
def add_campaign(tx: Session, actor: RuleKeeper, body: CampaignDraft) -> CampaignOut:
    """Adds a campaign: more points for an event between two moments, while its budget lasts."""
    return rulebook.add_campaign(tx, actor, body)


@router.post("/campaigns/{code}/end", responses=raises(*KEEPING, CampaignNotFound, CampaignEnded))
@in_transaction
def end_campaign(tx: Session, actor: RuleKeeper, code: Code) -> CampaignOut:
    """Ends a campaign now, or before it began."""
    return rulebook.end_campaign(tx, actor, code)

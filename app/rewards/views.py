"""Awards as people see them: one's own with every reason, the public's list, the objections."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Person
from app.identity.texts import masked_name
from app.kit.page import Page, cut, page
from app.ledger.models import Fund
from app.ledger.queries import FUND_READERS
from app.regions.models import Region
from app.regions.queries import get_region, under
from app.rewards import queries
from app.rewards.errors import AwardNotFound
from app.rewards.models import Award, AwardChange, Campaign, Objection, Rule
from app.rewards.rules import source_of
from app.rewards.schemas import (
    AnnouncedOut,
    AwardObjectionOut,
    AwardOut,
    ChangeOut,
    ObjectionOut,
    WhyOut,
)  # fmt: skip

# On its way, its case closed: what the objection window is for.
_ANNOUNCED = Award.state.in_(("granted", "waiting")), Award.due_at.is_not(None)


def award_out(tx: Session, award: Award, rule: Rule) -> AwardOut:
    return AwardOut(
        id=award.id, event=award.event, source=source_of(award.source),
        rule=f"{rule.code}/{rule.version}", asked=award.asked, points=award.points,
        state=award.state, reason=queries.shown_reason(tx, award.id), created_at=award.created_at,
    )  # fmt: skip


def why(tx: Session, actor: Actor, award_id: UUID) -> WhyOut:
    """Everything that made an award what it is, for its owner and for who works with its fund.

    Raises AwardNotFound.
    """
    award, rule, path = queries.get_award(tx, award_id)
    if award.person_id != actor.person_id and not actor.holds(FUND_READERS, path):
        raise AwardNotFound
    changes = select(AwardChange).where(AwardChange.award_id == award.id)
    doubts = select(Objection).where(Objection.award_id == award.id)
    campaign = tx.get(Campaign, award.campaign_id) if award.campaign_id else None
    return WhyOut(
        **award_out(tx, award, rule).model_dump(), rule_name=rule.name, rule_name_en=rule.name_en,
        rule_points=rule.points, day_cap=rule.day_cap, month_cap=rule.month_cap, day=award.day,
        region_code=award.region_code, inputs=award.inputs, bonus=award.bonus,
        campaign=campaign.code if campaign else None, due_at=award.due_at,
        history=[
            ChangeOut.model_validate(row) for row in tx.scalars(changes.order_by(AwardChange.id))
        ],
        objections=[
            AwardObjectionOut.model_validate(row)
            for row in tx.scalars(doubts.order_by(Objection.id))
        ],
    )  # fmt: skip


def announced(tx: Session, region: str, limit: int, cursor: str | None) -> Page[AnnouncedOut]:
    """公示: what was earned in a region and is not spendable yet. Raises RegionNotFound."""
    path = get_region(tx, region).path
    disputed = (
        select(Objection.id)
        .where(Objection.award_id == Award.id, Objection.state == "open")
        .exists()
    )
    query = (
        select(
            Award.id, Award.points, Award.source, Award.event, Award.due_at, Person.name,
            disputed.label("disputed"),
        )
        .join(Person, Person.id == Award.person_id)
        .join(Region, Region.code == Award.region_code)
        .where(*_ANNOUNCED, under(Region.path, path))
    )  # fmt: skip
    keys = (Award.due_at, Award.id)
    return page(
        tx, query, keys, limit=limit, cursor=cursor, filters=(region,), build=_announced_out
    )


def _announced_out(row: Row[Any]) -> AnnouncedOut:
    return AnnouncedOut(
        award_id=row.id, name=masked_name(row.name), points=row.points,
        source=source_of(row.source), event=row.event, spendable_at=row.due_at,
        disputed=row.disputed,
    )  # fmt: skip


def objections(
    tx: Session, actor: Actor, state: str | None, limit: int, cursor: str | None
) -> Page[ObjectionOut]:
    """Objections to awards of the funds that the actor works with, the newest first."""
    query = _objections().where(queries.seen_by(actor, Region.path))
    if state is not None:
        query = query.where(Objection.state == state)
    found = cut(
        tx, query, (Objection.raised_at, Objection.id), limit=limit, cursor=cursor,
        filters=(actor.person_id, state),
    )  # fmt: skip
    return Page(items=[_objection_out(row) for row in found.rows], next_cursor=found.next_cursor)


def objection(tx: Session, objection_id: UUID) -> ObjectionOut:
    """What became of an objection, for who raised or decided it."""
    return _objection_out(tx.execute(_objections().where(Objection.id == objection_id)).one())


def _objections() -> Any:
    return (
        select(Objection, Award.source, Award.event, Award.points, Award.state.label("was"))
        .join(Award, Award.id == Objection.award_id)
        .join(Rule, Rule.id == Award.rule_id)
        .join(Fund, Fund.id == Rule.fund_id)
        .join(Region, Region.code == Fund.region_code)
    )


def _objection_out(row: Row[Any]) -> ObjectionOut:
    raised: Objection = row.Objection
    return ObjectionOut(
        id=raised.id, award_id=raised.award_id, source=source_of(row.source), event=row.event,
        points=row.points, award_state=row.was, reason=raised.reason, state=raised.state,
        raised_at=raised.raised_at, decided_at=raised.decided_at, decision=raised.decision,
    )  # fmt: skip

"""Reads of rules, campaigns and awards."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, false, or_, select
from sqlalchemy.orm import Session

from app.categories.models import Category
from app.identity.access import Actor
from app.identity.models import Person
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.page import Page, page
from app.ledger.models import Fund
from app.ledger.queries import FUND_READERS
from app.regions.models import Region
from app.regions.queries import under
from app.rewards.errors import (
    AwardNotFound,
    CampaignNotFound,
    ObjectionNotFound,
    RuleNotFound,
)  # fmt: skip
from app.rewards.models import Award, Campaign, Objection, Rule
from app.rewards.rules import AFTER_ROUND, ROUND, Spot, chosen, source_of
from app.rewards.schemas import AwardOut, CampaignOut, RuleOut

_AT = bindparam("at", type_=InstantType())
_CATEGORY = bindparam("category", type_=CodeText)
_PARENT = select(Category.parent_code).where(Category.code == _CATEGORY).scalar_subquery()
_WHOSE = bindparam("person", type_=IdType())
_OCCUPATION = select(Person.occupation).where(Person.id == _WHOSE).scalar_subquery()
# Built once: every filing runs it. No two campaigns of a fund for one event cross.
_IN_FORCE = (
    select(Rule, Fund.region_code, Fund.state, Campaign)
    .join(Fund, Fund.id == Rule.fund_id)
    .outerjoin(
        Campaign,
        and_(
            Campaign.fund_id == Rule.fund_id,
            Campaign.event == Rule.event,
            Campaign.begins_at <= _AT,
            Campaign.ends_at > _AT,
        ),
    )
    .where(
        Rule.event == bindparam("event", type_=CodeText),
        Rule.effective_from <= _AT,
        or_(Rule.effective_to.is_(None), Rule.effective_to > _AT),
        Fund.region_code.in_(bindparam("path", type_=CodeText, expanding=True)),
        or_(Rule.category_code.is_(None), Rule.category_code.in_((_CATEGORY, _PARENT))),
        or_(Rule.occupation.is_(None), Rule.occupation == _OCCUPATION),
    )
)


class InForce(NamedTuple):
    """A rule, the campaign that adds to it, and what keeps it from paying now."""

    rule: Rule
    campaign: Campaign | None
    barred: str | None


def find_rule(
    tx: Session, event: str, at: datetime, spot: Spot, person_id: UUID | None = None
) -> InForce | None:
    """The rule for an event of a person (or of nobody in particular) at a moment.

    The rule's fund is of a region that covers the spot; the campaign spends that fund's money. A
    closed fund's rule stands back behind all others. A paused one does not: it is in force, and
    pays nothing for as long as it is paused.
    """
    given = {
        "event": event, "at": at, "category": spot.category_code, "person": person_id,
        "path": spot.path.strip("/").split("/"),
    }  # fmt: skip
    rows = tx.execute(_IN_FORCE, given).all()
    living = [row for row in rows if row.state == "active"]
    rule = chosen(((row.Rule, row.region_code) for row in living or rows), spot)
    if rule is None:
        return None
    campaign = next(row.Campaign for row in rows if row.Rule is rule)
    paused = "rule_paused" if rule.paused_at is not None else None
    return InForce(rule, campaign, paused if living else "fund_closed")


def _rules() -> Any:
    return select(Rule, Fund.code, Fund.region_code).join(Fund, Fund.id == Rule.fund_id)


def rules(tx: Session, at: datetime) -> list[RuleOut]:
    """Those in force at a moment, by code."""
    query = _rules().where(
        Rule.effective_from <= at, or_(Rule.effective_to.is_(None), Rule.effective_to > at)
    )
    return [_rule_out(row) for row in tx.execute(query.order_by(Rule.code))]


def versions(tx: Session, code: str) -> list[RuleOut]:
    """Every version of a rule, the newest first. Raises RuleNotFound."""
    query = _rules().where(Rule.code == code).order_by(Rule.version.desc())
    found = [_rule_out(row) for row in tx.execute(query)]
    if not found:
        raise RuleNotFound
    return found


def _rule_out(row: Row[Any]) -> RuleOut:
    own = RuleOut.model_fields.keys() - {"fund", "region_code"}
    fields = {name: getattr(row.Rule, name) for name in own}
    return RuleOut(**fields, fund=row.code, region_code=row.region_code)


def campaigns(tx: Session, actor: Actor) -> list[CampaignOut]:
    """Those of the funds that the actor may see, the newest first."""
    query = (
        select(Campaign)
        .join(Fund, Fund.id == Campaign.fund_id)
        .join(Region, Region.code == Fund.region_code)
        .where(seen_by(actor, Region.path))
        .order_by(Campaign.begins_at.desc(), Campaign.id)
    )
    return [CampaignOut.model_validate(row) for row in tx.scalars(query.limit(200))]


def get_campaign(tx: Session, actor: Actor, code: str) -> Campaign:
    """Raises CampaignNotFound, also for one whose fund the actor does not see."""
    query = (
        select(Campaign)
        .join(Fund, Fund.id == Campaign.fund_id)
        .join(Region, Region.code == Fund.region_code)
        .where(Campaign.code == code, seen_by(actor, Region.path))
    )
    campaign = tx.scalar(query)
    if campaign is None:
        raise CampaignNotFound
    return campaign


def seen_by(actor: Actor, path: Any) -> ColumnElement[bool]:
    """THE rule for what is earned: those who work with money see it in their regions."""
    return or_(false(), *(under(path, held) for held in actor.paths(FUND_READERS)))


def get_award(tx: Session, award_id: UUID, *, lock: bool = False) -> tuple[Award, Rule, str]:
    """An award, its rule, and the path of the region of the fund that pays it.

    Raises AwardNotFound; whose it is, the caller asks.
    """
    query = (
        select(Award, Rule, Region.path)
        .join(Rule, Rule.id == Award.rule_id)
        .join(Fund, Fund.id == Rule.fund_id)
        .join(Region, Region.code == Fund.region_code)
        .where(Award.id == award_id)
    )
    if lock:
        query = query.with_for_update(key_share=True, of=Award)
    row = tx.execute(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise AwardNotFound
    return row.Award, row.Rule, row.path


def has_objected(tx: Session, award_id: UUID, person_id: UUID) -> bool:
    mine = Objection.award_id == award_id, Objection.raised_by == person_id
    return tx.execute(select(Objection.id).where(*mine)).first() is not None


def get_objection(
    tx: Session, actor: Actor, objection_id: UUID, *, lock: bool = False
) -> tuple[Objection, Award, str]:
    """An objection, its award and the path of its fund's region. Raises ObjectionNotFound."""
    found = tx.get(Objection, objection_id)
    if found is None:
        raise ObjectionNotFound
    # The award's row first: settling and deciding lock in one order.
    award, _, path = get_award(tx, found.award_id, lock=lock)
    if not actor.holds(FUND_READERS, path):
        raise ObjectionNotFound
    tx.refresh(found)
    return found, award, path


def is_disputed(tx: Session, award_id: UUID) -> bool:
    """Whether an objection to an award, whose row is locked, waits for its decision."""
    query = select(Objection.id).where(Objection.award_id == award_id, Objection.state == "open")
    return tx.execute(query.limit(1)).first() is not None


def of_source(tx: Session, event: str, source: str) -> list[Award]:
    """The awards that one case gave in any of its rounds, locked in the order of their ids."""
    query = select(Award).where(*_of_source(event, source))
    return list(tx.scalars(query.order_by(Award.id).with_for_update(key_share=True)))


def to_close(tx: Session, event: str, source: str) -> list[tuple[Award, list[str] | None]]:
    """As `of_source`, each with the outcomes that its rule pays for."""
    query = select(Award, Rule.outcomes).join(Rule, Rule.id == Award.rule_id)
    query = query.where(*_of_source(event, source)).order_by(Award.id)
    rows = tx.execute(query.with_for_update(key_share=True, of=Award))
    return [(row.Award, row.outcomes) for row in rows]


def _of_source(event: str, source: str) -> tuple[ColumnElement[bool], ...]:
    # Ranges and not LIKE, which no index of SQLite serves.
    later = and_(Award.source >= f"{source}{ROUND}", Award.source < f"{source}{AFTER_ROUND}")
    return Award.event == event, or_(Award.source == source, later)


def is_waited_for(tx: Session, fund_id: UUID) -> bool:
    """Whether an award waits for a fund's money."""
    waits = select(Award.id).join(Rule, Rule.id == Award.rule_id)
    one = waits.where(Award.state == "waiting", Rule.fund_id == fund_id).limit(1)
    return tx.scalar(one) is not None


# What waits for a fund that was closed meanwhile waits for more than money.
_STUCK = and_(Award.state == "waiting", Fund.state == "closed")
_REASON = case((_STUCK, "fund_closed"), else_=Award.reason)


def shown_reason(tx: Session, award_id: UUID) -> str:
    """Why an award is what it is now."""
    query = select(_REASON).join(Rule, Rule.id == Award.rule_id)
    query = query.join(Fund, Fund.id == Rule.fund_id).where(Award.id == award_id)
    reason: str = tx.execute(query).scalar_one()
    return reason


def mine(tx: Session, person_id: UUID, limit: int, cursor: str | None) -> Page[AwardOut]:
    query = (
        select(
            Award.id, Award.event, Award.source, Rule.code, Rule.version, Award.asked,
            Award.points, Award.state, _REASON.label("reason"), Award.created_at,
        )
        .join(Rule, Rule.id == Award.rule_id)
        .join(Fund, Fund.id == Rule.fund_id)
        .where(Award.person_id == person_id)
    )  # fmt: skip
    keys = (Award.created_at, Award.id)
    return page(tx, query, keys, limit=limit, cursor=cursor, filters=(person_id,), build=_award_out)


def _award_out(row: Row[Any]) -> AwardOut:
    same = ("id", "event", "asked", "points", "state", "reason", "created_at")
    fields = {name: getattr(row, name) for name in same}
    return AwardOut(source=source_of(row.source), rule=f"{row.code}/{row.version}", **fields)

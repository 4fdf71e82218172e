"""Reads of rules and awards."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session

from app.kit.page import Page, page
from app.rewards.models import Award, Rule
from app.rewards.rules import AFTER_ROUND, ROUND, source_of
from app.rewards.schemas import AwardOut, RuleOut


def find_rule(tx: Session, event: str, at: datetime) -> Rule | None:
    """The rule of an event in force at a moment: the newest version that has begun."""
    query = select(Rule).where(
        Rule.event == event, Rule.effective_from <= at,
        or_(Rule.effective_to.is_(None), Rule.effective_to > at),
    )  # fmt: skip
    return tx.scalars(query.order_by(Rule.version.desc()).limit(1)).first()


def rules(tx: Session, at: datetime) -> list[RuleOut]:
    query = select(Rule).where(
        Rule.effective_from <= at, or_(Rule.effective_to.is_(None), Rule.effective_to > at)
    )
    return [RuleOut.model_validate(rule) for rule in tx.scalars(query.order_by(Rule.code))]


def of_source(tx: Session, event: str, source: str) -> list[Award]:
    """The awards that one case gave in any of its rounds, locked in the order of their ids."""
    # Ranges and not LIKE, which no index of SQLite serves.
    later = and_(Award.source >= f"{source}{ROUND}", Award.source < f"{source}{AFTER_ROUND}")
    query = select(Award).where(Award.event == event, or_(Award.source == source, later))
    return list(tx.scalars(query.order_by(Award.id).with_for_update(key_share=True)))


def waiting(tx: Session, fund_id: UUID | None) -> list[UUID]:
    """The awards that wait for a fund's money (any fund's for None), the oldest first."""
    query = (
        select(Award.id)
        .join(Rule, Rule.id == Award.rule_id)
        .where(Award.state == "waiting")
        .order_by(Award.created_at, Award.id)
    )
    return list(tx.scalars(query.where(Rule.fund_id == fund_id) if fund_id else query))


def mine(tx: Session, person_id: UUID, limit: int, cursor: str | None) -> Page[AwardOut]:
    query = (
        select(
            Award.id, Award.event, Award.source, Rule.code, Rule.version, Award.asked,
            Award.points, Award.state, Award.reason, Award.created_at,
        )
        .join(Rule, Rule.id == Award.rule_id)
        .where(Award.person_id == person_id)
    )  # fmt: skip
    keys = (Award.created_at, Award.id)
    return page(tx, query, keys, limit=limit, cursor=cursor, filters=(person_id,), build=_award_out)


def _award_out(row: Row[Any]) -> AwardOut:
    return AwardOut(
        id=row.id, event=row.event, source=source_of(row.source), rule=f"{row.code}/{row.version}",
        asked=row.asked, points=row.points, state=row.state, reason=row.reason,
        created_at=row.created_at,
    )  # fmt: skip

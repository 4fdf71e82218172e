"""What a rule would have paid in a month, told from the awards of that month.

Awards are played again in the order in which they were granted and taken back. Only what left an
award can be seen: where no rule paid, nothing is known; and what was capped then is taken for as
deserved as the rest.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.categories.models import Category
from app.ledger.models import Fund
from app.regions.models import Region
from app.regions.queries import get_region, under
from app.rewards.models import Award, AwardChange, Campaign, Rule
from app.rewards.rules import COUNTED, Offer, Step, day_of, replay
from app.rewards.schemas import PreviewDraft, PreviewOut, SumOut

TAKEN_BACK = ("voided", "reversed")


def preview(tx: Session, fund: Fund, draft: PreviewDraft) -> PreviewOut:
    """What the draft would have paid of the month's awards that it would have ruled."""
    rows = list(_awards(tx, fund, draft))
    steps = sorted(_steps(tx, rows, draft), key=lambda one: one[0])
    offer = Offer(draft.points, draft.day_cap, draft.month_cap, draft.place_m)
    would = replay(offer, [step for _, step in steps], _campaigns(tx, rows)).values()
    was = [row for row in rows if row.state in COUNTED and row.points]
    return PreviewOut(
        month=draft.month,
        would_pay=SumOut(
            awards=len(would), people=len({person for person, _ in would}),
            points=sum(points for _, points in would),
            fen=sum(points for _, points in would) * fund.rate_fen,
        ),
        was_paid=SumOut(
            awards=len(was), people=len({row.person_id for row in was}),
            points=sum(row.points for row in was),
            fen=sum(row.points * row.rate_fen for row in was),
        ),
    )  # fmt: skip


def _awards(tx: Session, fund: Fund, draft: PreviewDraft) -> Iterable[Any]:
    """The month's awards in the fund's region that no more special rule paid."""
    region, payer = get_region(tx, fund.region_code), _REGION_OF_FUND
    query = (
        select(
            Award.id, Award.person_id, Award.day, Award.state, Award.points, Award.bonus,
            Award.campaign_id, Award.inputs, Award.created_at, Rule.category_code, Fund.rate_fen,
            payer.label("level"),
        )
        .join(Rule, Rule.id == Award.rule_id)
        .join(Fund, Fund.id == Rule.fund_id)
        .join(Region, Region.code == Award.region_code)
        .where(
            Award.event == draft.event, Award.day >= f"{draft.month}-01",
            Award.day <= f"{draft.month}-31", under(Region.path, region.path),
        )
    )  # fmt: skip
    known = tx.execute(select(Category.code, Category.parent_code))
    parents = {row.code: row.parent_code for row in known}
    for row in tx.execute(query):
        category = row.inputs.get("category")
        line = (category, parents.get(category), None)
        if draft.category_code in line and (region.level, _special(draft.category_code, line)) >= (
            row.level, _special(row.category_code, line),
        ):  # fmt: skip
            yield row


_REGION_OF_FUND = (
    select(Region.level).where(Region.code == Fund.region_code).correlate(Fund).scalar_subquery()
)


def _special(category: str | None, line: Sequence[str | None]) -> int:
    """2 for the rule of a 小类, 1 for that of its 大类, 0 for that of all."""
    if category is None:
        return 0
    return 2 - line.index(category) if category in line else 0


def _steps(tx: Session, rows: Sequence[Any], draft: PreviewDraft) -> Iterable[tuple[Any, Step]]:
    known = {}
    for row in rows:
        step = Step(
            row.id, row.person_id, day_of(row.day), row.inputs.get("lat"), row.inputs.get("lng"),
            row.campaign_id,
        )  # fmt: skip
        known[row.id] = step
        yield (row.created_at, str(row.id)), step
    changes = (
        select(AwardChange.award_id, AwardChange.created_at, AwardChange.id)
        .join(Award, Award.id == AwardChange.award_id)
        .where(
            Award.event == draft.event, Award.day >= f"{draft.month}-01",
            Award.day <= f"{draft.month}-31", AwardChange.state.in_(TAKEN_BACK),
        )
    )  # fmt: skip
    for change in tx.execute(changes):
        if change.award_id in known:
            step = known[change.award_id]
            back = Step(
                step.award_id, step.person_id, step.day, campaign_id=step.campaign_id, back=True
            )
            yield (change.created_at, str(change.id)), back


def _campaigns(tx: Session, rows: Sequence[Any]) -> dict[object, tuple[int, int]]:
    """Of each campaign that added to these awards: per cent, and the budget that others left."""
    ids = {row.campaign_id for row in rows if row.campaign_id}
    mine: dict[UUID, int] = dict.fromkeys(ids, 0)
    for row in rows:
        if row.campaign_id and row.state in COUNTED:
            mine[row.campaign_id] += row.bonus
    found = tx.scalars(select(Campaign).where(Campaign.id.in_(ids)))
    return {c.id: (c.percent, c.budget - c.used + mine[c.id]) for c in found}

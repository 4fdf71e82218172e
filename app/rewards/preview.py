"""What a rule would have paid in a month: of what was done in it, or of what was awarded.

What happened is played again in the order in which it was filed and ended. Of an event of cases the
cases tell it, whether or not a rule paid then. Of any other only what left an award can be seen:
where no rule paid, nothing is known; and what was capped is taken for as deserved as the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.categories.models import Category
from app.identity.models import Person
from app.kit import clock
from app.ledger.models import Fund
from app.regions.models import Region
from app.regions.queries import get_region, under
from app.rewards.models import Award, AwardChange, Campaign, Rule
from app.rewards.rules import COUNTED, Deed, Offer, Step, day_of, pays, replay, source_of
from app.rewards.schemas import PreviewDraft, PreviewOut, SumOut

TAKEN_BACK = ("voided", "reversed")
# What an event names, reported in a span of time in a region's subtree; None: no case tells it.
Deeds = Callable[[Session, str, tuple[datetime, datetime], str], Iterable[Deed] | None]
# A moment with what breaks its ties, and what happened then.
Moment = tuple[tuple[datetime, str], Step]
# Code of a 小类 -> that of its 大类.
Parents = Mapping[str, str | None]


def preview(tx: Session, fund: Fund, draft: PreviewDraft, deeds: Deeds) -> PreviewOut:
    """What the draft would have paid of what it would have ruled in the month, and what was paid
    of that."""
    region, parents, span = get_region(tx, fund.region_code), _parents(tx), _span(draft.month)
    awards = tx.execute(_awards(draft, region.path)).all()
    others = {row.id for row in awards if _outranks(row, draft, region.level, parents)}
    rows = [
        row
        for row in awards
        if row.id not in others
        and _fits(draft, row.inputs.get("category"), row.occupation, parents)
    ]
    done = deeds(tx, draft.event, span, region.path)
    if done is None:
        campaigns = _named(tx, rows)
        moments = list(_of_awards(tx, rows, draft))
    else:
        campaigns = _of_fund(tx, draft, span)
        gone = {_key(row) for row in awards if row.id in others or _undeserved(row)}
        left = [
            deed
            for deed in done
            if (deed.source, deed.person_id) not in gone
            and _fits(draft, deed.spot.category_code, deed.occupation, parents)
        ]
        moments = list(_of_deeds(left, draft, campaigns))
    return _out(fund, draft, moments, campaigns, rows)


def _out(
    fund: Fund,
    draft: PreviewDraft,
    moments: list[Moment],
    campaigns: Sequence[Campaign],
    rows: Sequence[Any],
) -> PreviewOut:
    steps = [step for _, step in sorted(moments, key=lambda one: one[0])]
    offer = Offer(draft.points, draft.day_cap, draft.month_cap, draft.place_m)
    would = replay(offer, steps, _budgets(campaigns, rows)).values()
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


def _span(month: str) -> tuple[datetime, datetime]:
    """The instants at which a month begins and is over."""
    first = date.fromisoformat(f"{month}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return clock.day_start(first), clock.day_start(after)


def _parents(tx: Session) -> Parents:
    known = tx.execute(select(Category.code, Category.parent_code))
    return {row.code: row.parent_code for row in known}


def _awards(draft: PreviewDraft, path: str) -> Any:
    """The month's awards of the event in a region's subtree, with the rules that made them."""
    level = select(Region.level).where(Region.code == Fund.region_code).correlate(Fund)
    return (
        select(
            Award.id, Award.person_id, Award.source, Award.day, Award.state, Award.points,
            Award.reason, Award.bonus, Award.campaign_id, Award.inputs, Award.created_at,
            Person.occupation, Rule.category_code, Rule.occupation.label("whom"), Fund.rate_fen,
            level.scalar_subquery().label("level"),
        )
        .join(Rule, Rule.id == Award.rule_id)
        .join(Fund, Fund.id == Rule.fund_id)
        .join(Region, Region.code == Award.region_code)
        .join(Person, Person.id == Award.person_id)
        .where(*_in_month(draft), under(Region.path, path))
    )  # fmt: skip


def _in_month(draft: PreviewDraft) -> tuple[Any, ...]:
    first, last = f"{draft.month}-01", f"{draft.month}-31"
    return Award.event == draft.event, Award.day >= first, Award.day <= last


def _line(category: str | None, parents: Parents) -> tuple[str | None, ...]:
    return category, parents.get(category) if category else None, None


def _fits(draft: PreviewDraft, category: str | None, occupation: str, parents: Parents) -> bool:
    """Whether the draft is a rule for such a thing and such a person."""
    what = draft.category_code in _line(category, parents)
    return what and draft.occupation in (None, occupation)


def _outranks(row: Any, draft: PreviewDraft, level: int, parents: Parents) -> bool:
    """Whether a more special rule than the draft made an award, as `rules.chosen` has it."""
    line = _line(row.inputs.get("category"), parents)
    ruled = row.level, _special(row.category_code, line), row.whom is not None
    mine = level, _special(draft.category_code, line), draft.occupation is not None
    return bool(row.reason != "fund_closed" and ruled > mine)


def _special(category: str | None, line: Sequence[str | None]) -> int:
    """2 for the rule of a 小类, 1 for that of its 大类, 0 for that of all."""
    return 2 - line.index(category) if category is not None and category in line else 0


def _undeserved(row: Any) -> bool:
    """Whether people, and not the case's end, took it back."""
    return bool(row.state == "reversed" or row.reason == "objection")


def _key(row: Any) -> tuple[str, object]:
    return source_of(row.source), row.person_id


def _of_awards(tx: Session, rows: Sequence[Any], draft: PreviewDraft) -> Iterator[Moment]:
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
        .where(*_in_month(draft), AwardChange.state.in_(TAKEN_BACK))
    )
    for change in tx.execute(changes):
        if change.award_id in known:
            back = replace(known[change.award_id], back=True)
            yield (change.created_at, str(change.id)), back


def _of_deeds(
    deeds: Iterable[Deed], draft: PreviewDraft, campaigns: Sequence[Campaign]
) -> Iterator[Moment]:
    for deed in deeds:
        adds = (c.id for c in campaigns if c.begins_at <= deed.reported_at < c.ends_at)
        step = Step(
            (deed.source, deed.person_id), deed.person_id, clock.business_day(deed.reported_at),
            deed.spot.lat, deed.spot.lng, next(adds, None),
        )  # fmt: skip
        yield (deed.filed_at, deed.source), step
        if not pays(draft.outcomes, deed.end):
            yield (deed.ended_at, deed.source), replace(step, back=True)


def _named(tx: Session, rows: Sequence[Any]) -> Sequence[Campaign]:
    """The campaigns that added to these awards."""
    ids = {row.campaign_id for row in rows if row.campaign_id}
    return tx.scalars(select(Campaign).where(Campaign.id.in_(ids))).all()


def _of_fund(
    tx: Session, draft: PreviewDraft, span: tuple[datetime, datetime]
) -> Sequence[Campaign]:
    """The campaigns that add to what the fund pays."""
    mine = Campaign.fund_id == draft.fund_id, Campaign.event == draft.event
    crossing = Campaign.begins_at < span[1], Campaign.ends_at > span[0]
    return tx.scalars(select(Campaign).where(*mine, *crossing)).all()


def _budgets(campaigns: Sequence[Campaign], rows: Sequence[Any]) -> dict[object, tuple[int, int]]:
    """Of each campaign: per cent, and the budget that other awards than these left."""
    mine: Counter[object] = Counter()
    for row in rows:
        if row.campaign_id and row.state in COUNTED:
            mine[row.campaign_id] += row.bonus
    return {c.id: (c.percent, c.budget - c.used + mine[c.id]) for c in campaigns}

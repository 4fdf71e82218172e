"""The words of rewards at the edge."""

import re
from typing import Annotated, Literal, Self, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.identity.models import Occupation
from app.kit.fields import Unfit
from app.kit.schema import Code, Draft, Instant, Name, Note, Out

OfCase = Literal["report.filed", "report.joined", "patrol.found", "hazard.reported"]
Handed = Literal["manual.awarded", "activity.attended", "suggestion.adopted"]
Event = Literal[OfCase, "rating.given", Handed]
Outcome = Literal["fixed", "no_action_needed", "not_responsible", "unable", "referred"]
Most = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def _day_of_year(text: str) -> str:
    month, day = (int(part) for part in text.split("-"))
    if not (1 <= month <= 12 and 1 <= day <= _DAYS.get(month, 31)):  # noqa: PLR2004
        raise Unfit("没有这一天", "no such day of the year")
    return text


def _sorted(outcomes: list[Outcome]) -> list[Outcome]:
    return sorted(set(outcomes))


DayOfYear = Annotated[
    str, StringConstraints(pattern=re.compile(r"^[0-9]{2}-[0-9]{2}$")), AfterValidator(_day_of_year)
]
Month = Annotated[str, StringConstraints(pattern=re.compile(r"^2[0-9]{3}-(0[1-9]|1[0-2])$"))]


class RuleOut(Out):
    code: str = Field(examples=["verified_problem"])
    version: int
    event: str
    name: str
    name_en: str
    points: int
    day_cap: int
    month_cap: int
    validity_days: int | None
    expiry_day: str | None = Field(description="MM-DD: lasts to the end of such a day")
    category_code: str | None = Field(description="Its 大类 or 小类; null: every category")
    place_m: int | None = Field(description="A spot this wide pays one person once a day")
    occupation: Occupation | None = Field(description="Whom it pays; null: everybody")
    outcomes: list[str] | None = Field(
        description="The outcomes of a case that it pays for; null: fixed, no_action_needed and"
        " referred"
    )
    paused_at: Instant | None = Field(description="Since when it leaves awards without points")
    fund: str = Field(description="Code of the fund that pays")
    region_code: str = Field(description="The fund's region; the rule holds in its subtree")
    effective_from: Instant
    effective_to: Instant | None


class RuleList(Out):
    items: list[RuleOut]


class OfferDraft(Draft):
    """What a rule gives, for what."""

    event: Event
    fund_id: UUID
    category_code: Code | None = None
    occupation: Occupation | None = Field(default=None, description="Whom; null: everybody")
    outcomes: Annotated[list[Outcome], Field(min_length=1), AfterValidator(_sorted)] | None = Field(
        default=None,
        description="Of a case, that it pays for; null: fixed, no_action_needed and referred",
    )
    points: Most = Field(examples=[10])
    day_cap: Most = Field(examples=[45], description="Points of a person a day")
    month_cap: Most = Field(examples=[1350], description="Points of a person a month")
    place_m: int | None = Field(default=None, strict=True, ge=1, le=10_000)

    @model_validator(mode="after")
    def caps_hold_the_points(self) -> Self:
        """One award fits into a day, and a day into a month."""
        if not self.points <= self.day_cap <= self.month_cap:
            raise Unfit("每次分值 <= 日上限 <= 月上限", "points <= day_cap <= month_cap")
        return self

    @model_validator(mode="after")
    def outcomes_are_of_cases(self) -> Self:
        """No other event waits for a case to end."""
        if self.outcomes is not None and self.event not in get_args(OfCase):
            raise Unfit("处理结果只用于案件的事件", "outcomes are for events of cases")
        return self


class RuleDraft(OfferDraft):
    code: Code = Field(examples=["verified_problem"])
    name: Name
    name_en: Name
    validity_days: int | None = Field(default=None, strict=True, ge=1, le=3660)
    expiry_day: DayOfYear | None = Field(default=None, examples=["12-31"])
    effective_from: Instant | None = Field(default=None, description="Null: from now on")


class PreviewDraft(OfferDraft):
    month: Month = Field(examples=["2026-10"])


class SumOut(Out):
    awards: int = Field(description="Awards with points")
    people: int
    points: int
    fen: int


class PreviewOut(Out):
    """Of what the rule would have paid: told from the month's cases, and for events that are not
    of cases from its awards, so that there what had no rule then is not seen."""

    month: str
    would_pay: SumOut
    was_paid: SumOut


class CampaignDraft(Draft):
    code: Code
    name: Name
    name_en: Name
    event: Event
    fund_id: UUID
    percent: int = Field(strict=True, ge=101, le=1000, description="150: half as much again")
    budget: Most = Field(description="Points that it may add in all")
    begins_at: Instant | None = Field(default=None, description="Null: now")
    ends_at: Instant


class CampaignOut(Out):
    code: str
    name: str
    name_en: str
    event: str
    fund_id: UUID
    percent: int
    budget: int
    used: int
    begins_at: Instant
    ends_at: Instant


class CampaignList(Out):
    items: list[CampaignOut]


class AwardOut(Out):
    id: UUID
    event: str
    source: str = Field(description="The case's number")
    rule: str = Field(description="Code and version of the rule", examples=["report_fixed/1"])
    asked: int = Field(description="What the rule gives")
    points: int = Field(description="What was granted after caps")
    state: str = Field(
        description="granted, capped, waiting (for the fund), settled, voided, reversed"
    )
    reason: str
    created_at: Instant


class ChangeOut(Out):
    state: str
    points: int
    reason: str
    created_at: Instant


class AwardObjectionOut(Out):
    state: Literal["open", "upheld", "dismissed"]
    reason: str
    raised_at: Instant
    decided_at: Instant | None
    decision: str | None


class WhyOut(AwardOut):
    """Everything that made an award what it is."""

    rule_name: str
    rule_name_en: str
    rule_points: int
    day_cap: int
    month_cap: int
    day: str = Field(description="The business day that it counts on")
    region_code: str | None
    inputs: dict[str, str | int | float] = Field(
        description="What the rule looked at; used_day and used_month are points before this award"
    )
    bonus: int = Field(description="Of the points: what a campaign added")
    campaign: str | None = Field(description="Code of the campaign")
    due_at: Instant | None = Field(description="When the points may be spent, if nobody objects")
    history: list[ChangeOut]
    objections: list[AwardObjectionOut]


class AnnouncedOut(Out):
    """What the public may know of an award that is not spendable yet (公示)."""

    award_id: UUID
    name: str = Field(examples=["刘*"])
    points: int
    source: str = Field(description="The case's number")
    event: str
    spendable_at: Instant
    disputed: bool = Field(description="An objection waits for its decision")


class ObjectionDraft(Draft):
    reason: Note


class DecisionDraft(Draft):
    verdict: Literal["uphold", "dismiss"]
    decision: Note = Field(description="Why; told to who raised it and to whose award it is")


class ObjectionOut(Out):
    id: UUID
    award_id: UUID
    source: str
    event: str
    points: int
    award_state: str
    reason: str
    state: Literal["open", "upheld", "dismissed"]
    raised_at: Instant
    decided_at: Instant | None
    decision: str | None

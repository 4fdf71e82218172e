"""The words of feedback at the edge."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.cases.schemas import ChoiceOfReason, Reason
from app.kit.fields import Unfit, each_once
from app.kit.schema import Code, Draft, Instant, Name, Note, Out, PlainText

# slow 处置慢, not_fixed 没修好, attitude 态度, fast 快, good_work 修得好, polite 态度好.
RatingReason = Literal["slow", "not_fixed", "attitude", "fast", "good_work", "polite"]
Verdict = Literal["satisfied", "partly", "dissatisfied"]
# The moves that say something to the reporter.
AnswerMove = Literal["reject", "dispatch", "resolve", "close", "make_safe", "suspend"]
Stars = Annotated[int, Field(strict=True, ge=1, le=5)]
# Shorter than a public note, so that there is room for what is filled in.
TemplateText = Annotated[PlainText, StringConstraints(min_length=1, max_length=1000)]


class RatingDraft(Draft):
    """A rating (评价)."""

    stars: Stars
    reasons: list[RatingReason] = Field(default=[], max_length=5)
    text: Note | None = None

    @model_validator(mode="after")
    def names_reasons_once(self) -> Self:
        """Each reason is named once."""
        each_once(self.reasons, "理由", "a reason")
        return self


class RatingOut(Out):
    report_id: UUID
    stars: int
    reasons: list[RatingReason]
    text: str | None
    created_at: Instant


class CaseRatingOut(Out):
    stars: int
    reasons: list[ChoiceOfReason]
    text: str | None
    created_at: Instant


class CaseRatingList(Out):
    items: list[CaseRatingOut]


class FollowUpDraft(Draft):
    """A call to a reporter after the end (回访); who was reached has a verdict."""

    reached: bool = Field(strict=True)
    verdict: Verdict | None = None
    text: Note | None = Field(None, description="For staff")

    @model_validator(mode="after")
    def has_a_verdict_when_reached(self) -> Self:
        """A verdict stands exactly where somebody was reached."""
        if self.reached != (self.verdict is not None):
            raise Unfit(
                "联系上了才有、也必须有回访结果",
                "a verdict is needed when, and only when, somebody was reached",
            )
        return self


class FollowUpOut(Out):
    id: UUID
    by: str | None = Field(description="Who called, by display name")
    reached: bool
    verdict: Verdict | None
    text: str | None
    created_at: Instant


class FollowUpList(Out):
    items: list[FollowUpOut]


class SatisfactionOut(Out):
    """Figures over the cases that were last closed in the period and still are."""

    region_code: str
    first_day: str = Field(examples=["2026-11-01"])
    last_day: str = Field(examples=["2026-11-30"])
    closed: int = Field(description="Closed cases: as many as the list of cases has")
    rated: int = Field(description="Of these, cases with at least one rating")
    ratings: int = Field(description="Ratings of these cases; each co-reporter has one")
    average_hundredths: int | None = Field(
        description="Average stars in hundredths, half up: 433 is 4.33; null without ratings"
    )
    good: int = Field(description="Ratings of four or five stars")
    good_permille: int | None = Field(description="`good` of `ratings`, half up")
    reached: int = Field(description="Cases whose reporter was reached; the last verdict counts")
    satisfied: int
    partly: int
    dissatisfied: int
    satisfied_permille: int | None = Field(description="`satisfied` of `reached`, half up")


class SatisfactionCaseOut(Out):
    id: UUID
    number: str = Field(examples=["500152-20261121-0001"])
    closed_at: Instant
    stars: list[int] = Field(description="Of each rating, the first one first")
    verdict: Verdict | None = Field(description="Of the last call that reached somebody")


class TemplateDraft(Draft):
    """An official answer (答复模板)."""

    region_code: Code
    category_code: Code | None = Field(None, description="A 小类, a 大类, or null for any")
    move: AnswerMove
    reason_code: Reason | None = Field(None, description="A reason to reject, an outcome to close")
    name: Name
    text: TemplateText = Field(examples=["案件 {number}（{category}）已由{grid}处置完毕。"])


class TemplateOut(Out):
    id: UUID
    region_code: str
    category_code: str | None
    move: AnswerMove
    reason_code: str | None
    name: str
    text: str
    active: bool
    updated_at: Instant


class AnswerOut(Out):
    template_id: UUID
    name: str
    text: str = Field(description="Filled in: what can be sent as `public_note`")


class AnswerList(Out):
    items: list[AnswerOut]


class UpdateDraft(Draft):
    """News of an open case for its reporters."""

    text: Note

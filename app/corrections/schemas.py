"""The words of corrections at the edge."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Discriminator, Field, Tag, model_validator

from app.kit.fields import Unfit
from app.kit.schema import Code, Draft, Instant, Note, Out
from app.rewards.rules import MOST_BY_HAND
from app.rewards.schemas import Handed

Kind = Literal["award", "reverse", "refund", "refund_hold"]
State = Literal["proposed", "approved", "declined"]


class AwardDraft(Draft):
    """Points by hand (人工加分), by the region's rule for it."""

    kind: Literal["award"]
    person: Code = Field(description="The member's number")
    region: Code = Field(description="Where it was earned: its fund pays")
    event: Handed = Field("manual.awarded", description="What for; its rule says how many")
    points: Annotated[int, Field(strict=True, ge=1, le=MOST_BY_HAND)] | None = Field(
        None, description="Of manual.awarded, at most what the rule says; else the rule says it"
    )
    hours: Annotated[int, Field(strict=True, ge=1, le=24)] | None = Field(
        None, description="Of activity.attended: the rule pays each"
    )
    cause: Note = Field(description="Told to the person")

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """Points are chosen by hand, hours are of an activity, a suggestion has neither."""
        if (self.points is None) == (self.event == "manual.awarded"):
            raise Unfit(
                "分值只用于人工奖励，且必填", "points are for manual.awarded, which needs them"
            )
        if (self.hours is None) == (self.event == "activity.attended"):
            raise Unfit(
                "时长只用于参加活动，且必填", "hours are for activity.attended, which needs them"
            )
        return self


class ReverseDraft(Draft):
    """A settled award taken back (冲正); what was spent is owed."""

    kind: Literal["reverse"]
    source: UUID = Field(description="The award's id")
    cause: Note = Field(description="Told to the person")


class RefundDraft(Draft):
    """Goods taken back (退货); their points return to the lots that they came from."""

    kind: Literal["refund"]
    source: UUID = Field(description="The redemption's id")
    restock: bool = Field(strict=True, description="Whether the goods go back on the shelf")
    cause: Note = Field(description="Told to the person")


class RefundHoldDraft(Draft):
    """Goods of an external store taken back (商户退货); their points return as with `refund`."""

    kind: Literal["refund_hold"]
    source: UUID = Field(description="The till hold's id")
    cause: Note = Field(description="Told to the person")


def _kind(draft: Any) -> str | None:
    kind = draft.get("kind") if isinstance(draft, dict) else getattr(draft, "kind", None)
    return kind if isinstance(kind, str) else None


# Told apart by a function: pydantic's own words for a field would repeat what was sent.
CorrectionDraft = Annotated[
    Annotated[AwardDraft, Tag("award")]
    | Annotated[ReverseDraft, Tag("reverse")]
    | Annotated[RefundDraft, Tag("refund")]
    | Annotated[RefundHoldDraft, Tag("refund_hold")],
    Discriminator(
        _kind,
        custom_error_type="kind_unknown",
        custom_error_message="kind is award, reverse, refund or refund_hold",
    ),
]


class ApprovalDraft(Draft):
    decision: Note | None = None


class DeclineDraft(Draft):
    decision: Note = Field(description="Why; told to who proposed it")


class CorrectionOut(Out):
    id: UUID
    kind: Kind
    person: str = Field(description="The member's number")
    region_code: str
    source: UUID | None = Field(description="The award's, the redemption's or the till hold's id")
    event: str | None = Field(description="What points by hand are for")
    hours: int | None = Field(description="Of an activity")
    points: int | None
    restock: bool | None
    cause: str
    state: State
    proposed_by: str = Field(description="Name of the member of staff")
    proposed_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    decision: str | None

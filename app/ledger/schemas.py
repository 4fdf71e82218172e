"""The words of points and funds at the edge."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit.schema import Code, Draft, Instant, Name, Note, Out
from app.ledger.models import Contributor


class PointsOut(Out):
    spendable: int = Field(description="Points that can be redeemed now")
    on_the_way: int = Field(description="Earned; spendable when the case is closed and unopposed")
    held: int = Field(description="Held for redemptions that wait for their code")
    next_expiry: Instant | None = Field(description="When the first spendable points expire")
    next_expiry_points: int
    owed: int = Field(
        description="Points that a reversal could not take back: paid first from what comes next"
    )


class EntryOut(Out):
    id: UUID
    kind: str = Field(description="accrue, settle, void, redeem, fulfil, cancel, expire, ..")
    points: int = Field(description="Change of what is on the account; negative when it leaves")
    reason: str = Field(examples=["report_fixed"])
    source: str = Field(description="What caused it: an award's or a redemption's id")
    created_at: Instant


class FundChange(Draft):
    name: Name = Field(examples=["暖新积分兑换资金池"])
    purpose: Note = Field(examples=["感谢新就业群体"])
    state: Literal["active", "closed"]
    shards: int = Field(strict=True, ge=1, le=64, description="Never fewer than there are")


class FundDraft(Draft):
    code: Code = Field(description="Begins the numbers of its receipts", examples=["nuanxin"])
    name: Name = Field(examples=["暖新积分兑换资金池"])
    purpose: Note = Field(examples=["感谢新就业群体"])
    region_code: Code
    rate_fen: int = Field(
        strict=True, ge=1, le=100_000, examples=[100],
        description="Fen of money behind one point; it never changes",
    )  # fmt: skip
    shards: int = Field(
        default=1, strict=True, ge=1, le=64, description="So many can draw from it at once"
    )


class CoverageOut(Out):
    """Money against points, each counted from its own books; both sums are the same fen."""

    points_out: int = Field(description="On people's accounts, on their way, or held")
    points_fen: int = Field(description="What these points are worth at their rate")
    reserved_fen: int = Field(description="Money that stands behind them")
    ratio: float | None = Field(description="1.0; null when no points are out", examples=[1.0])


class GivenOut(Out):
    """What one kind of givers gave."""

    kind: Contributor
    count: int
    fen: int


class FundOut(Out):
    id: UUID
    code: str
    name: str
    purpose: str
    region_code: str
    rate_fen: int = Field(description="Fen of money behind one point")
    shards: int
    state: Literal["active", "closed"] = Field(description="A closed fund takes no more money")
    contributed_fen: int
    available_fen: int
    reserved_fen: int = Field(description="Behind points that people hold")
    paid_fen: int = Field(description="Owed or paid to merchants for goods handed out")
    returned_fen: int = Field(description="Gone back to those who gave it")
    coverage: CoverageOut
    headroom_points: int = Field(description="Points that the available money can still back")
    days_of_cover: int | None = Field(
        description="Days that it lasts at the last 30 days' rate; null when nothing was drawn"
    )
    by_kind: list[GivenOut]


class FundList(Out):
    items: list[FundOut]


class ContributionDraft(Draft):
    kind: Contributor
    contributor: Name = Field(examples=["潼南区总工会"])
    # Not Fen: its own bound of 0 would win over a tighter one here.
    fen: int = Field(strict=True, ge=1, le=1_000_000_000_000, examples=[5000000])
    note: Note | None = None


class ContributionOut(Out):
    id: UUID
    fund_id: UUID
    kind: Contributor
    contributor: str
    fen: int
    note: str | None
    state: Literal["proposed", "approved", "declined"]
    proposed_at: Instant
    approved_at: Instant | None
    declined_at: Instant | None
    withdrawn: bool = Field(description="Declined by the one who proposed it")
    receipt_no: str | None = Field(examples=["nuanxin-2026-000001"])
    available_fen: int = Field(description="Not yet behind any point")


class ContributionList(Out):
    items: list[ContributionOut]


class ReturnDraft(Draft):
    fen: int = Field(strict=True, ge=1, le=1_000_000_000_000, examples=[100000])
    reason: Note = Field(examples=["项目结束，余款退还"])


class ReturnOut(Out):
    """Money that goes back to its giver, once a second person has approved it."""

    id: UUID
    contribution_id: UUID
    fen: int
    reason: str
    state: Literal["proposed", "approved", "declined"]
    proposed_at: Instant
    decided_at: Instant | None


class ReturnList(Out):
    items: list[ReturnOut]


class ReceiptOut(Out):
    """The receipt (收据) for a contribution that arrived."""

    receipt_no: str = Field(examples=["nuanxin-2026-000001"])
    fund_code: str
    fund_name: str
    purpose: str
    kind: Contributor
    contributor: str
    fen: int
    note: str | None
    received_at: Instant
    handled_by: str = Field(description="Who took it")
    approved_by: str = Field(description="The second person")
    trace_code: str | None = Field(
        description="Whoever has it sees what the money became; null when it can't be made again",
        examples=["7KQ2-M9XD-4TFA-HB3W"],
    )


class MemberPointsOut(Out):
    """What a till may know of a member: no name, no history."""

    member_no: str
    spendable: int

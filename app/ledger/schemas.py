"""The words of points and funds at the edge."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit.schema import Draft, Instant, Name, Note, Out
from app.ledger.models import Contributor


class PointsOut(Out):
    spendable: int = Field(description="Points that can be redeemed now")
    on_the_way: int = Field(description="Earned; spendable when the case is closed and unopposed")
    held: int = Field(description="Held for redemptions that wait for their code")
    next_expiry: Instant | None = Field(description="When the first spendable points expire")
    next_expiry_points: int


class EntryOut(Out):
    id: UUID
    kind: str = Field(description="accrue, settle, void, redeem, fulfil, cancel, expire, ..")
    points: int = Field(description="Change of what is on the account; negative when it leaves")
    reason: str = Field(examples=["report_fixed"])
    source: str = Field(description="What caused it: an award's or a redemption's id")
    created_at: Instant


class FundOut(Out):
    id: UUID
    code: str
    name: str
    purpose: str
    region_code: str
    rate_fen: int = Field(description="Fen of money behind one point")
    contributed_fen: int
    available_fen: int
    reserved_fen: int = Field(description="Behind points that people hold")
    paid_fen: int = Field(description="Owed or paid to merchants for goods handed out")


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
    state: Literal["proposed", "approved"]
    proposed_at: Instant
    approved_at: Instant | None
    available_fen: int = Field(description="Not yet behind any point")


class ContributionList(Out):
    items: list[ContributionOut]


class MemberPointsOut(Out):
    """What a till may know of a member: no name, no history."""

    member_no: str
    spendable: int

"""The words of tracing at the edge."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit.page import Page
from app.kit.schema import Day, Instant, Out
from app.ledger.models import Contributor
from app.ledger.schemas import CoverageOut, GivenOut


class TracedLineOut(Out):
    """One kind of goods of a hand-out, and what the contribution paid of it."""

    item_id: UUID
    code: str
    name: str
    name_en: str
    pieces: int = Field(description="Less than 0 when they came back")
    cost_fen: int = Field(description="What the pieces cost, whoever paid")
    fen: int = Field(description="What this contribution paid of it")


class HandOutOut(Out):
    """Goods handed out, or taken back, with money of the contribution."""

    kind: Literal["handed_out", "came_back"]
    place: str = Field(description="The station, or the external store", examples=["暖新驿站"])
    day: Day
    at: Instant
    reference: str | None = Field(description="An external store's own number of the sale")
    fen: int = Field(description="What this contribution paid; less than 0 when it came back")
    lines: list[TracedLineOut] = Field(description="Empty for an external store")


class TraceOut(Page[HandOutOut]):
    """What a contribution became: contributed = available + reserved + paid + returned."""

    fund_id: UUID
    contribution_id: UUID
    kind: Contributor
    contributor: str
    state: Literal["proposed", "approved", "declined"]
    receipt_no: str | None
    contributed_fen: int
    available_fen: int = Field(description="Behind no point yet")
    reserved_fen: int = Field(description="Behind points that people hold")
    reserved_points: int = Field(description="Whole points that it stands behind")
    paid_fen: int = Field(description="What all pages of `items` sum up to")
    returned_fen: int = Field(description="Gone back to the giver")


class PublicGivenOut(Out):
    """A contribution as everybody may read it."""

    kind: Contributor
    contributor: str = Field(description="Of a villager no more than the first character")
    fen: int
    day: Day
    receipt_no: str | None


class BoughtOut(Out):
    """Goods that a fund paid for."""

    code: str
    name: str
    name_en: str
    pieces: int
    fen: int


class PublicWaitingOut(Out):
    """What waits for a fund's money, in sight of everyone and without a name."""

    count: int = Field(description="Awards")
    points: int
    since: Day | None = Field(description="Since when the first of them waits; null for none")


class PublicFundOut(Page[PublicGivenOut]):
    """A fund in public: what it was given, what stands behind points, what it bought."""

    id: UUID
    code: str
    name: str
    purpose: str
    region_code: str
    rate_fen: int
    state: Literal["active", "closed"]
    contributed_fen: int
    available_fen: int
    reserved_fen: int
    paid_fen: int = Field(
        description="For goods that were handed out, since the fund began; those of the last days"
        " are in `goods` and `external_fen`"
    )
    returned_fen: int = Field(description="Gone back to those who gave it")
    coverage: CoverageOut
    by_kind: list[GivenOut]
    goods_since: Day = Field(description="The first day of `goods` and `external_fen`: 30 in all")
    goods: list[BoughtOut] = Field(description="Since `goods_since`, without what came back")
    external_fen: int = Field(
        description="Since `goods_since`: paid for goods of external stores, without what came back"
    )
    waiting: PublicWaitingOut


class WaitingAwardOut(Out):
    """An award in the line, without whose it is."""

    id: UUID
    event: str
    points: int
    days: int = Field(description="Business days since it waits; 0 on the first")


class WaitingOut(Out):
    """Awards that wait for a fund's money, in the order in which they will be paid."""

    fund_id: UUID
    count: int
    points: int
    fen: int = Field(description="Money that all of them need")
    available_fen: int
    days: int | None = Field(description="Days that the first in line waits")
    items: list[WaitingAwardOut] = Field(description="The first in line, up to `limit`")

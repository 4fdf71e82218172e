"""The words of a fund's report; all money in fen."""

from datetime import date
from uuid import UUID

from pydantic import Field

from app.kit.schema import Out
from app.ledger.models import Contributor


class FundSumsOut(Out):
    """What moved. Points that changed their purse moved no money, and are in none of these."""

    contributed: int
    drawn: int = Field(description="Put behind points that were earned, or given back")
    returned: int = Field(description="Free again: points expired, were voided or cost less")
    paid: int = Field(description="Owed to merchants for goods handed out")
    refunded: int = Field(description="Behind points again: goods came back")
    given_back: int = Field(description="Gone back to those who gave it")


class FundMonthOut(FundSumsOut):
    month: str = Field(examples=["2026-11"])


class StandOut(Out):
    """contributed = available + reserved + paid + given_back."""

    contributed: int
    available: int
    reserved: int
    paid: int = Field(description="Less what was refunded")
    given_back: int


class GivenByOut(Out):
    kind: Contributor
    contributor: str
    count: int
    fen: int


class BoughtOut(Out):
    """Goods of one kind that the fund paid for; an external store's goods are one row."""

    item_id: UUID | None
    code: str = Field(description="The item's code, or the program's id")
    name: str
    name_en: str
    pieces: int = Field(description="Handed out, the fund paying all of it or a part; else 0")
    pieces_back: int
    fen: int = Field(description="The fund's part, less what was refunded")


class FundReportOut(Out):
    fund_id: UUID
    code: str
    name: str
    purpose: str
    region_code: str
    first_day: date = Field(description="A business day, Asia/Shanghai")
    last_day: date
    opening: StandOut
    closing: StandOut
    totals: FundSumsOut
    months: list[FundMonthOut]
    contributions: list[GivenByOut]
    goods: list[BoughtOut] = Field(description="Together they are paid less refunded")

"""The words of statements at the edge."""

from app.statements.schemas.funds import (
    BoughtOut,
    FundMonthOut,
    FundReportOut,
    FundSumsOut,
    GivenByOut,
    StandOut,
)
from app.statements.schemas.points import (
    EntryDetailOut,
    EntryLineOut,
    LotPartOut,
    PointsStatementOut,
    RedeemedItemOut,
    RedeemedOut,
    TotalOut,
)
from app.statements.schemas.stations import (
    DayReportOut,
    FlowOut,
    ItemDayOut,
    KeeperDayOut,
    ShelfDayOut,
)

__all__ = [
    "BoughtOut",
    "DayReportOut",
    "EntryDetailOut",
    "EntryLineOut",
    "FlowOut",
    "FundMonthOut",
    "FundReportOut",
    "FundSumsOut",
    "GivenByOut",
    "ItemDayOut",
    "KeeperDayOut",
    "LotPartOut",
    "PointsStatementOut",
    "RedeemedItemOut",
    "RedeemedOut",
    "ShelfDayOut",
    "StandOut",
    "TotalOut",
]

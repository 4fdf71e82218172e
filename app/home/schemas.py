"""The words of the home page."""

from pydantic import Field

from app.kit.schema import Out
from app.ledger.schemas import PointsOut


class SummaryOut(Out):
    name: str
    member_no: str
    points: PointsOut
    open_reports: int = Field(description="Reports that are still being worked on")
    held_redemptions: int
    unread_messages: int

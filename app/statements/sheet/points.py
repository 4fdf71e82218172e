"""A member's own statement as a paper."""

from collections.abc import Iterator
from typing import Any

from app.kit.clock import moment
from app.kit.papers import Paper, Part
from app.statements.schemas import PointsStatementOut
from app.statements.texts import KINDS

COLUMNS = {
    "at": "时间", "kind": "类型", "points": "积分变动", "balance": "余额", "reason": "原因",
    "source": "来源编号", "id": "明细编号",
}  # fmt: skip
TOTALS = {"kind": "类型", "count": "笔数", "came": "增加", "went": "减少"}


def paper(shown: PointsStatementOut) -> Paper:
    facts = (
        ("会员号", shown.member_no), ("期间", f"{shown.first_day} 至 {shown.last_day}"),
        ("期初积分", shown.opening), ("期末积分", shown.closing),
        ("说明", "余额为账户积分：可用与公示中之和，不含兑换冻结的积分"),
    )  # fmt: skip
    totals = [
        {**total.model_dump(), "kind": KINDS.get(total.kind, total.kind)} for total in shown.totals
    ]
    parts = (
        Part("积分明细", COLUMNS, list(_rows(shown)), (9, 7, 5, 4, 8, 13, 13)),
        Part("分类合计", TOTALS, totals),
    )
    return Paper("积分对账单", f"points-{shown.first_day}-{shown.last_day}", facts, parts)


def _rows(shown: PointsStatementOut) -> Iterator[dict[str, Any]]:
    yield {"kind": "期初", "balance": shown.opening}
    for line in shown.entries:
        yield {
            "at": moment(line.created_at), "kind": KINDS.get(line.kind, line.kind),
            "points": line.points, "balance": line.balance, "reason": line.reason,
            "source": line.source, "id": str(line.id),
        }  # fmt: skip
    yield {"kind": "期末", "balance": shown.closing}

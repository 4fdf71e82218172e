"""A station's day as a paper."""

from typing import Any

from app.kit.clock import moment
from app.kit.papers import Paper, Part, Yuan
from app.kit.schema import Out
from app.statements.schemas import DayReportOut
from app.statements.texts import FLOWS, WHY

SUMS = {
    "count": "笔数",
    "pieces": "件数",
    "points": "积分",
    "yuan": "金额（元）",
    "fen": "金额（分）",
}
ITEMS = {
    "code": "编码", "name": "商品", **FLOWS, "points": "核销积分", "yuan": "核销金额（元）",
    "fen": "核销金额（分）",
}  # fmt: skip
SHELF = {
    "code": "编码", "name": "商品", "opening": "期初", "restocked": "入库", "transferred": "调拨",
    "adjusted": "盘点", "handed_out": "核销", "returned": "退回", "closing": "期末",
    "reserved": "其中待核销",
}  # fmt: skip
EXCEPTIONS = {
    "created": "登记时间", "accepted": "收码时间", "acceptance": "收码编号", "why": "原因",
    "keeper": "店主", "closed": "处理", "note": "处理说明",
}  # fmt: skip


def paper(shown: DayReportOut) -> Paper:
    facts = (
        ("驿站", f"{shown.station_name}（{shown.station_id}）"), ("日期", shown.day.isoformat()),
        ("状态", "已结束" if shown.final else "当日尚未结束"),
    )  # fmt: skip
    flows = [{**_money(flow), "what": FLOWS[flow.what]} for flow in shown.redemptions]
    parts = (
        Part("兑换情况", {"what": "类型", **SUMS}, flows),
        Part("按店主核销", {"name": "店主", **SUMS}, [_money(keeper) for keeper in shown.keepers]),
        Part("按商品", ITEMS, [_money(item) for item in shown.items]),
        Part("库存变动", SHELF, [row.model_dump() for row in shown.shelf]),
        Part("离线异常", EXCEPTIONS, [_exception(one) for one in shown.exceptions]),
    )
    return Paper("驿站日报", f"station-{shown.station_id}-{shown.day}", facts, parts)


def _money(row: Any) -> dict[str, Any]:
    assert isinstance(row, Out)
    fields = row.model_dump()
    return {**fields, "yuan": Yuan(fields["fen"])}


def _exception(one: Any) -> dict[str, Any]:
    return {
        "created": moment(one.created_at), "accepted": moment(one.accepted_at),
        "acceptance": one.acceptance, "why": WHY[one.why], "keeper": one.keeper,
        "closed": f"{one.closed_by or ''} {moment(one.closed_at)}".strip(),
        "note": one.closing_note,
    }  # fmt: skip

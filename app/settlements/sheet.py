"""A merchant's statement as a paper: no member is named, and amounts are in yuan."""

from collections.abc import Iterator
from typing import Any

from app.kit.clock import moment
from app.kit.papers import Paper, Part, Yuan
from app.settlements.schemas import SettledLineOut, StatementDetailOut

STATES = {"drawn": "待审批", "approved": "已审批待付款", "paid": "已付款", "dropped": "已作废"}
KINDS = {"fulfil": "兑换", "refund": "退回"}
COLUMNS = {
    "row": "序号", "at": "时间", "kind": "类型", "reference": "兑换编号或商户单号",
    "items": "商品", "yuan": "金额（元）", "fen": "金额（分）",
}  # fmt: skip
WIDTHS = (4, 9, 4, 16, 15, 6, 6)


def paper(shown: StatementDetailOut) -> Paper:
    """The statement with its lines and their sum in the last row."""
    facts = (
        ("结算单号", shown.number), ("商户", f"{shown.merchant_name}（{shown.merchant}）"),
        ("结算期", f"{shown.first_day} 至 {shown.last_day}"),
        ("应付金额（元）", Yuan(shown.fen)), ("应付金额（分）", shown.fen),
        ("状态", STATES[shown.state]),
        ("制单", f"{shown.drawn_by} {moment(shown.drawn_at)}"),
        ("审批", f"{shown.approved_by or ''} {moment(shown.approved_at)}".strip()),
        ("付款", f"{shown.paid_by or ''} {moment(shown.paid_at)}".strip()),
        ("付款凭证号", shown.payment_ref or ""),
    )  # fmt: skip
    total = {"row": "合计", "yuan": Yuan(shown.fen), "fen": shown.fen}
    if shown.state == "dropped":
        total = {"row": "已作废"}
    part = Part("结算明细", COLUMNS, [*_rows(shown.lines), total], WIDTHS)
    return Paper(f"商户结算单 {shown.number}", shown.number, facts, [part])


def _rows(lines: list[SettledLineOut]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        yield {
            "row": number, "at": moment(line.at), "kind": KINDS[line.kind],
            "reference": str(line.redemption_id or line.reference or ""),
            "items": "、".join(f"{item.name}×{item.quantity}" for item in line.items),
            "yuan": Yuan(line.fen), "fen": line.fen,
        }  # fmt: skip

"""A fund's report as a paper; amounts in yuan."""

from typing import Any

from app.kit.papers import Paper, Part, Yuan
from app.statements.schemas import BoughtOut, FundReportOut, FundSumsOut, StandOut
from app.statements.texts import GIVERS

SUMS = {
    "contributed": "注资（元）", "drawn": "计提（元）", "returned": "退回资金池（元）",
    "paid": "应付商户（元）", "refunded": "退货冲回（元）",
    "given_back": "退还出资方（元）",
}  # fmt: skip
STAND = {
    "when": "时点", "contributed": "累计注资（元）", "available": "可用（元）",
    "reserved": "积分备付（元）", "paid": "已兑付（元）", "given_back": "累计退还出资方（元）",
}  # fmt: skip
GIVEN = {"kind": "类别", "contributor": "出资方", "count": "笔数", "yuan": "金额（元）"}
GOODS = {
    "code": "编码", "name": "商品或外部超市", "pieces": "核销件数", "back": "退回件数",
    "yuan": "本资金池承担（元）",
}  # fmt: skip


def paper(shown: FundReportOut) -> Paper:
    facts = (
        ("资金池", f"{shown.name}（{shown.code}）"), ("用途", shown.purpose),
        ("期间", f"{shown.first_day} 至 {shown.last_day}"),
    )  # fmt: skip
    stands = [_stand("期初", shown.opening), _stand("期末", shown.closing)]
    months = [{"month": month.month, **_sums(month)} for month in shown.months]
    total = {"month": "合计", **_sums(shown.totals)}
    given = [
        {
            "kind": GIVERS[one.kind], "contributor": one.contributor, "count": one.count,
            "yuan": Yuan(one.fen),
        }
        for one in shown.contributions
    ]  # fmt: skip
    parts = (
        Part("期初与期末", STAND, stands),
        Part("按月", {"month": "月份", **SUMS}, [*months, total]),
        Part("注资", GIVEN, given, (3, 6, 2, 3)),
        Part("兑换商品", GOODS, [_bought(one) for one in shown.goods], (3, 5, 2, 2, 3)),
    )
    name = f"fund-{shown.code}-{shown.first_day}-{shown.last_day}"
    return Paper("资金池报告", name, facts, parts)


def _stand(when: str, stand: StandOut) -> dict[str, Any]:
    return {"when": when, **{name: Yuan(fen) for name, fen in stand.model_dump().items()}}


def _sums(sums: FundSumsOut) -> dict[str, Yuan]:
    return {name: Yuan(getattr(sums, name)) for name in SUMS}


def _bought(one: BoughtOut) -> dict[str, Any]:
    return {
        "code": one.code, "name": one.name, "pieces": one.pieces, "back": one.pieces_back,
        "yuan": Yuan(one.fen),
    }  # fmt: skip

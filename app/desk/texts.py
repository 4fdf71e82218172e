"""The Chinese words of exports and print sheets."""

from collections.abc import Mapping
from typing import Any

from app.cases.workflow import MOVES, OUTCOMES

STATUSES = {
    "reported": "待核实", "verifying": "核实中", "filed": "已立案待派遣",
    "dispatched": "已派遣待签收", "in_progress": "处置中", "resolved": "待核查",
    "closed": "已结案", "rejected": "不予立案", "merged": "已并案", "suspended": "挂账",
    "withdrawn": "已撤回",
}  # fmt: skip
SOURCES = {"report": "群众随手拍", "patrol": "网格巡查", "split": "拆分案件"}
CLOCKS = {"accept": "接办", "made_safe": "临时防护", "handle": "处置", "check": "核查"}
CLOCK_STATES = {
    "running": "计时中", "paused": "已暂停", "met": "按时", "missed": "超时", "dropped": "已取消",
}  # fmt: skip
ENTRIES = {
    "note": "内部备注", "overdue": "超期", "warned": "临期提醒", "rating": "评价",
    "asked": "申请重办", "joined": "又有上报人加入", "left": "一名上报人退出",
}  # fmt: skip
_MOVES = {move.name: move.label.zh for move in MOVES} | {"route": "分派到网格"}
_HOW = {
    "grid": "上报位置落在网格内", "chosen_region": "上报位置不在任何网格内，按所选区域分派",
    "district_centre": "上报位置不在任何网格内，归区县中心",
}  # fmt: skip


def status(code: str) -> str:
    return STATUSES.get(code, code)


def outcome(code: str | None) -> str:
    return OUTCOMES[code].zh if code in OUTCOMES else ""


def entry(kind: str, move: str | None) -> str:
    """What an entry of the history is called."""
    return _MOVES.get(move, move) if move else ENTRIES.get(kind, kind)


def routing(why: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Why this region and this post, in sentences; `names` are those of regions by code."""
    told = [_HOW.get(why.get("rule", ""), f"定位方式：{why.get('rule') or '未记录'}") + "。"]
    if grid := why.get("grid"):
        told.append(f"所属网格：{names.get(grid, grid)}（{grid}）。")
    if why.get("border_m") is not None:
        told.append(f"距网格边界约 {why['border_m']:g} 米。")
    others = [c["code"] for c in why.get("candidates") or ()]
    if others:
        told.append(f"相邻候选网格：{'、'.join(names.get(code, code) for code in others)}。")
    if why.get("rule_name"):
        told.append(f"适用规则：第 {why['position']} 条“{why['rule_name']}”。")
    if why.get("unit"):
        told.append(f"责任单位：{why['unit']}。")
    if why.get("nobody"):
        told.append("分派时无人在岗。")
    elif "people" in why:
        told.append(f"分派时可承接 {why['people']} 人。")
    return told

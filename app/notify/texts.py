"""The texts of messages, by kind, in Chinese and English; `{name}` is filled from the data."""

from typing import Any

from app.kit.errors import Words

TEXTS: dict[str, tuple[Words, Words]] = {
    "report.filed": (
        Words("已立案", "Case filed"),
        Words(
            "您上报的问题已立案，案件编号 {number}。感谢您的发现！",
            "What you reported is now case {number}. Thank you!",
        ),
    ),
    "report.dispatched": (
        Words("已派遣", "Someone is on it"),
        Words(
            "案件 {number} 已派给{unit}处置。",
            "Case {number} was given to {unit}.",
        ),
    ),
    "report.closed": (
        Words("已结案", "Case closed"),
        Words(
            "案件 {number} 已结案：{outcome}。{public_note}{points}",
            "Case {number} is closed: {outcome}. {public_note}{points}",
        ),
    ),
    "report.rejected": (
        Words("不予立案", "Not taken on"),
        Words(
            "案件 {number} 未予立案：{reason}。{public_note}",
            "Case {number} was not taken on: {reason}. {public_note}",
        ),
    ),
    "points.settled": (
        Words("积分到账", "Points to spend"),
        Words(
            "{points} 积分已到账，可到积分超市兑换。",
            "{points} points can be spent in the points store.",
        ),
    ),
}


def render(kind: str, data: dict[str, Any], language: str) -> tuple[str, str]:
    """Title and text. A value may be a pair `{"zh": .., "en": ..}`; a missing one is empty."""
    title, text = TEXTS[kind]
    filled = _Blank({k: v.get(language, "") if isinstance(v, dict) else v for k, v in data.items()})
    return title.in_language(language), text.in_language(language).format_map(filled).strip()


class _Blank(dict[str, Any]):
    def __missing__(self, _key: str) -> str:
        return ""

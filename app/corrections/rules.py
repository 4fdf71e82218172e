"""What each kind of correction is called, and what is said of a debt."""

from typing import Any

from app.kit.errors import Words

NAMES = {
    "award": Words("人工加分", "points by hand"),
    "reverse": Words("积分冲正", "reversal of points"),
    "refund": Words("退货退积分", "refund of goods"),
    "refund_hold": Words("商户订单退货退积分", "refund of goods of an external store"),
}
_DEBT = Words(
    "其中 {owed} 积分已使用，将从以后获得的积分中扣回。",
    "{owed} of them were spent already; they are taken from what you earn next.",
)


def debt(owed: int) -> dict[str, Any]:
    """What the person is told of points that were spent already; nothing when none were."""
    if not owed:
        return {"zh": "", "en": ""}
    return {"zh": _DEBT.zh.format(owed=owed), "en": _DEBT.en.format(owed=owed)}

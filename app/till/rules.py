"""A till's business day summed up: totals, a checksum, and the rows of its file."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, get_args

from app.till.schemas import DayHoldOut, Happened, ReconciliationOut, TotalOut

COLUMNS = {
    "row": "行 row", "hold_id": "冻结编号 hold", "reference": "商户单号 reference",
    "state": "状态 state", "count": "笔数 count", "points": "积分 points",
    "cost_fen": "金额（分） fen", "created_at": "创建 created", "resolved_at": "完成 resolved",
}  # fmt: skip


def totals(holds: Sequence[DayHoldOut], start: datetime) -> list[TotalOut]:
    """How many holds, points and fen were created, fulfilled, cancelled and expired since `start`.

    The holds are as they stood when the day ended, so whatever is resolved was resolved that day.
    """
    return [_total(what, _of(what, holds, start)) for what in get_args(Happened)]


def _of(what: Happened, holds: Sequence[DayHoldOut], start: datetime) -> list[DayHoldOut]:
    if what == "created":
        return [hold for hold in holds if hold.created_at >= start]
    return [hold for hold in holds if hold.state == what]


def _total(what: Happened, holds: Sequence[DayHoldOut]) -> TotalOut:
    points, fen = sum(hold.points for hold in holds), sum(hold.cost_fen for hold in holds)
    return TotalOut(what=what, count=len(holds), points=points, fen=fen)


def checksum(holds: Sequence[DayHoldOut]) -> str:
    """See `ReconciliationOut.checksum`; no value holds a comma, so nothing needs quotes."""
    lines = "".join(",".join(_words(hold)) + "\n" for hold in holds)
    return hashlib.sha256(lines.encode()).hexdigest()


def _words(hold: DayHoldOut) -> list[str]:
    return [
        str(hold.hold_id), hold.reference, hold.state, str(hold.points), str(hold.cost_fen),
        _instant(hold.created_at), _instant(hold.resolved_at),
    ]  # fmt: skip


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def file_rows(told: ReconciliationOut) -> Iterator[dict[str, Any]]:
    """The rows of the file: the holds, a row for each total, and the checksum in the last."""
    for hold in told.holds:
        names = ("hold_id", "reference", "state", "points", "cost_fen")
        yield {
            "row": "hold", **{name: getattr(hold, name) for name in names},
            "created_at": _instant(hold.created_at), "resolved_at": _instant(hold.resolved_at),
        }  # fmt: skip
    for total in told.totals:
        yield {
            "row": "total", "state": total.what, "count": total.count, "points": total.points,
            "cost_fen": total.fen,
        }  # fmt: skip
    yield {"row": "checksum", "hold_id": told.checksum, "count": len(told.holds)}

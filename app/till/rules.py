"""A till's business day summed up: totals, a checksum, and the rows of its file."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from app.till.schemas import DayHoldOut, DayRefundOut, Happened, ReconciliationOut, TotalOut

RESOLVED: tuple[Happened, ...] = ("fulfilled", "cancelled", "expired")
Line = DayHoldOut | DayRefundOut

COLUMNS = {
    "row": "行 row", "hold_id": "冻结编号 hold", "reference": "商户单号 reference",
    "state": "状态 state", "count": "笔数 count", "points": "积分 points",
    "cost_fen": "金额（分） fen", "created_at": "创建 created", "resolved_at": "完成 resolved",
    "refunded_at": "退货 refunded",
}  # fmt: skip


def totals(
    holds: Sequence[DayHoldOut], refunds: Sequence[DayRefundOut], start: datetime
) -> list[TotalOut]:
    """How many holds, points and fen were created, fulfilled, cancelled, expired and refunded.

    The holds are as they stood when the day that began at `start` ended, so whatever is resolved
    was resolved that day.
    """
    created = [hold for hold in holds if hold.created_at >= start]
    return [
        _total("created", created),
        *(_total(what, [h for h in holds if h.state == what]) for what in RESOLVED),
        _total("refunded", refunds),
    ]


def _total(what: Happened, lines: Sequence[Line]) -> TotalOut:
    points, fen = sum(line.points for line in lines), sum(line.cost_fen for line in lines)
    return TotalOut(what=what, count=len(lines), points=points, fen=fen)


def checksum(holds: Sequence[DayHoldOut], refunds: Sequence[DayRefundOut]) -> str:
    """See `ReconciliationOut.checksum`; no value holds a comma, so nothing needs quotes."""
    lines: list[Line] = [*holds, *refunds]
    words = "".join(",".join(_words(line)) + "\n" for line in lines)
    return hashlib.sha256(words.encode()).hexdigest()


def _words(line: Line) -> list[str]:
    back = isinstance(line, DayRefundOut)
    first, last = ("resolved_at", "refunded_at") if back else ("created_at", "resolved_at")
    return [
        str(line.hold_id), line.reference, line.state, str(line.points), str(line.cost_fen),
        _instant(getattr(line, first)), _instant(getattr(line, last)),
    ]  # fmt: skip


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def file_rows(told: ReconciliationOut) -> Iterator[dict[str, Any]]:
    """The rows of the file: holds, refunds, a row for each total, and the checksum in the last."""
    for kind, lines in (("hold", told.holds), ("refund", told.refunds)):
        yield from (_file_row(kind, line) for line in lines)
    for total in told.totals:
        yield {
            "row": "total", "state": total.what, "count": total.count, "points": total.points,
            "cost_fen": total.fen,
        }  # fmt: skip
    count = len(told.holds) + len(told.refunds)
    yield {"row": "checksum", "hold_id": told.checksum, "count": count}


def _file_row(kind: str, line: Line) -> dict[str, Any]:
    instants = ("created_at", "resolved_at", "refunded_at")
    return {
        "row": kind, **line.model_dump(exclude={*instants}),
        **{name: _instant(getattr(line, name, None)) for name in instants},
    }  # fmt: skip

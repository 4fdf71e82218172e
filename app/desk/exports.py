"""The queue as a file: the rows that the actor sees, in Chinese, without anything of reporters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.categories import queries as categories
from app.desk import queue, texts
from app.desk.queue import Filters
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import clock, sheets
from app.posts.models import Unit

MOST_ROWS = 20_000
PAGE = 100
# More ids than this in one statement is more than an engine may take.
BATCH = 500
COLUMNS = {
    "number": "案件编号", "status": "状态", "category": "类别", "region": "网格", "source": "来源",
    "description": "描述", "address": "地址", "hazard": "紧急", "due": "时限",
    "overdue": "是否超期", "assignee": "责任人", "unit": "责任单位", "outcome": "结果",
    "returns": "退单次数", "rework": "返工次数", "created": "上报时间", "updated": "更新时间",
}  # fmt: skip
Format = Literal["xlsx", "csv"]


@dataclass(frozen=True)
class Table:
    """The rows of a file; `truncated` when there were more than it may hold."""

    rows: list[dict[str, Any]]
    count: int
    truncated: bool


@dataclass(frozen=True)
class _Names:
    people: Mapping[UUID, str]
    units: Mapping[str, str]
    categories: Mapping[str, str]


def table(tx: Session, actor: Actor, wanted: Filters) -> Table:
    """What the actor sees of the queue, newest first, up to MOST_ROWS."""
    found: list[Any] = []
    cursor = None
    while True:
        page = queue.queue(tx, actor, wanted, PAGE, cursor)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None or len(found) >= MOST_ROWS:
            break
    shown = found[:MOST_ROWS]
    truncated = cursor is not None or len(found) > MOST_ROWS
    names, now = _names(tx, shown), clock.now()
    rows = [_row(case, names, now) for case in shown]
    if truncated:
        rows.append({"number": f"仅导出前 {MOST_ROWS} 条，其余未列出，请缩小筛选范围"})
    return Table(rows, len(shown), truncated)


def file(made: Table, kind: Format) -> bytes:
    """The table as a file; no cell of it can calculate."""
    if kind == "csv":
        return sheets.write_csv(made.rows, COLUMNS)
    return sheets.write_xlsx(made.rows, COLUMNS, "案件")


def _names(tx: Session, cases: list[Any]) -> _Names:
    given = sorted({case.assignee_id for case in cases if case.assignee_id})
    people: dict[UUID, str] = {}
    for first in range(0, len(given), BATCH):
        people |= identity.names(tx, set(given[first : first + BATCH]))
    units: Any = tx.execute(select(Unit.code, Unit.name)).all()
    return _Names(people, dict(units), categories.names(tx))


def _row(case: Any, names: _Names, now: datetime) -> dict[str, Any]:
    return {
        "number": case.number,
        "status": texts.status(case.status),
        "category": names.categories.get(case.category_code, case.category_code),
        "region": case.region_name,
        "source": texts.SOURCES.get(case.source, case.source),
        "description": case.description,
        "address": case.address,
        "hazard": "是" if case.hazard else "否",
        "due": clock.moment(case.due_at),
        "overdue": "是" if case.due_at is not None and case.due_at < now else "否",
        "assignee": names.people.get(case.assignee_id),
        "unit": names.units.get(case.unit_code, case.unit_code),
        "outcome": texts.outcome(case.outcome),
        "returns": case.returns,
        "rework": case.rework,
        "created": clock.moment(case.created_at),
        "updated": clock.moment(case.updated_at),
    }

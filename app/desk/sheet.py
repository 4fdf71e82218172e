"""What a case's print sheet says, read in one unit; never a word about who reported it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import history, photos, queries
from app.cases.schemas import CaseEventOut
from app.cases.seen import Seen
from app.categories import queries as categories
from app.clocks import queries as clocks
from app.desk import texts
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import clock
from app.media.views import visible
from app.posts.models import Unit
from app.regions.models import Region

# A page holds six; whoever needs all of a case's photos looks at the case.
MOST_PHOTOS = 9
HASH = 12


@dataclass(frozen=True)
class Facts:
    """All that is drawn: text, and the ids of photos whose files are read when it is."""

    number: str
    printed_at: datetime
    facts: list[tuple[str, str]]
    routing: list[str]
    clocks: list[tuple[str, ...]]
    before: list[UUID]
    after: list[UUID]
    left_out: int
    history: list[tuple[str, ...]]


def read(tx: Session, actor: Actor, case_id: UUID) -> Facts:
    """The sheet of one case. Raises CaseNotFound."""
    at = queries.get_case(tx, actor, case_id)
    before = [photo.id for photo in visible(photos.before(tx, at.case))]
    after = [photo.id for photo in visible(photos.after(tx, case_id))]
    names = _regions(tx, at)
    return Facts(
        number=at.case.number,
        printed_at=clock.now(),
        facts=_facts(tx, at, names),
        routing=texts.routing(at.case.routing, names),
        clocks=[_clock(row) for row in clocks.of_case(tx, case_id)],
        before=before[:MOST_PHOTOS],
        after=after[:MOST_PHOTOS],
        left_out=max(len(before) - MOST_PHOTOS, 0) + max(len(after) - MOST_PHOTOS, 0),
        history=[_entry(event) for event in history.events(tx, case_id)],
    )


def _regions(tx: Session, at: Seen) -> dict[str, str]:
    """The names of the regions above the case, and of those that its routing speaks of."""
    others = [c["code"] for c in at.case.routing.get("candidates") or ()]
    codes = [*at.path.strip("/").split("/"), *others]
    rows: Any = tx.execute(select(Region.code, Region.name).where(Region.code.in_(codes)))
    return dict(rows.all())


def _facts(tx: Session, at: Seen, names: dict[str, str]) -> list[tuple[str, str]]:
    case = at.case
    people = identity.names(tx, {case.assignee_id} - {None})
    unit = tx.get(Unit, case.unit_code) if case.unit_code else None
    where = "".join(names.get(code, code) for code in at.path.strip("/").split("/"))
    here = f"{case.lat:.6f}, {case.lng:.6f}（WGS-84）" if case.lat is not None else ""
    told = [
        ("案件编号", case.number),
        ("状态", texts.status(case.status) + ("（紧急）" if case.hazard else "")),
        ("类别", categories.names(tx).get(case.category_code, case.category_code or "未定")),
        ("来源", texts.SOURCES.get(case.source, case.source)),
        ("所属区域", where),
        ("地址", case.address or ""),
        ("坐标", here),
        ("描述", case.description),
        ("责任人", people.get(case.assignee_id, "")),
        ("责任单位", unit.name if unit else ""),
        ("退单与返工", f"退单 {case.returns} 次，返工 {case.rework} 次"),
        ("当前时限", clock.moment(case.due_at)),
        ("结果", texts.outcome(case.outcome)),
        ("上报时间", clock.moment(case.created_at)),
        ("更新时间", clock.moment(case.updated_at)),
    ]
    return [(name, value) for name, value in told if value]


def _clock(row: Any) -> tuple[str, ...]:
    return (
        texts.CLOCKS.get(row.kind, row.kind), clock.moment(row.started_at),
        clock.moment(row.due_at), texts.CLOCK_STATES.get(row.state, row.state),
        clock.moment(row.stopped_at),
    )  # fmt: skip


def _entry(event: CaseEventOut) -> tuple[str, ...]:
    said: Sequence[str | None] = (event.note, event.public_note and f"对外：{event.public_note}")
    words = "\n".join(text for text in said if text)
    return (
        str(event.position), clock.moment(event.at), texts.entry(event.kind, event.move),
        event.actor or "", words, event.hash[:HASH],
    )  # fmt: skip

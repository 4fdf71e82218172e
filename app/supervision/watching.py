"""What the worker watches: clocks that are near, past, or to be told further up; late answers.

Every finding is its own unit that begins with the case's lock, so a worker that is killed leaves
nothing half done, and two of them never tell the same thing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.calendars.queries import calendar_of
from app.cases import history
from app.cases import queries as cases
from app.cases.seen import Seen, path_to
from app.cases.workflow import CHECKERS, GRID, HEADS
from app.clocks import queries as clocks
from app.clocks.schemas import Mark
from app.clocks.service import mark
from app.kit import clock, outbox
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.notify import service as notify
from app.regions.queries import root_of
from app.supervision import queries, rules
from app.supervision.models import Escalation

# After an outage the rest follows a minute later.
MOST_AT_ONCE = 500


def look(tx: Session, now: datetime) -> None:
    """Asks for a unit of its own for each clock whose moment has come, and each late answer."""
    for clock_id in clocks.to_look(tx, now, MOST_AT_ONCE):
        row = clocks.find_clock(tx, clock_id)
        if row is not None and row.look_at is not None:
            once = f"clock.passed:{clock_id}:{row.look_at.isoformat()}"
            outbox.enqueue(tx, "clock.passed", unique=once, clock_id=clock_id)
    for order_id in queries.unanswered(tx, now, MOST_AT_ONCE):
        once = f"supervision.passed:{order_id}"
        outbox.enqueue(tx, "supervision.passed", unique=once, order_id=order_id)


def passed(tx: Session, clock_id: UUID) -> None:
    """Marks a clock whose moment has come and tells whom it concerns; else leaves it alone."""
    found = clocks.find_clock(tx, clock_id)
    if found is None:
        return
    # The case before the clock, as everyone who changes both.
    at, now = cases.by_id(tx, found.case_id), clock.now()
    made = mark(tx, clock_id, now, calendar_of(tx, root_of(at.path)))
    # Read again: what was read without the lock may be of before a pause or an extension.
    row = clocks.find_clock(tx, clock_id)
    if made is None or row is None:
        return
    if made == "warned":
        _record(tx, at, "warned", row)
        _tell(tx, at, row, "clock.warned", _concerned(tx, at, row.kind, now))
        return
    if made == "overdue":
        _record(tx, at, "overdue", row)
        _tell(tx, at, row, "clock.overdue", _concerned(tx, at, row.kind, now))
    _step_up(tx, at, row, made, now)


def _concerned(tx: Session, at: Seen, kind: str, now: datetime) -> list[UUID]:
    """Who has to do something before this clock runs out."""
    if kind == "check":
        return queries.on_duty(tx, at.level_path, CHECKERS, now)
    having = cases.handlers(tx, at.case, now) if kind != "accept" else []
    return having or queries.on_duty(tx, at.level_path, GRID, now)


def _step_up(tx: Session, at: Seen, row: Any, made: Mark, now: datetime) -> None:
    """One more level hears of an overdue clock, at most the district."""
    before, last = queries.steps(tx, row.id, row.overdue_at)
    if made == "overdue":
        last = None
    region = rules.next_step(at.path, at.level_path, last.region_code if last else None)
    if region is None:
        return
    heads = queries.on_duty(tx, path_to(at.path, region), HEADS, now)
    # The number follows from the clock, not from the rows: the same step made twice would break
    # the UNIQUE of the table.
    level = before + row.level + 1
    insert_row(
        tx, Escalation, id=new_id(), case_id=at.case.id, clock_id=row.id, level=level,
        region_code=region, told=[str(person) for person in heads], created_at=now,
    )  # fmt: skip
    _record(tx, at, "escalated", row, level=level, region_code=region)
    _tell(tx, at, row, "clock.escalated", heads, level=level)


def _record(tx: Session, at: Seen, kind: str, row: Any, **more: Any) -> None:
    data = {"clock": row.kind, "round": row.round, "due_at": row.due_at.isoformat(), **more}
    history.record(tx, at.case.id, kind, actor_id=None, data=data)


def _tell(
    tx: Session, at: Seen, row: Any, kind: str, people: list[UUID], level: int | None = None
) -> None:
    number = at.case.number
    # A deadline that moved is another one to be told of.
    subject = f"{number}/{row.kind}/{row.due_at:%Y%m%dT%H%M%S}"
    facts = {
        "number": number, "clock": rules.CLOCKS[row.kind]._asdict(), "place": at.region_name,
        "due": clock.moment(row.due_at),
    }  # fmt: skip
    for person_id in people:
        notify.tell(tx, person_id, kind, f"{subject}/{level}" if level else subject, **facts)


def answer_due(tx: Session, order_id: UUID) -> None:
    """Tells whoever gave an order, once, that its answer is late."""
    now, case_id = clock.now(), queries.find_order(tx, order_id).case_id
    cases.by_id(tx, case_id)
    if not queries.is_unanswered(tx, order_id, now):
        return
    order = queries.find_order(tx, order_id)
    history.record(tx, case_id, "answer_overdue", actor_id=None, data={"order": order.number})
    notify.tell(
        tx, order.ordered_by, "supervision.overdue", order.number, number=order.case_number,
        order=order.number, due=clock.moment(order.due_at),
    )  # fmt: skip

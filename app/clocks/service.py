"""Writes to clocks: started, stopped, paused, extended, and marked by the worker.

Whoever calls these holds the lock of the case's row, so a case's clocks change one call at a time.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, null, update
from sqlalchemy.orm import Session

from app.calendars.worktime import USUAL, Calendar
from app.clocks import queries, rules
from app.clocks.errors import ClockNotLive
from app.clocks.models import Clock
from app.clocks.schemas import Mark
from app.kit import clock
from app.kit.columns import IdType, InstantType
from app.kit.db import core, insert_row
from app.kit.ids import new_id

_NOW = bindparam("now", type_=InstantType())
_ALL = update(Clock.__table__)  # type: ignore[arg-type]
_LIVE = _ALL.where(
    Clock.case_id == bindparam("case", type_=IdType()),
    Clock.kind.in_(bindparam("kinds", expanding=True)),
    Clock.state.in_(("running", "paused")),
)
_ENDED = {"stopped_at": _NOW, "paused_at": null(), "left_s": null(), "look_at": null()}
_IN_TIME = case((Clock.state == "paused", Clock.left_s >= 0), else_=Clock.due_at >= _NOW)
_STOP = _LIVE.values(state=case((_IN_TIME, "met"), else_="missed"), **_ENDED)
# What is overdue stays so on the record: a clock taken away late was missed all the same.
_DROP = _LIVE.values(state=case((_IN_TIME, "dropped"), else_="missed"), **_ENDED)


def _one(*names: str, **more: Any) -> Any:
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return _ALL.where(Clock.id == bindparam("this", type_=IdType())).values(**values, **more)


_MARKS = ("warned_at", "overdue_at", "level", "look_at")
_MARK = _one(*_MARKS)
_PAUSE = _one("left_s", state="paused", paused_at=_NOW, look_at=null())
_RESUME = _one("due_at", "warn_at", *_MARKS, state="running", paused_at=null(), left_s=null())
_EXTEND = _one("allowed_s", "due_at", "warn_at", "left_s", *_MARKS)


def start(
    tx: Session,
    case_id: UUID,
    kind: str,
    *,
    calendar: Calendar,
    mode: str,
    hours: int,
    round: int,  # noqa: A002 - the column's name, and what everyone calls it
    rule: dict[str, Any],
) -> datetime:
    """Starts a clock of `hours` and answers its deadline; a live one of its kind ends as by `drop`.

    The rule is frozen with it; `escalate_hours` (24) and `levels` (5) in it say how an overdue
    clock goes up the levels.
    """
    drop(tx, case_id, (kind,))
    now, allowed_s = clock.now(), hours * rules.HOUR_S
    terms = rules.first(now, allowed_s, mode, calendar)
    frozen = {
        "calendar": calendar.version, "mode": mode, "hours": hours, "from": now.isoformat(),
    }  # fmt: skip
    insert_row(
        tx, Clock, id=new_id(), case_id=case_id, kind=kind, round=round, mode=mode,
        rule=rule | frozen, allowed_s=allowed_s, started_at=now, state="running", level=0, **terms,
    )  # fmt: skip
    due_at: datetime = terms["due_at"]
    return due_at


def stop(tx: Session, case_id: UUID, kind: str) -> None:
    """Ends a live clock as met or missed; a paused one by what was left. None live: nothing."""
    core(tx).execute(_STOP, {"case": case_id, "kinds": [kind], "now": clock.now()})


def drop(tx: Session, case_id: UUID, kinds: Iterable[str]) -> None:
    """Ends live clocks that do not count any more as dropped; what is overdue by now as missed."""
    core(tx).execute(_DROP, {"case": case_id, "kinds": list(kinds), "now": clock.now()})


def pause(tx: Session, case_id: UUID, kinds: Iterable[str], calendar: Calendar) -> None:
    """Holds running clocks, and what is left of each in its mode (挂账)."""
    now = clock.now()
    _write(
        tx, _PAUSE,
        [
            {"this": row.id, "now": now, "left_s": rules.seconds_left(row, now, calendar)}
            for row in queries.to_change(tx, case_id, kinds, ("running",))
        ],
    )  # fmt: skip


def resume(tx: Session, case_id: UUID, kinds: Iterable[str], calendar: Calendar) -> None:
    """Lets paused clocks run on with what was left; one that was overdue keeps its deadline."""
    now = clock.now()
    _write(
        tx, _RESUME,
        [
            {"this": row.id, **rules.resumed(row, now, calendar)}
            for row in queries.to_change(tx, case_id, kinds, ("paused",))
        ],
    )  # fmt: skip


def extend(tx: Session, case_id: UUID, kind: str, hours: int, calendar: Calendar) -> datetime:
    """Gives a live clock more hours of its mode (延期), counted from its deadline, and answers the
    new one; while it is paused, the deadline it would have had without the pause.

    A clock that is in time again can be warned, overdue and escalated once more. Raises
    ClockNotLive.
    """
    found = queries.to_change(tx, case_id, (kind,), ("running", "paused"))
    if not found:
        raise ClockNotLive
    values = rules.extended(found[0], hours * rules.HOUR_S, clock.now(), calendar)
    _write(tx, _EXTEND, [{"this": found[0].id, **values}])
    due_at: datetime = values["due_at"]
    return due_at


def mark(tx: Session, clock_id: UUID, now: datetime, calendar: Calendar = USUAL) -> Mark | None:
    """What the worker finds at a clock whose moment has come, marked so that it finds it once.

    None when the clock was stopped, paused, moved or marked meanwhile. The calendar counts the
    steps between escalations. Who goes on to change the case locks it before this.
    """
    row = queries.to_mark(tx, clock_id, now)
    if row is None:
        return None
    found, values = rules.marked(row, now, calendar)
    _write(tx, _MARK, [{"this": clock_id, **values}])
    return found


def _write(tx: Session, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        core(tx).execute(statement, rows)

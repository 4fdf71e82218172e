"""Reads of clocks: those of a case, the nearest deadline, those that the worker must look at."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from app.clocks.models import Clock
from app.kit.columns import IdType, InstantType
from app.kit.db import core

_CASE = bindparam("case", type_=IdType())
_ID = bindparam("id", type_=IdType())
_NOW = bindparam("now", type_=InstantType())
_CLOCKS = select(*Clock.__table__.c)
_OF_CASE = _CLOCKS.where(Clock.case_id == _CASE).order_by(Clock.started_at, Clock.id)
_LIVE = _OF_CASE.where(Clock.state.in_(("running", "paused")))
# The worker marks clocks without the case's lock, so whoever reads to change one locks it.
_TO_CHANGE = _LIVE.where(
    Clock.kind.in_(bindparam("kinds", expanding=True)),
    Clock.state.in_(bindparam("states", expanding=True)),
).with_for_update()
_DUE = _CLOCKS.where(Clock.id == _ID, Clock.state == "running", Clock.look_at <= _NOW)
_NEAREST = (
    select(Clock.due_at, Clock.warn_at)
    .where(Clock.case_id == _CASE, Clock.state == "running")
    .order_by(Clock.due_at, Clock.warn_at)
    .limit(1)
)
_TO_LOOK = (
    select(Clock.id)
    .where(Clock.look_at <= _NOW)
    .order_by(Clock.look_at, Clock.id)
    .limit(bindparam("limit"))
)
_ONE = _CLOCKS.where(Clock.id == _ID)
_TO_MARK = _DUE.with_for_update()


def of_case(tx: Session, case_id: UUID) -> Sequence[Row[Any]]:
    """All clocks of a case, of every round, in the order in which they started."""
    return core(tx).execute(_OF_CASE, {"case": case_id}).all()


def live(tx: Session, case_id: UUID) -> Sequence[Row[Any]]:
    """The clocks of a case that run or are paused."""
    return core(tx).execute(_LIVE, {"case": case_id}).all()


def nearest(tx: Session, case_id: UUID) -> tuple[datetime | None, datetime | None]:
    """The earliest deadline that is running, and when it is near; None without any."""
    row = core(tx).execute(_NEAREST, {"case": case_id}).first()
    return (None, None) if row is None else (row.due_at, row.warn_at)


def find_clock(tx: Session, clock_id: UUID) -> Row[Any] | None:
    """A clock, so that the worker learns its case, or None."""
    return core(tx).execute(_ONE, {"id": clock_id}).first()


def to_look(tx: Session, now: datetime, limit: int) -> list[UUID]:
    """The clocks at which something is due for the worker, those that wait longest first."""
    return list(core(tx).execute(_TO_LOOK, {"now": now, "limit": limit}).scalars())


def to_change(
    tx: Session, case_id: UUID, kinds: Iterable[str], states: Iterable[str]
) -> Sequence[Row[Any]]:
    """Live clocks of a case, locked."""
    given = {"case": case_id, "kinds": list(kinds), "states": list(states)}
    return core(tx).execute(_TO_CHANGE, given).all()


def to_mark(tx: Session, clock_id: UUID, now: datetime) -> Row[Any] | None:
    """A running clock whose moment has come, locked; None when it moved on meanwhile."""
    return core(tx).execute(_TO_MARK, {"id": clock_id, "now": now}).first()

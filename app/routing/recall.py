"""What decisions read, remembered in this process for as long as nothing of it has changed.

Whatever writes to a table behind it gives another stamp, by trigger. Each decision reads the stamp,
so it trusts what is remembered exactly as far as it could trust the database.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select, union_all
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import InstantType
from app.kit.db import core
from app.posts.models import Appointment, Leave
from app.routing.models import RoutingStamp

# Settings by region and category, and as many paths; a path and who is around take some 4 KB.
MOST = 4_096
PRESENT = timedelta(minutes=1)


Key = tuple[str, str | None]


class Era(NamedTuple):
    """A time in which neither a write nor a date changes what a decision reads."""

    stamp: Decimal | int
    since: datetime
    until: datetime
    # Who is around, as rows, by path.
    settings: dict[Key, Any]
    rows: dict[str, Sequence[Any]]


_SUM = select(func.sum(RoutingStamp.stamp)).scalar_subquery()
_OWN: dict[str, Any] = {
    "sqlite": literal_column("NULL"),
    "postgresql": func.current_setting(literal_column("'xinxin.stamped'"), literal_column("true")),
}
# The sum of the stamps, and whether this transaction itself wrote what they stand for: columns.
STAMP = {engine: (_SUM.label("stamp"), own.label("own")) for engine, own in _OWN.items()}
_STAMP = select(_SUM)
_AT = bindparam("at", type_=InstantType())
_TURNS = union_all(
    *(
        select(func.min(column)).where(column > _AT)
        for column in (Leave.starts_at, Leave.ends_at, Appointment.ended_at)
    )
)
_eras: list[Era] = []


def known(tx: Session, key: Key, at: datetime) -> tuple[Any, Sequence[Any]] | None:
    """The setting of a key and the rows of its path, if they are remembered and still true."""
    last = _last(at)
    if last is None or key not in last.settings:
        return None
    if core(tx).scalar(_STAMP) != last.stamp:
        return None
    setting = last.settings[key]
    return setting, last.rows[setting.path]


def remember(
    tx: Session, key: Key, at: datetime, setting: Any, near: Sequence[Any], stamp: Any, own: Any
) -> None:
    """Keeps what was read together with STAMP, unless it is of another time than the present, of
    this transaction alone, or of a database in which nobody has written yet."""
    # Another write of this transaction would change what was read, and not the stamp. And a look
    # into the past or the future, as a trial's, must not push out what is used today.
    if own or stamp is None or abs(clock.now() - at) > PRESENT:
        return
    era = _last(at)
    if era is None or era.stamp != stamp or len(era.settings) >= MOST:
        era = Era(stamp, at, _until(tx, at), {}, {})
        _eras[:] = [era]
    # In this order: another thread that finds the setting finds its rows.
    era.rows[setting.path] = near
    era.settings[key] = setting


def _last(at: datetime) -> Era | None:
    """The newest era, if it holds an instant."""
    last = _eras[-1] if _eras else None
    return last if last is not None and last.since <= at < last.until else None


def _until(tx: Session, at: datetime) -> datetime:
    """The next instant at which a day, a leave or an appointment begins or ends."""
    turns = [turn for turn in core(tx).execute(_TURNS, {"at": at}).scalars() if turn is not None]
    return min([clock.day_start(clock.business_day(at) + timedelta(days=1)), *turns])

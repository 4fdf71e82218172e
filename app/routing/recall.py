"""What decisions read, remembered in this process for as long as nothing of it has changed.

Whatever writes to a table behind it gives another stamp, by trigger. Each decision reads the stamp,
so it trusts what is remembered exactly as far as it could trust the database.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import InstantType
from app.kit.db import core
from app.posts.models import Appointment, Leave
from app.routing.models import RoutingStamp

# Settings, and as many paths; a path and who is around take some 4 KB.
MOST = 4_096
PRESENT = timedelta(minutes=1)


class Era(NamedTuple):
    """A time in which neither a write nor a date changes what a decision reads."""

    stamp: Decimal | int
    since: datetime
    until: datetime
    # By region and category; who is around, as rows, by path.
    settings: dict[tuple[str, str | None], Any]
    rows: dict[str, Sequence[Any]]


# The sum of the stamps, and whether this transaction itself wrote what they stand for.
_SUM = func.sum(RoutingStamp.stamp)
_STAMP = {
    "sqlite": select(_SUM, literal(None)),
    "postgresql": select(_SUM, func.nullif(func.current_setting("xinxin.stamped", True), "")),
}
_AT = bindparam("at", type_=InstantType())
_TURNS = union_all(
    *(
        select(func.min(column)).where(column > _AT)
        for column in (Leave.starts_at, Leave.ends_at, Appointment.ended_at)
    )
)
_eras: list[Era] = []


def era(tx: Session, at: datetime) -> Era | None:
    """The one that holds an instant of the present; None for another, which is not remembered."""
    # A look into the past or the future, as a trial's, must not push out what is used today.
    if abs(clock.now() - at) > PRESENT:
        return None
    connection = core(tx)
    stamp, own = connection.execute(_STAMP[connection.dialect.name]).one()
    # Another write of this transaction would change what is read, and not the stamp.
    if own is not None:
        return None
    last = _eras[-1] if _eras else None
    if last is not None and last.stamp == stamp and last.since <= at < last.until:
        if len(last.settings) < MOST:
            return last
    elif stamp is None:
        # A database in which nobody has written yet.
        return None
    made = Era(stamp, at, _until(tx, at), {}, {})
    _eras[:] = [made]
    return made


def _until(tx: Session, at: datetime) -> datetime:
    """The next instant at which a day, a leave or an appointment begins or ends."""
    turns = [turn for turn in core(tx).execute(_TURNS, {"at": at}).scalars() if turn is not None]
    return min([clock.day_start(clock.business_day(at) + timedelta(days=1)), *turns])

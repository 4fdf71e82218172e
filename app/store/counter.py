"""The counter without network: a list of what may be handed out, and what was, told later.

A code that cannot be posted any more becomes one exception that somebody closes, never a second
post. Each acceptance is a unit of its own, in the order of locks of any redemption.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, attempts, clock
from app.kit.ids import new_id, tidy
from app.store import codes as slow_codes
from app.store import lists, queries, service
from app.store.codes import Codes
from app.store.errors import (
    AcceptanceReused,
    CodeChecksTooOften,
    ExceptionClosed,
    ExceptionOfKeeper,
)  # fmt: skip
from app.store.models import CounterException, Redemption, Station
from app.store.schemas import (
    AcceptanceDraft,
    CounterExceptionOut,
    OfflineLineOut,
    OfflineListOut,
    OfflineRedemptionOut,
    RedemptionOut,
    Why,
)  # fmt: skip

MOST_LISTED = 500
# Unknown codes of one keeper in five minutes; then nothing of theirs is looked at for a while.
WRONG_CODES = 20
CLOSERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


@dataclass(frozen=True)
class Marked:
    """What a list will hold, before the slow hashes are made outside of any unit."""

    station_id: str
    made_at: datetime
    report_by: datetime
    complete: bool
    redemptions: list[RedemptionOut]


def kept(tx: Session, actor: Actor, station_id: str) -> Station:
    """A station for its keepers only. Raises StationNotFound, NotOfStation."""
    return queries.station_for(tx, actor, station_id, frozenset())


def mark(tx: Session, actor: Actor, station_id: str, codes: Codes) -> Marked:
    """Keeps what is held at a station from timing out before its counter has reported.

    What is past its time already is not on the list, so no list makes a redemption wait for ever.
    Raises StationNotFound, NotOfStation.
    """
    station, now = kept(tx, actor, station_id), clock.now()
    report_by = now + codes.offline
    held = (
        select(Redemption)
        .where(
            Redemption.station_id == station.id, Redemption.state == "held",
            Redemption.expires_at > now,
        )
        .order_by(Redemption.id)
        .limit(MOST_LISTED + 1)
        .with_for_update(key_share=True)
    )  # fmt: skip
    found = tx.scalars(held).all()
    listed = found[:MOST_LISTED]
    for redemption in listed:
        before = redemption.offline_until or redemption.expires_at
        redemption.offline_until = max(before, redemption.expires_at, report_by)
    tx.flush()
    shown = queries.redemptions_out(tx, listed)
    return Marked(station.id, now, report_by, len(found) == len(listed), shown)


def hashed(marked: Marked, codes: Codes) -> OfflineListOut:
    """The list itself: milliseconds for each code, so no unit may wait for it."""
    salt = secrets.token_bytes(16)
    items = [
        OfflineRedemptionOut(
            redemption_id=r.id, code_hash=slow_codes.slow(codes.code(r.id), salt),
            expires_at=r.expires_at,
            lines=[OfflineLineOut(name=line.name, quantity=line.quantity) for line in r.lines],
        )
        for r in marked.redemptions
    ]  # fmt: skip
    return OfflineListOut(
        station_id=marked.station_id, salt=salt.hex(), rounds=slow_codes.ROUNDS,
        made_at=marked.made_at, report_by=marked.report_by, complete=marked.complete, items=items,
    )  # fmt: skip


def admit(tx: Session, actor: Actor, station_id: str) -> None:
    """Before any acceptance is looked at. Raises StationNotFound, NotOfStation and, after too many
    unknown codes, CodeChecksTooOften."""
    kept(tx, actor, station_id)
    if attempts.made(tx, _subject(actor)) >= WRONG_CODES:
        raise CodeChecksTooOften(headers=attempts.retry_after(WRONG_CODES))


def accept(
    tx: Session, actor: Actor, station_id: str, draft: AcceptanceDraft, codes: Codes
) -> Why | None:
    """Posts one code that a counter took, or says why it became an exception; None is posted.

    The same acceptance again gives the same answer. Raises AcceptanceReused (for another code),
    CostExceedsValue.
    """
    # One acceptance of a station at a time: two devices may have taken one code, or sent it twice.
    station, _ = queries.any_station(tx, kept(tx, actor, station_id).id, lock=True)
    code_hash = codes.hashed(tidy(draft.code))
    redemption = queries.find_by_code(tx, station.id, code_hash)
    before = queries.find_exception(tx, station.id, draft.acceptance)
    if before is not None:
        if before.redemption_id != (redemption.id if redemption is not None else None):
            raise AcceptanceReused
        return before.why  # type: ignore[return-value]
    if redemption is not None and redemption.acceptance == draft.acceptance:
        return None
    if queries.is_accepted(tx, station.id, draft.acceptance):
        raise AcceptanceReused
    why = _why_not(redemption, min(draft.accepted_at, clock.now()))
    if redemption is not None and why is None:
        service.hand_out(tx, actor, redemption, draft.acceptance)
    elif why is not None:
        _except(tx, actor, station.id, draft, redemption, why)
    return why


def _why_not(redemption: Redemption | None, accepted_at: datetime) -> Why | None:
    """Why a code cannot be posted. What is still held is judged by when it was accepted."""
    if redemption is None:
        return "unknown"
    match redemption.state:
        case "held":
            return "expired" if redemption.expires_at <= accepted_at else None
        case "cancelled":
            return "cancelled"
        case "expired":
            return "expired"
        case _:
            return "used"


def _except(
    tx: Session,
    actor: Actor,
    station_id: str,
    draft: AcceptanceDraft,
    redemption: Redemption | None,
    why: Why,
) -> None:
    exception = CounterException(
        id=new_id(), station_id=station_id, acceptance=draft.acceptance, why=why,
        redemption_id=redemption.id if redemption is not None else None,
        keeper_id=actor.person_id, accepted_at=draft.accepted_at, created_at=clock.now(),
    )  # fmt: skip
    tx.add(exception)
    tx.flush()
    if redemption is None:
        attempts.add(tx, _subject(actor))
    actions.record(
        tx, actor.person_id, "acceptance.excepted", "exception", exception.id, why=why,
        station=station_id,
    )  # fmt: skip


def _subject(actor: Actor) -> str:
    return f"acceptance:{actor.person_id}"


def close(
    tx: Session, actor: Actor, station_id: str, exception_id: UUID, note: str
) -> CounterExceptionOut:
    """Closes an exception with a note; never by a keeper of that station.

    Raises StationNotFound, NotOfStation, ExceptionNotFound, ExceptionOfKeeper, ExceptionClosed.
    """
    station = queries.station_for(tx, actor, station_id, CLOSERS, keepers=False)
    exception = queries.get_exception(tx, station.id, exception_id)
    own = exception.keeper_id == actor.person_id
    if own or queries.is_keeper(tx, station.id, actor.person_id):
        raise ExceptionOfKeeper
    if exception.closed_at is not None:
        raise ExceptionClosed
    exception.closed_by, exception.closed_at = actor.person_id, clock.now()
    exception.closing_note = note
    tx.flush()
    actions.record(tx, actor.person_id, "exception.closed", "exception", exception.id)
    return lists.exceptions_out(tx, [exception])[0]

"""Reads of tills: a client's own holds, and what a business day brought."""

from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity.access import Program
from app.identity.models import Person
from app.kit import clock
from app.ledger.models import Journal
from app.till import rules
from app.till.errors import TillHoldNotFound
from app.till.models import MemberCode, TillHold
from app.till.schemas import DayHoldOut, HoldOut, ReconciliationOut, State

# Later than this after midnight nothing of the day before can still be on its way to the database.
SETTLED = timedelta(minutes=10)


def get_hold(tx: Session, program: Program, hold_id: UUID, *, lock: bool = False) -> TillHold:
    """One of the client's own holds. Raises TillHoldNotFound, also for another client's."""
    query = select(TillHold).where(TillHold.id == hold_id, TillHold.client_id == program.client_id)
    hold = tx.scalar(query.with_for_update(key_share=True) if lock else query)
    if hold is None:
        raise TillHoldNotFound
    return hold


def find_by_reference(tx: Session, program: Program, reference: str) -> tuple[TillHold, str] | None:
    """The hold that a client gave this number, and the hash of the code that paid it."""
    query = (
        select(TillHold, MemberCode.code_hash)
        .join(MemberCode, MemberCode.hold_id == TillHold.id)
        .where(TillHold.client_id == program.client_id, TillHold.reference == reference)
    )
    row = tx.execute(query).first()
    return (row.TillHold, row.code_hash) if row is not None else None


def hold_out(tx: Session, hold: TillHold) -> HoldOut:
    """A hold as its client sees it; a fulfilled one stays so, also when its goods came back."""
    back = Journal.kind == "refund", Journal.source == str(hold.id)
    refunded = select(Journal.created_at).where(*back).scalar_subquery()
    query = select(Person.member_no, refunded.label("refunded_at"))
    row = tx.execute(query.where(Person.id == hold.person_id)).one()
    names = HoldOut.model_fields.keys() - {"member_no", "refunded_at"}
    return HoldOut(
        **{name: getattr(hold, name) for name in names}, member_no=row.member_no,
        refunded_at=row.refunded_at,
    )  # fmt: skip


def reconciliation(tx: Session, program: Program, day: date) -> ReconciliationOut:
    """What a client's holds did on a business day, as it stood when the day ended.

    A day that is over is told the same way for ever, whatever became of its holds later.
    """
    start, end = clock.day_start(day), clock.day_start(day + timedelta(days=1))
    found: dict[UUID, TillHold] = {}
    # Each of the two walks an index of its own; joined by OR they could walk none.
    for column in (TillHold.created_at, TillHold.resolved_at):
        query = select(TillHold).where(
            TillHold.client_id == program.client_id, column >= start, column < end
        )
        found |= {hold.id: hold for hold in tx.scalars(query)}
    holds = [_at_the_end(hold, end) for hold in found.values()]
    holds.sort(key=lambda hold: (hold.created_at, str(hold.hold_id)))
    return ReconciliationOut(
        day=day, client_id=program.client_id, final=clock.now() >= end + SETTLED, holds=holds,
        totals=rules.totals(holds, start), checksum=rules.checksum(holds),
    )  # fmt: skip


def _at_the_end(hold: TillHold, end: datetime) -> DayHoldOut:
    later = hold.resolved_at is not None and hold.resolved_at >= end
    return DayHoldOut(
        hold_id=hold.id, reference=hold.reference, points=hold.points, cost_fen=hold.cost_fen,
        state="held" if later else cast("State", hold.state), created_at=hold.created_at,
        resolved_at=None if later else hold.resolved_at,
    )  # fmt: skip

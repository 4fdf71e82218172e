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
from app.till.schemas import DayHoldOut, DayRefundOut, HoldOut, ReconciliationOut, State

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

    A day that is over is told the same way for ever, whatever became of its holds later: what is
    taken back stands in the day on which it came back.
    """
    start, end = clock.day_start(day), clock.day_start(day + timedelta(days=1))
    found: dict[UUID, TillHold] = {}
    # Each of the two walks an index of its own; joined by OR they could walk none.
    for column in (TillHold.created_at, TillHold.resolved_at):
        query = select(TillHold).where(
            TillHold.client_id == program.client_id, column >= start, column < end
        )
        found |= {hold.id: hold for hold in tx.scalars(query)}
    refunds = _refunds(tx, program, start, end)
    back = {refund.hold_id: refund.refunded_at for refund in refunds}
    holds = [_at_the_end(hold, end, back.get(hold.id)) for hold in found.values()]
    holds.sort(key=lambda hold: (hold.created_at, str(hold.hold_id)))
    return ReconciliationOut(
        day=day, client_id=program.client_id, final=clock.now() >= end + SETTLED, holds=holds,
        refunds=refunds, totals=rules.totals(holds, refunds, start),
        checksum=rules.checksum(holds, refunds),
    )  # fmt: skip


def _at_the_end(hold: TillHold, end: datetime, refunded_at: datetime | None) -> DayHoldOut:
    later = hold.resolved_at is not None and hold.resolved_at >= end
    return DayHoldOut(
        hold_id=hold.id, reference=hold.reference, points=hold.points, cost_fen=hold.cost_fen,
        state="held" if later else cast("State", hold.state), created_at=hold.created_at,
        resolved_at=None if later else hold.resolved_at, refunded_at=refunded_at,
    )  # fmt: skip


def _refunds(tx: Session, program: Program, start: datetime, end: datetime) -> list[DayRefundOut]:
    """A client's holds that the ledger gave back in [start, end), in the order of that.

    Two persons stand behind each refund, so there are few: their journals' key is walked for all
    stores and days.
    """
    query = select(Journal.source, Journal.created_at).where(
        Journal.kind == "refund", Journal.created_at >= start, Journal.created_at < end
    )
    back = {UUID(row.source): row.created_at for row in tx.execute(query)}
    mine = select(TillHold).where(
        TillHold.client_id == program.client_id, TillHold.id.in_(back.keys())
    )
    refunds = [
        DayRefundOut(
            hold_id=hold.id, reference=hold.reference, state="refunded", points=-hold.points,
            cost_fen=-hold.cost_fen, resolved_at=hold.resolved_at, refunded_at=back[hold.id],
        )
        for hold in tx.scalars(mine)
    ]  # fmt: skip
    return sorted(refunds, key=lambda refund: (refund.refunded_at, str(refund.hold_id)))

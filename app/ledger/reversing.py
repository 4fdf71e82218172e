"""Movements by hand, each with two persons: an award taken back, goods returned, a merchant paid.

Nothing is edited: a reversal is a journal of its own that names the one it reverses.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.ledger import book, parts, pool, purses, queries, sharing
from app.ledger.book import Hands
from app.ledger.errors import HoldResolved, PaymentExceedsDebt
from app.ledger.models import Debt, Fund, Lot


@dataclass(frozen=True, slots=True)
class Reversal:
    """Points that were taken back, and points that were spent already and are owed now."""

    taken: int
    owed: int


def reverse(tx: Session, *, source: str, reason: str, by: Hands) -> Reversal | None:
    """Takes back what a settled accrual gave; what was spent becomes the earner's debt.

    None when it is unknown, not settled (void it) or reversed before. The pool gets the money of
    the points that are still there; that of the others follows as the debt is paid.
    """
    accrual = queries.find_journal(tx, "accrue", source)
    if accrual is None:
        return None
    first = queries.lot_of(tx, accrual)
    lots = _locked_family(tx, first)
    if first.settled_at is None:
        return None
    journal = book.open_journal(tx, "reverse", source, reason, by=by, reverses_id=accrual.id)
    if journal is None:
        return None
    owed, left = purses.spent(tx, lots), [lot for lot in lots if lot.remaining]
    if owed:
        _owe(tx, journal, first.earner_id, owed)
    taken = sum(lot.remaining for lot in left)
    pool.lock(tx, left)
    for lot in left:
        purses.withdraw(tx, journal, lot, lot.remaining, "issuer")
    return Reversal(taken=taken, owed=owed)


class _Carried(Exception):
    """Undoes a savepoint: the lots lie in other purses than those that were locked."""


def _locked_family(tx: Session, first: Lot) -> list[Lot]:
    """An award's lots, the purses they lie in locked; again where one was carried meanwhile."""
    while True:
        # A savepoint, because what was locked too early has to be let go to keep the order.
        with suppress(_Carried), tx.begin_nested():
            accounts = {lot.account_id for lot in purses.family(tx, first)}
            book.lock_purses(tx, {first.earner_id}, accounts)
            lots = purses.family(tx, first)
            if not {lot.account_id for lot in lots} <= accounts:
                raise _Carried
            return lots


def _owe(tx: Session, journal: UUID, person_id: UUID, points: int) -> None:
    insert_row(
        tx, Debt, id=new_id(), person_id=person_id, journal_id=journal, points=points,
        remaining=points, created_at=clock.now(),
    )  # fmt: skip


def refund(
    tx: Session, *, source: str, merchant: str, reason: str, grace: timedelta, by: Hands
) -> int:
    """Gives the points of handed-out goods back to their lots; says how many.

    Lots keep their expiry, but last for `grace` at least. What the merchant was owed stands behind
    the points again; the rest is drawn from the pool. Raises HoldResolved (not handed out, or
    refunded before), PoolExhausted.
    """
    found = queries.pending_of(tx, source)
    fulfilment = queries.find_journal(tx, "fulfil", source)
    if found is None or fulfilment is None:
        raise HoldResolved
    pending, uses = found
    account = pending.debit_account_id
    lots = [tx.get_one(Lot, use.lot_id) for use in uses]
    sharing.lock_homes(tx, account, lots)
    journal = book.open_journal(tx, "refund", source, reason, by=by, reverses_id=fulfilment.id)
    if journal is None:
        raise HoldResolved
    for lot in lots:
        tx.refresh(lot)
    payable = book.account(tx, "CNY", "payable", merchant)
    purses.debts(tx, lots)
    pool.lock_funds(tx, {lot.fund_id for lot in lots})
    # What is left in these lots and over does not come back to life with what is given back.
    purses.expire_lots(tx, lots, clock.now())
    book.change(tx, account, credits=pending.amount)
    back = book.move(tx, journal, "PTS", pending.credit_account_id, account, pending.amount)
    paid = []
    for use in uses:
        lot = purses.give_back(tx, use, back)
        _lengthen(lot, grace)
        taken = pool.take_back(tx, journal, lot, fulfilment.id, payable)
        paid += taken
        rest = use.amount * lot.rate_fen + sum(one.fen for one in taken)
        pool.draw(tx, journal, tx.get_one(Fund, lot.fund_id), lot.id, rest)
    tx.flush()
    purses.repay(tx, sharing.come_home(tx, account, lots))
    parts.count_paid(tx, paid)
    return pending.amount


def _lengthen(lot: Lot, grace: timedelta) -> None:
    if lot.expires_at is not None:
        lot.expires_at = max(lot.expires_at, clock.now() + grace)


def pay_out(tx: Session, *, source: str, merchant: str, fen: int, reason: str, by: Hands) -> None:
    """Notes that a merchant was paid `fen`, at most what they are owed.

    Idempotent by `source`. Raises PaymentExceedsDebt.
    """
    payable = book.account(tx, "CNY", "payable", merchant)
    journal = book.open_journal(tx, "pay_out", source, reason, by=by)
    if journal is None:
        return
    book.lock_account(tx, payable)
    if fen > queries.owed_fen(tx, payable):
        raise PaymentExceedsDebt
    world = book.account(tx, "CNY", "world", book.SINGLE)
    book.move(tx, journal, "CNY", payable, world, fen)

"""What happens to the lots of a purse whose mutex is held: used, expired, carried, owed.

Whoever calls holds the balance row of the lot's account; the pool is touched last.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.ledger import book, pool, queries
from app.ledger.lots import take_in_order
from app.ledger.models import Debt, DebtPayment, Journal, Lot, LotUse, Transfer


def use(tx: Session, lot: Lot, transfer_id: UUID, amount: int) -> None:
    """Notes that a transfer took points from a lot."""
    insert_row(
        tx, LotUse, id=new_id(), lot_id=lot.id, transfer_id=transfer_id, kind="take",
        amount=amount, created_at=clock.now(),
    )  # fmt: skip
    lot.remaining -= amount
    tx.flush()


def give_back(tx: Session, taken: LotUse, transfer_id: UUID) -> Lot:
    """Puts points that were taken back into their lot; says which."""
    insert_row(
        tx, LotUse, id=new_id(), lot_id=taken.lot_id, transfer_id=transfer_id, kind="return",
        amount=taken.amount, taken_id=taken.id, taken_kind="take", created_at=clock.now(),
    )  # fmt: skip
    lot = tx.get_one(Lot, taken.lot_id)
    lot.remaining += taken.amount
    tx.flush()
    return lot


def withdraw(tx: Session, journal_id: UUID, lot: Lot, points: int, sink: str) -> None:
    """Takes settled points out of the world into `issuer` or `expired`, and frees their money."""
    book.change(tx, lot.account_id, debits=points)
    out = book.account(tx, "PTS", sink, book.SINGLE)
    use(tx, lot, book.move(tx, journal_id, "PTS", lot.account_id, out, points), points)
    pool.give_back(tx, journal_id, lot, points * lot.rate_fen)


def expire(tx: Session, account_id: UUID, now: datetime) -> int:
    """Books out every lot past its expiry, with its money; says how many points. Lock first."""
    gone = [lot for lot in queries.live_lots(tx, account_id) if _is_over(lot, now)]
    pool.lock(tx, gone)
    return expire_lots(tx, gone, now)


def expire_lots(tx: Session, lots: Iterable[Lot], now: datetime) -> int:
    """As `expire`, for some lots whose pools are locked."""
    return sum(_expire_lot(tx, lot) for lot in lots if lot.remaining and _is_over(lot, now))


def _is_over(lot: Lot, now: datetime) -> bool:
    return lot.expires_at is not None and lot.expires_at <= now


def _expire_lot(tx: Session, lot: Lot) -> int:
    # A cancelled redemption may fill an expired lot again, so the lot's use count is in the key.
    journal = book.open_journal(tx, "expire", turn(tx, lot), "expired")
    assert journal is not None, "the member's lock makes each round of a lot's expiry the first"
    points = lot.remaining
    withdraw(tx, journal, lot, points, "expired")
    return points


def repay(tx: Session, lots: Sequence[Lot]) -> int:
    """Pays what the earners of these settled lots owe out of them; says how many points.

    A lot that lies in somebody else's purse pays for nothing but its own award's reversal.
    """
    owed = debts(tx, lots)
    if not owed:
        return 0
    pool.lock(tx, lots)
    return sum(_repay_from(tx, lot, [d for d in owed if _pays(tx, lot, d)]) for lot in lots)


def debts(tx: Session, lots: Iterable[Lot]) -> list[Debt]:
    """What the earners of these lots owe, the oldest first, locked; always before any pool."""
    people = {lot.earner_id for lot in lots}
    query = select(Debt).where(Debt.person_id.in_(people), Debt.remaining > 0)
    locked = (
        query.order_by(Debt.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(tx.scalars(locked))


def _pays(tx: Session, lot: Lot, debt: Debt) -> bool:
    if debt.person_id != lot.earner_id:
        return False
    if lot.account_id == book.purse(tx, lot.earner_id):
        return True
    reversal = tx.get_one(Journal, debt.journal_id)
    award = tx.get_one(Lot, lot.origin_id or lot.id)
    return tx.get_one(Transfer, award.transfer_id).journal_id == reversal.reverses_id


def _repay_from(tx: Session, lot: Lot, owed: list[Debt]) -> int:
    points = min(lot.remaining, sum(debt.remaining for debt in owed))
    if not points:
        return 0
    journal = book.open_journal(tx, "repay", turn(tx, lot), "debt")
    assert journal is not None, "the lock of the purse makes each round of a lot the first"
    for share in take_in_order(((debt, debt.remaining) for debt in owed), points) or []:
        share.source.remaining -= share.amount
        insert_row(
            tx, DebtPayment, debt_id=share.source.id, journal_id=journal, points=share.amount,
            created_at=clock.now(),
        )  # fmt: skip
    withdraw(tx, journal, lot, points, "issuer")
    return points


def turn(tx: Session, lot: Lot) -> str:
    """A lot with how often it was used: what comes back into it may be taken for a second time."""
    used = tx.scalar(select(func.count()).select_from(LotUse).where(LotUse.lot_id == lot.id))
    return f"{lot.id}:{used}"


def carry(tx: Session, journal_id: UUID, lot: Lot, to: UUID, points: int) -> Lot:
    """Moves points of a lot into another purse; both mutexes are held. Says the lot they are now.

    Earner, fund, rate, expiry and the money behind them stay what they were.
    """
    book.change(tx, lot.account_id, debits=points)
    book.change(tx, to, credits=points)
    transfer = book.move(tx, journal_id, "PTS", lot.account_id, to, points)
    use(tx, lot, transfer, points)
    carried = Lot(
        id=new_id(), account_id=to, earner_id=lot.earner_id, fund_id=lot.fund_id,
        rate_fen=lot.rate_fen, transfer_id=transfer, amount=points, remaining=points,
        validity_days=lot.validity_days, expiry_day=lot.expiry_day, settled_at=lot.settled_at,
        expires_at=lot.expires_at, origin_id=lot.origin_id or lot.id, created_at=clock.now(),
    )  # fmt: skip
    tx.add(carried)
    tx.flush()
    pool.pass_on(tx, journal_id, lot, carried.id, points * lot.rate_fen)
    return carried


def family(tx: Session, lot: Lot) -> list[Lot]:
    """The lot of an accrual and all that was carried from it into other purses."""
    query = select(Lot).where((Lot.id == lot.id) | (Lot.origin_id == lot.id)).order_by(Lot.id)
    return list(tx.scalars(query.execution_options(populate_existing=True)))


def spent(tx: Session, lots: list[Lot]) -> int:
    """Points of these lots that are held for goods, went into them, or paid a debt."""
    uses = (
        select(func.sum(LotUse.amount))
        .join(Transfer, Transfer.id == LotUse.transfer_id)
        .join(Journal, Journal.id == Transfer.journal_id)
        .where(LotUse.lot_id.in_([lot.id for lot in lots]))
    )
    taken = LotUse.kind == "take", Journal.kind.in_(("redeem", "repay"))
    # Only what a redemption took is ever given back.
    back = tx.scalar(uses.where(LotUse.kind == "return"))
    return int(tx.scalar(uses.where(*taken)) or 0) - int(back or 0)

"""Writes to the ledger: earn, settle, void, hold, fulfil, cancel, expire; each is one journal.

Lock order everywhere: the journal's natural key, the member's balance row (the mutex of their
lots), then the pool shards by account, last. Each balance move is one conditional UPDATE whose row
count is the answer, with a CHECK behind it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.ledger import book, lots, pool, queries
from app.ledger.errors import CostExceedsValue, HoldResolved, PointsInsufficient
from app.ledger.models import Fund, Lot, LotUse, Transfer


def accrue(
    tx: Session,
    *,
    source: str,
    person_id: UUID,
    fund: Fund,
    points: int,
    validity_days: int | None,
    reason: str,
) -> None:
    """Issues points on their way to a member, backed fen for fen in the same journal.

    Idempotent by `source`. Raises PoolExhausted when the fund cannot back them.
    """
    journal = book.open_journal(tx, "accrue", source, reason)
    if journal is None:
        return
    member = book.account(tx, "PTS", "member", str(person_id))
    issuer = book.account(tx, "PTS", "issuer", book.SINGLE)
    book.change(tx, member, credits=points, unsettled=points)
    transfer = book.move(tx, journal, "PTS", issuer, member, points)
    lot_id = new_id()
    insert_row(
        tx, Lot, id=lot_id, account_id=member, earner_id=person_id, fund_id=fund.id,
        rate_fen=fund.rate_fen, transfer_id=transfer, amount=points, remaining=points,
        validity_days=validity_days, created_at=clock.now(),
    )  # fmt: skip
    pool.draw(tx, journal, fund, lot_id, points * fund.rate_fen)


def settle(tx: Session, *, source: str, reason: str) -> int:
    """Makes an accrual spendable; its expiry counts from here. Says how many points it was.

    Idempotent; 0 when the accrual is unknown or was voided.
    """
    lot = _on_the_way(tx, source)
    if lot is None:
        return 0
    if book.open_journal(tx, "settle", source, reason) is None:
        return 0
    lot.settled_at = clock.now()
    if lot.validity_days is not None:
        lot.expires_at = lot.settled_at + timedelta(days=lot.validity_days)
    tx.flush()
    book.change(tx, lot.account_id, unsettled=-lot.remaining)
    return lot.remaining


def void(tx: Session, *, source: str, reason: str) -> int:
    """Takes back an accrual that was never settled, and its money; says how many points it was.

    Idempotent; 0 when it is unknown, settled or voided already.
    """
    lot = _on_the_way(tx, source)
    if lot is None:
        return 0
    journal = book.open_journal(tx, "void", source, reason)
    if journal is None:
        return 0
    points = lot.remaining
    book.change(tx, lot.account_id, debits=points, unsettled=-points)
    issuer = book.account(tx, "PTS", "issuer", book.SINGLE)
    transfer = book.move(tx, journal, "PTS", lot.account_id, issuer, points)
    _use(tx, lot, transfer, points)
    pool.give_back(tx, journal, lot, points * lot.rate_fen)
    return points


def _on_the_way(tx: Session, source: str) -> Lot | None:
    """The lot of an accrual that is neither settled nor voided, its owner's points locked."""
    accrual = queries.find_journal(tx, "accrue", source)
    if accrual is None:
        return None
    lot = queries.lot_of(tx, accrual)
    book.lock(tx, lot.account_id)
    tx.refresh(lot)
    if lot.settled_at is not None or lot.remaining == 0:
        return None
    return lot


def hold(tx: Session, *, source: str, person_id: UUID, points: int, reason: str) -> None:
    """Holds points for a redemption, from the lots that expire first. Raises PointsInsufficient.

    Expired lots are booked out before the answer is given, so nobody spends what is gone.
    """
    journal = book.open_journal(tx, "redeem", source, reason)
    if journal is None:
        raise HoldResolved
    member = book.account(tx, "PTS", "member", str(person_id))
    book.lock(tx, member)
    expire(tx, member, clock.now())
    if not book.change(tx, member, needed=points, held=points):
        raise PointsInsufficient
    redeemed = book.account(tx, "PTS", "redeemed", book.SINGLE)
    transfer = book.move(tx, journal, "PTS", member, redeemed, points, state="pending")
    living = queries.live_lots(tx, member)
    shares = lots.take_in_order(((lot, lot.remaining) for lot in living), points)
    if shares is None:
        raise PointsInsufficient
    for share in shares:
        _use(tx, share.source, transfer, share.amount)


def fulfil(tx: Session, *, source: str, cost_fen: int, merchant: str, reason: str) -> None:
    """Posts a hold: the goods were handed out, the merchant is owed `cost_fen`, the rest goes back.

    Raises HoldResolved (fulfilled or cancelled before, or unknown), CostExceedsValue.
    """
    journal, transfer, uses = _resolve(tx, "fulfil", source, reason, state="post")
    book.change(tx, transfer.debit_account_id, held=-transfer.amount, debits=transfer.amount)
    taken = [(tx.get_one(Lot, use.lot_id), use.amount) for use in uses]
    values = [lot.rate_fen * amount for lot, amount in taken]
    if cost_fen > sum(values):
        raise CostExceedsValue
    payable = book.account(tx, "CNY", "payable", merchant)
    costs = lots.split_by_value(cost_fen, values)
    pool.lock(tx, [lot for lot, _ in taken])
    for (lot, _), value, cost in zip(taken, values, costs, strict=True):
        pool.pay(tx, journal, lot, cost, payable)
        pool.give_back(tx, journal, lot, value - cost)


def cancel(tx: Session, *, source: str, reason: str) -> None:
    """Voids a hold: points return to their lots with the expiry they had. Raises HoldResolved."""
    _, transfer, uses = _resolve(tx, "cancel", source, reason, state="void")
    book.change(tx, transfer.debit_account_id, held=-transfer.amount)
    voided = tx.scalars(select(Transfer.id).where(Transfer.pending_id == transfer.id)).one()
    for use in uses:
        insert_row(
            tx, LotUse, id=new_id(), lot_id=use.lot_id, transfer_id=voided, kind="return",
            amount=use.amount, taken_id=use.id, taken_kind="take", created_at=clock.now(),
        )  # fmt: skip
        lot = tx.get_one(Lot, use.lot_id)
        lot.remaining += use.amount
    tx.flush()


def _resolve(
    tx: Session, kind: str, source: str, reason: str, *, state: str
) -> tuple[UUID, Transfer, list[LotUse]]:
    found = queries.pending_of(tx, source)
    if found is None:
        raise HoldResolved
    transfer, uses = found
    book.lock(tx, transfer.debit_account_id)
    done = select(Transfer.id).where(Transfer.pending_id == transfer.id)
    if tx.scalar(done) is not None:
        raise HoldResolved
    journal = book.open_journal(tx, kind, source, reason)
    if journal is None:
        raise HoldResolved
    accounts = transfer.debit_account_id, transfer.credit_account_id
    book.move(tx, journal, "PTS", *accounts, transfer.amount, state=state, pending_id=transfer.id)
    # The lots were read before the lock; what they hold now is what counts.
    for use in uses:
        tx.refresh(tx.get_one(Lot, use.lot_id))
    return journal, transfer, uses


def expire(tx: Session, account_id: UUID, now: datetime) -> int:
    """Books out every lot past its expiry, with its money; says how many points. Lock first."""
    living = queries.live_lots(tx, account_id)
    gone = [lot for lot in living if lot.expires_at is not None and lot.expires_at <= now]
    pool.lock(tx, gone)
    return sum(_expire_lot(tx, lot) for lot in gone)


def _expire_lot(tx: Session, lot: Lot) -> int:
    # A cancelled redemption may fill an expired lot again, so the lot's use count is in the key.
    rounds = len(tx.scalars(select(LotUse.id).where(LotUse.lot_id == lot.id)).all())
    journal = book.open_journal(tx, "expire", f"{lot.id}:{rounds}", "expired")
    assert journal is not None, "the member's lock makes each round of a lot's expiry the first"
    points = lot.remaining
    book.change(tx, lot.account_id, debits=points)
    expired = book.account(tx, "PTS", "expired", book.SINGLE)
    _use(tx, lot, book.move(tx, journal, "PTS", lot.account_id, expired, points), points)
    pool.give_back(tx, journal, lot, points * lot.rate_fen)
    return points


def _use(tx: Session, lot: Lot, transfer_id: UUID, amount: int) -> None:
    insert_row(
        tx, LotUse, id=new_id(), lot_id=lot.id, transfer_id=transfer_id, kind="take",
        amount=amount, created_at=clock.now(),
    )  # fmt: skip
    lot.remaining -= amount
    tx.flush()

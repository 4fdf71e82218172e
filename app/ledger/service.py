"""Writes to the ledger: earn, settle, void, hold, fulfil, cancel; each is one journal.

Lock order everywhere: the journal's natural key, the balance rows of members by id, those of
households by id (each the mutex of its lots), debts by id, then the pool shards by account, last.
Each balance move is one conditional UPDATE whose row count is the answer, with a CHECK behind it.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.ledger import book, lots, parts, pool, purses, queries, sharing
from app.ledger.book import Hands
from app.ledger.errors import CostExceedsValue, HoldResolved, PointsInsufficient
from app.ledger.models import Fund, Lot, LotUse, Transfer


@dataclass(frozen=True, slots=True)
class Life:
    """How long points last after settling: so many days, and to the end of such a day (MM-DD)."""

    days: int | None = None
    day: str | None = None


def accrue(
    tx: Session,
    *,
    source: str,
    person_id: UUID,
    fund: Fund,
    points: int,
    life: Life,
    reason: str,
    by: Hands | None = None,
) -> None:
    """Issues points on their way to a member, backed fen for fen in the same journal.

    `by` names the two persons of an award by hand. Idempotent by `source`. Raises PoolExhausted
    when the fund cannot back them.
    """
    journal = book.open_journal(tx, "accrue", source, reason, by=by)
    if journal is None:
        return
    member = book.locked_purse(tx, person_id)
    issuer = book.account(tx, "PTS", "issuer", book.SINGLE)
    book.change(tx, member, credits=points, unsettled=points)
    transfer = book.move(tx, journal, "PTS", issuer, member, points)
    lot_id = new_id()
    insert_row(
        tx, Lot, id=lot_id, account_id=member, earner_id=person_id, fund_id=fund.id,
        rate_fen=fund.rate_fen, transfer_id=transfer, amount=points, remaining=points,
        validity_days=life.days, expiry_day=life.day, created_at=clock.now(),
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
    points = lot.remaining
    lot.settled_at = clock.now()
    lot.expires_at = lots.expiry(lot.settled_at, lot.validity_days, lot.expiry_day)
    tx.flush()
    book.change(tx, lot.account_id, unsettled=-points)
    # They go where their earner spends now, and pay what the earner owes first.
    purses.repay(tx, [sharing.follow(tx, lot)])
    return points


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
    purses.use(tx, lot, transfer, points)
    pool.give_back(tx, journal, lot, points * lot.rate_fen)
    return points


def _on_the_way(tx: Session, source: str) -> Lot | None:
    """The lot of an accrual that is neither settled nor voided, its owner's points locked."""
    accrual = queries.find_journal(tx, "accrue", source)
    if accrual is None:
        return None
    lot = queries.lot_of(tx, accrual)
    # Two purses when the earner joined or left a household since.
    book.lock_purses(tx, {lot.earner_id}, {lot.account_id})
    tx.refresh(lot)
    if lot.settled_at is not None or lot.remaining == 0:
        return None
    return lot


def expire(tx: Session, account_id: UUID) -> int:
    """Books out what is past its expiry in a purse; says how many points. Idempotent."""
    book.lock(tx, account_id)
    return purses.expire(tx, account_id, clock.now())


def hold(tx: Session, *, source: str, person_id: UUID, points: int, reason: str) -> int:
    """Holds points for a redemption, from the lots that expire first; says their worth in fen.

    Raises PointsInsufficient. Expired lots are booked out before the answer is given, so nobody
    spends what is gone.
    """
    journal = book.open_journal(tx, "redeem", source, reason)
    if journal is None:
        raise HoldResolved
    member = book.locked_purse(tx, person_id)
    purses.expire(tx, member, clock.now())
    if not book.change(tx, member, needed=points, held=points):
        raise PointsInsufficient
    redeemed = book.account(tx, "PTS", "redeemed", book.SINGLE)
    transfer = book.move(tx, journal, "PTS", member, redeemed, points, state="pending")
    living = queries.live_lots(tx, member)
    shares = lots.take_in_order(((lot, lot.remaining) for lot in living), points)
    if shares is None:
        raise PointsInsufficient
    for share in shares:
        purses.use(tx, share.source, transfer, share.amount)
    return sum(share.source.rate_fen * share.amount for share in shares)


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
    paid = []
    for (lot, _), value, cost in zip(taken, values, costs, strict=True):
        paid += pool.pay(tx, journal, lot, cost, payable)
        pool.give_back(tx, journal, lot, value - cost)
    parts.count_paid(tx, paid)


def cancel(tx: Session, *, source: str, reason: str) -> None:
    """Voids a hold: points return to their lots with the expiry they had. Raises HoldResolved."""
    _, transfer, uses = _resolve(tx, "cancel", source, reason, state="void")
    book.change(tx, transfer.debit_account_id, held=-transfer.amount)
    voided = tx.scalars(select(Transfer.id).where(Transfer.pending_id == transfer.id)).one()
    back = [purses.give_back(tx, use, voided) for use in uses]
    purses.repay(tx, sharing.come_home(tx, transfer.debit_account_id, back))


def _resolve(
    tx: Session, kind: str, source: str, reason: str, *, state: str
) -> tuple[UUID, Transfer, list[LotUse]]:
    found = queries.pending_of(tx, source)
    if found is None:
        raise HoldResolved
    transfer, uses = found
    held = [tx.get_one(Lot, use.lot_id) for use in uses]
    if state == "void":
        sharing.lock_homes(tx, transfer.debit_account_id, held)
    else:
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
    for lot in held:
        tx.refresh(lot)
    return journal, transfer, uses

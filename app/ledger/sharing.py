"""One purse for a household: points carried in by consent, and a fair part carried out again."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_row
from app.ledger import book, purses, queries
from app.ledger.lots import split_by_value
from app.ledger.models import Account, Lot, Purse


def lock(tx: Session, person_id: UUID, household_id: UUID) -> tuple[UUID, UUID]:
    """The person's own account and the household's, locked: who belongs to it cannot change."""
    own = book.account(tx, "PTS", "member", str(person_id))
    shared = book.account(tx, "PTS", "household", str(household_id))
    book.lock_all(tx, (own, shared))
    return own, shared


def join(tx: Session, *, source: str, person_id: UUID, household_id: UUID) -> int:
    """From here a person earns into and spends from the household's purse; says what they brought.

    `source` names the stay. What is on its way or held stays on their own account until it is
    settled or given back. The caller has made sure that they belong to no other household.
    """
    own, shared = lock(tx, person_id, household_id)
    insert_row(tx, Purse, person_id=person_id, account_id=shared, since=clock.now())
    purses.expire(tx, own, clock.now())
    brought = [(lot, lot.remaining) for lot in queries.live_lots(tx, own)]
    _carry(tx, f"{source}:join", brought, shared)
    return sum(points for _, points in brought)


def leave(
    tx: Session, *, source: str, person_id: UUID, household_id: UUID, split: str, members: int
) -> int:
    """Takes a person's part out of the household's purse; says how many points it was.

    `split`: `earned` gives what is left of the lots that they earned, `equal` one of `members`
    shares of every lot, so that expiry is shared too. The last one takes everything.
    """
    own, shared = lock(tx, person_id, household_id)
    purses.expire(tx, shared, clock.now())
    living = queries.live_lots(tx, shared)
    if members == 1:
        parts = [(lot, lot.remaining) for lot in living]
    elif split == "earned":
        parts = [(lot, lot.remaining) for lot in living if lot.earner_id == person_id]
    else:
        parts = _equal(living, members)
    tx.execute(delete(Purse).where(Purse.person_id == person_id))
    _carry(tx, f"{source}:leave", parts, own)
    return sum(points for _, points in parts)


def follow(tx: Session, lot: Lot) -> Lot:
    """Settled points follow their earner into the purse that they have now; says the lot there."""
    return _bring(tx, lot, book.purse(tx, lot.earner_id))


def lock_homes(tx: Session, account_id: UUID, lots: Iterable[Lot]) -> None:
    """Locks a purse that gets points back, and wherever `come_home` may bring them."""
    account = tx.get_one(Account, account_id)
    if account.kind == "member":
        book.lock_purses(tx, {UUID(account.owner)})
    else:
        book.lock_purses(tx, {lot.earner_id for lot in lots}, {account_id})


def come_home(tx: Session, account_id: UUID, lots: Iterable[Lot]) -> list[Lot]:
    """Points given back to a purse that is used no more; says the lots that they are now.

    What was a member's goes where that member spends now, whoever earned it. A household's stays
    while somebody belongs to it, and else follows its earners.
    """
    account = tx.get_one(Account, account_id)
    if account.kind == "member":
        purse = book.purse(tx, UUID(account.owner))
        return [_bring(tx, lot, purse) for lot in lots]
    used = select(Purse.person_id).where(Purse.account_id == account_id).limit(1)
    if tx.scalar(used) is not None:
        return list(lots)
    return [follow(tx, lot) for lot in lots]


def _bring(tx: Session, lot: Lot, purse: UUID) -> Lot:
    if lot.account_id == purse or not lot.remaining:
        return lot
    [carried] = _carry(tx, purses.turn(tx, lot), [(lot, lot.remaining)], purse)
    return carried


def _equal(living: Sequence[Lot], members: int) -> list[tuple[Lot, int]]:
    """One share of the whole, rounded down, taken from every lot in proportion."""
    left = [lot.remaining for lot in living]
    parts = split_by_value(sum(left) // members, left)
    return [(lot, part) for lot, part in zip(living, parts, strict=True) if part]


def _carry(tx: Session, source: str, parts: Sequence[tuple[Lot, int]], to: UUID) -> list[Lot]:
    if not parts:
        return []
    journal = book.open_journal(tx, "carry", source, "household")
    assert journal is not None, "a stay begins and ends once"
    return [purses.carry(tx, journal, lot, to, points) for lot, points in parts]

"""The money behind points: drawn from a fund's pool when they are earned, paid or given back later.

Pools are sharded so that many can earn at once; the pool is touched last in every journal.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.kit.db import insert_for, insert_row
from app.ledger import book, parts, queries
from app.ledger.errors import PoolExhausted
from app.ledger.lots import Share, take_in_order
from app.ledger.models import Account, Backing, Balance, Fund, Lot, PoolPart
from app.ledger.parts import Paid, Part


def lock(tx: Session, lots: Sequence[Lot]) -> None:
    """Locks the pools behind several lots in one order, whatever order the lots come in."""
    if len(lots) < 2:  # noqa: PLR2004 - `give_back` keeps the order within one lot
        return
    query = select(Lot.fund_id, Backing.shard).join(Backing, Backing.lot_id == Lot.id)
    behind = query.where(Lot.id.in_([lot.id for lot in lots])).distinct()
    pools = [book.account(tx, "CNY", "pool", str(b.fund_id), b.shard) for b in tx.execute(behind)]
    _lock(tx, Balance.account_id.in_(pools))


def lock_funds(tx: Session, fund_ids: Iterable[UUID]) -> None:
    """Locks every pool of some funds: whoever draws for several lots at once."""
    owners = [str(fund_id) for fund_id in fund_ids]
    pools = select(Account.id).where(Account.kind == "pool", Account.owner.in_(owners))
    _lock(tx, Balance.account_id.in_(pools))


def _lock(tx: Session, which: ColumnElement[bool]) -> list[Balance]:
    rows = select(Balance).where(which).order_by(Balance.account_id)
    locked = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(tx.scalars(locked))


def put(tx: Session, fund_id: UUID, contribution_id: UUID, shard: int, fen: int) -> None:
    """New money of a contribution arrives in a shard."""
    _credit(tx, fund_id, shard, fen)
    insert_row(
        tx, PoolPart, contribution_id=contribution_id, shard=shard, fund_id=fund_id, available=fen
    )


def draw(tx: Session, journal_id: UUID, fund: Fund, lot_id: UUID, fen: int) -> None:
    """Reserves `fen` for a lot, from the oldest contributions of a shard that has enough.

    Where no shard has enough alone, several give together. Raises PoolExhausted.
    """
    if fen == 0:
        return
    start = random.randrange(fund.shards)  # noqa: S311 - spreads load, decides nothing
    for turn in range(fund.shards):
        shard = (start + turn) % fund.shards
        if _take(tx, fund, shard, fen):
            _reserve(tx, journal_id, fund, lot_id, Share(shard, fen))
            return
    for part in _together(tx, fund, fen):
        pool = book.account(tx, "CNY", "pool", str(fund.id), part.source)
        book.change(tx, pool, debits=part.amount)
        _reserve(tx, journal_id, fund, lot_id, part)


class _LetGo(Exception):
    """Undoes a savepoint, and with it the locks that were taken since."""


def _take(tx: Session, fund: Fund, shard: int, fen: int) -> bool:
    pool = book.account(tx, "CNY", "pool", str(fund.id), shard)
    if fund.shards == 1:
        return book.change(tx, pool, needed=fen, debits=fen)
    # Who waited for a rival's row and then found too little still holds it. With the savepoint it
    # is let go; else two who try the shards in different orders would wait for each other.
    with suppress(_LetGo), tx.begin_nested():
        if book.change(tx, pool, needed=fen, debits=fen):
            return True
        raise _LetGo
    return False


def _together(tx: Session, fund: Fund, fen: int) -> list[Share[int]]:
    """What each shard gives, all of them locked. Raises PoolExhausted."""
    shares = take_in_order(free(tx, fund), fen) if fund.shards > 1 else None
    if shares is None:
        raise PoolExhausted
    return shares


def free(tx: Session, fund: Fund) -> list[tuple[int, int]]:
    """The fen available in each shard of a fund, all its pools locked."""
    pools = [book.account(tx, "CNY", "pool", str(fund.id), n) for n in range(fund.shards)]
    rows = _lock(tx, Balance.account_id.in_(pools))
    left = {row.account_id: row.credits - row.debits for row in rows}
    return [(shard, left[pool]) for shard, pool in enumerate(pools)]


def shift(tx: Session, journal_id: UUID, fund: Fund, shards: tuple[int, int], fen: int) -> None:
    """Moves money from one shard to another, each fen with its contribution. Lock both first."""
    giver, taker = shards
    pool = book.account(tx, "CNY", "pool", str(fund.id), giver)
    book.change(tx, pool, debits=fen)
    book.move(tx, journal_id, "CNY", pool, _credit(tx, fund.id, taker, fen), fen)
    for share in _oldest(tx, fund.id, giver, fen):
        parts.change(tx, (share.source, giver), -share.amount)
        same = {"contribution_id": share.source, "shard": taker, "fund_id": fund.id}
        empty = insert_for(tx, PoolPart).values(available=0, **same)
        tx.execute(empty.on_conflict_do_nothing())
        parts.change(tx, (share.source, taker), share.amount)


def _reserve(tx: Session, journal_id: UUID, fund: Fund, lot_id: UUID, part: Share[int]) -> None:
    shard = part.source
    pool = book.account(tx, "CNY", "pool", str(fund.id), shard)
    reserved = book.account(tx, "CNY", "reserved", str(fund.id))
    book.move(tx, journal_id, "CNY", pool, reserved, part.amount)
    for share in _oldest(tx, fund.id, shard, part.amount):
        parts.change(tx, (share.source, shard), -share.amount)
        parts.back(tx, journal_id, lot_id, (share.source, shard), "draw", share.amount)


def pay(tx: Session, journal_id: UUID, lot: Lot, fen: int, payable: UUID) -> list[Paid]:
    """Turns reserved money of a lot into a debt to a merchant; `parts.count_paid` is to follow."""
    if fen == 0:
        return []
    reserved = book.account(tx, "CNY", "reserved", str(lot.fund_id))
    book.move(tx, journal_id, "CNY", reserved, payable, fen)
    shares = _behind(tx, lot, fen)
    for share in shares:
        parts.back(tx, journal_id, lot.id, share.source, "pay", share.amount)
    return [Paid(lot.fund_id, share.source, share.amount) for share in shares]


def give_back(tx: Session, journal_id: UUID, lot: Lot, fen: int) -> None:
    """Returns reserved money of a lot to the contributions and shards that it came from."""
    if fen == 0:
        return
    reserved = book.account(tx, "CNY", "reserved", str(lot.fund_id))
    pools: dict[UUID, int] = defaultdict(int)
    shares = _behind(tx, lot, fen)
    for share in shares:
        pools[book.account(tx, "CNY", "pool", str(lot.fund_id), share.source[1])] += share.amount
    for pool, amount in sorted(pools.items()):
        book.change(tx, pool, credits=amount)
        book.move(tx, journal_id, "CNY", reserved, pool, amount)
    for share in shares:
        parts.change(tx, share.source, share.amount)
        parts.back(tx, journal_id, lot.id, share.source, "return", share.amount)


def pass_on(tx: Session, journal_id: UUID, lot: Lot, to_lot: UUID, fen: int) -> None:
    """The money behind points that change their purse: it stays reserved, behind another lot."""
    for share in _behind(tx, lot, fen):
        parts.back(tx, journal_id, lot.id, share.source, "return", share.amount)
        parts.back(tx, journal_id, to_lot, share.source, "draw", share.amount)


def take_back(tx: Session, journal_id: UUID, lot: Lot, paid: UUID, payable: UUID) -> list[Paid]:
    """What journal `paid` owed the merchant for a lot's points stands behind them again.

    What was paid is less by so much: `parts.count_paid` is to follow.
    """
    rows = tx.execute(
        select(Backing.contribution_id, Backing.shard, Backing.fen).where(
            Backing.journal_id == paid, Backing.lot_id == lot.id, Backing.kind == "pay"
        )
    ).all()
    fen: int = sum(row.fen for row in rows)
    if fen:
        reserved = book.account(tx, "CNY", "reserved", str(lot.fund_id))
        book.move(tx, journal_id, "CNY", payable, reserved, fen)
    for row in rows:
        part = (row.contribution_id, row.shard)
        parts.back(tx, journal_id, lot.id, part, "refund", row.fen)
    return [Paid(lot.fund_id, (row.contribution_id, row.shard), -row.fen) for row in rows]


def _oldest(tx: Session, fund_id: UUID, shard: int, fen: int) -> list[Share[UUID]]:
    query = (
        select(PoolPart.contribution_id, PoolPart.available)
        .where(PoolPart.fund_id == fund_id, PoolPart.shard == shard, PoolPart.available > 0)
        .order_by(PoolPart.contribution_id)
    )
    shares = take_in_order(tx.execute(query), fen)
    assert shares is not None, "a pool's balance is the sum of its parts"
    return shares


def _behind(tx: Session, lot: Lot, fen: int) -> list[Share[Part]]:
    shares = take_in_order(queries.open_backing(tx, lot.id), fen)
    assert shares is not None, "a lot's points are backed fen for fen"
    return shares


def _credit(tx: Session, fund_id: UUID, shard: int, fen: int) -> UUID:
    pool = book.account(tx, "CNY", "pool", str(fund_id), shard)
    book.change(tx, pool, credits=fen)
    return pool

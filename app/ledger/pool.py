"""The money behind points: drawn from a fund's pool when they are earned, paid or given back later.

Pools are sharded so that many can earn at once; the pool is touched last in every journal.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import IdType, Whole
from app.kit.db import core, insert_row
from app.kit.ids import new_id
from app.ledger import book, queries
from app.ledger.errors import PoolExhausted
from app.ledger.lots import Share, take_in_order
from app.ledger.models import Backing, Balance, Fund, Lot, PoolPart

# Which contribution, in which shard.
Part = tuple[UUID, int]


def lock(tx: Session, lots: Sequence[Lot]) -> None:
    """Locks the pools behind several lots in one order, whatever order the lots come in."""
    if len(lots) < 2:  # noqa: PLR2004 - a lot is drawn from one pool
        return
    query = select(Lot.fund_id, Backing.shard).join(Backing, Backing.lot_id == Lot.id)
    behind = query.where(Lot.id.in_([lot.id for lot in lots])).distinct()
    pools = [book.account(tx, "CNY", "pool", str(b.fund_id), b.shard) for b in tx.execute(behind)]
    rows = select(Balance.account_id).where(Balance.account_id.in_(pools))
    tx.execute(rows.order_by(Balance.account_id).with_for_update(key_share=True))


def put(tx: Session, fund_id: UUID, contribution_id: UUID, shard: int, fen: int) -> None:
    """New money of a contribution arrives in a shard."""
    _credit(tx, fund_id, shard, fen)
    insert_row(
        tx, PoolPart, contribution_id=contribution_id, shard=shard, fund_id=fund_id, available=fen
    )


def draw(tx: Session, journal_id: UUID, fund: Fund, lot_id: UUID, fen: int) -> None:
    """Reserves `fen` for a lot, from the oldest contributions of a shard that has enough.

    Raises PoolExhausted.
    """
    start = random.randrange(fund.shards)  # noqa: S311 - spreads load, decides nothing
    for turn in range(fund.shards):
        shard = (start + turn) % fund.shards
        pool = book.account(tx, "CNY", "pool", str(fund.id), shard)
        if not book.change(tx, pool, needed=fen, debits=fen):
            continue
        reserved = book.account(tx, "CNY", "reserved", str(fund.id))
        book.move(tx, journal_id, "CNY", pool, reserved, fen)
        for share in _oldest(tx, fund.id, shard, fen):
            _change_part(tx, (share.source, shard), -share.amount)
            _back(tx, journal_id, lot_id, (share.source, shard), "draw", share.amount)
        return
    raise PoolExhausted


def pay(tx: Session, journal_id: UUID, lot: Lot, fen: int, payable: UUID) -> None:
    """Turns reserved money of a lot into a debt to a merchant."""
    if fen == 0:
        return
    reserved = book.account(tx, "CNY", "reserved", str(lot.fund_id))
    book.move(tx, journal_id, "CNY", reserved, payable, fen)
    for share in _behind(tx, lot, fen):
        _back(tx, journal_id, lot.id, share.source, "pay", share.amount)


def give_back(tx: Session, journal_id: UUID, lot: Lot, fen: int) -> None:
    """Returns reserved money of a lot to the contributions and shards that it came from."""
    if fen == 0:
        return
    reserved = book.account(tx, "CNY", "reserved", str(lot.fund_id))
    by_shard: dict[int, int] = defaultdict(int)
    shares = _behind(tx, lot, fen)
    for share in shares:
        by_shard[share.source[1]] += share.amount
    for shard, amount in sorted(by_shard.items()):
        pool = _credit(tx, lot.fund_id, shard, amount)
        book.move(tx, journal_id, "CNY", reserved, pool, amount)
    for share in shares:
        _change_part(tx, share.source, share.amount)
        _back(tx, journal_id, lot.id, share.source, "return", share.amount)


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


_PART = PoolPart.__table__.c
_CHANGE_PART = (
    update(PoolPart.__table__)  # type: ignore[arg-type]
    .where(
        _PART.contribution_id == bindparam("contribution", type_=IdType()),
        _PART.shard == bindparam("in_shard", type_=Whole),
    )
    .values(available=_PART.available + bindparam("by", type_=Whole))
)


def _change_part(tx: Session, part: Part, fen: int) -> None:
    contribution_id, shard = part
    given = {"contribution": contribution_id, "in_shard": shard, "by": fen}
    core(tx).execute(_CHANGE_PART, given)


def _back(tx: Session, journal_id: UUID, lot_id: UUID, part: Part, kind: str, fen: int) -> None:
    contribution_id, shard = part
    insert_row(
        tx, Backing, id=new_id(), journal_id=journal_id, lot_id=lot_id,
        contribution_id=contribution_id, shard=shard, kind=kind, fen=fen, created_at=clock.now(),
    )  # fmt: skip

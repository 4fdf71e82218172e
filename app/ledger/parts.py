"""What of a contribution is left in a shard, what was paid, and behind which lot it stands."""

from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import IdType, Whole
from app.kit.db import core, insert_for, insert_row
from app.kit.ids import new_id
from app.ledger.models import Backing, PaidPart, PoolPart

# Which contribution, in which shard.
Part = tuple[UUID, int]

_PART = PoolPart.__table__.c
_CHANGE_PART = (
    update(PoolPart.__table__)  # type: ignore[arg-type]
    .where(
        _PART.contribution_id == bindparam("contribution", type_=IdType()),
        _PART.shard == bindparam("in_shard", type_=Whole),
    )
    .values(available=_PART.available + bindparam("by", type_=Whole))
)


def change(tx: Session, part: Part, fen: int) -> None:
    """So many fen more are available of a part, or fewer."""
    contribution_id, shard = part
    given = {"contribution": contribution_id, "in_shard": shard, "by": fen}
    changed = core(tx).execute(_CHANGE_PART, given)
    assert changed.rowcount == 1, "a fen never leaves its contribution"


def back(tx: Session, journal_id: UUID, lot_id: UUID, part: Part, kind: str, fen: int) -> None:
    """One row of the backing: drawn, paid, returned or refunded behind a lot."""
    contribution_id, shard = part
    insert_row(
        tx, Backing, id=new_id(), journal_id=journal_id, lot_id=lot_id,
        contribution_id=contribution_id, shard=shard, kind=kind, fen=fen, created_at=clock.now(),
    )  # fmt: skip


_PAID = PaidPart.__table__.c
_COUNT_PAID = (
    update(PaidPart.__table__)  # type: ignore[arg-type]
    .where(
        _PAID.contribution_id == bindparam("contribution", type_=IdType()),
        _PAID.shard == bindparam("in_shard", type_=Whole),
    )
    .values(fen=_PAID.fen + bindparam("by", type_=Whole))
)


def count_paid(tx: Session, fund_id: UUID, part: Part, fen: int) -> None:
    """The running sum of what was paid. In a table of its own: who draws never waits for it."""
    contribution_id, shard = part
    given = {"contribution": contribution_id, "in_shard": shard, "by": fen}
    if core(tx).execute(_COUNT_PAID, given).rowcount:
        return
    first = insert_for(tx, PaidPart).values(
        contribution_id=contribution_id, shard=shard, fund_id=fund_id, fen=0
    )
    core(tx).execute(first.on_conflict_do_nothing())
    core(tx).execute(_COUNT_PAID, given)

"""What of a contribution is left in a shard, what was paid, and behind which lot it stands."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple
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


class Paid(NamedTuple):
    """So many fen of a part went to a merchant, or came back from there."""

    fund_id: UUID
    part: Part
    fen: int


def _adding(model: type[PoolPart | PaidPart], column: str) -> Any:
    """The statement that adds `by` to a column of one part."""
    table: Any = model.__table__
    of_part = (
        table.c.contribution_id == bindparam("contribution", type_=IdType()),
        table.c.shard == bindparam("in_shard", type_=Whole),
    )
    more = table.c[column] + bindparam("by", type_=Whole)
    return update(table).where(*of_part).values({column: more})


_CHANGE_PART = _adding(PoolPart, "available")
_COUNT_PAID = _adding(PaidPart, "fen")


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


def count_paid(tx: Session, paid: Iterable[Paid]) -> None:
    """The running sums of what was paid. In a table of its own: who draws never waits for it.

    Last in a journal and in one order, or two would wait for each other.
    """
    sums: Counter[tuple[Part, UUID]] = Counter()
    for one in paid:
        sums[one.part, one.fund_id] += one.fen
    for (part, fund_id), fen in sorted(sums.items()):
        _count_paid(tx, fund_id, part, fen)


def _count_paid(tx: Session, fund_id: UUID, part: Part, fen: int) -> None:
    contribution_id, shard = part
    given = {"contribution": contribution_id, "in_shard": shard, "by": fen}
    if core(tx).execute(_COUNT_PAID, given).rowcount:
        return
    first = insert_for(tx, PaidPart).values(
        contribution_id=contribution_id, shard=shard, fund_id=fund_id, fen=0
    )
    core(tx).execute(first.on_conflict_do_nothing())
    core(tx).execute(_COUNT_PAID, given)

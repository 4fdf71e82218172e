"""The journals that wait for their seals, found in short steps however many are sealed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.kit.columns import IdType, InstantType
from app.kit.db import core
from app.kit.ids import new_id
from app.ledger.models import Journal
from app.proofs.models import Seal

# Journals sealed at a time, and those looked at in search of unsealed ones.
BATCH = 500
STRIDE = 20_000
# A unit of work ends long before (statements stop after 10 s, idle ones after 30 s), and the clocks
# of two servers differ by less: no journal appears with an id this much older than the newest.
LATE_MS = 10 * 60 * 1000
FIRST = UUID(int=0)


def window(tx: Session) -> UUID:
    """The id after which the unsealed journals of a well-run house lie: a little before the newest
    sealed one, for what was begun earlier may be committed later."""
    newest = tx.scalar(select(Seal.journal_id).order_by(Seal.journal_id.desc()).limit(1))
    if newest is None:
        return FIRST
    # An id from a clock that ran ahead must not push the window past what is still to come.
    ms = (min(newest, new_id()).int >> 80) - LATE_MS
    return UUID(int=max(ms, 0) << 80)


def _sealed() -> Any:
    return select(Seal.position).where(Seal.journal_id == Journal.id).exists()


_AFTER = bindparam("after", type_=IdType())
_END = (
    select(Journal.id).where(Journal.id > _AFTER).order_by(Journal.id).offset(STRIDE - 1).limit(1)
)
_UNSEALED = (
    select(Journal.id)
    .where(Journal.id > _AFTER, ~_sealed())
    .order_by(Journal.id)
    .limit(bindparam("most"))
)
_UNSEALED_HERE = _UNSEALED.where(Journal.id <= bindparam("end", type_=IdType()))


def unsealed(tx: Session, after: UUID, most: int = BATCH) -> tuple[list[UUID], UUID | None]:
    """Journals without a seal among the next ones by id, and where to go on; None at the end.

    Looks at no more than STRIDE journals, so a walk over ten million is many short steps.
    """
    connection = core(tx)
    end: UUID | None = connection.execute(_END, {"after": after}).scalar()
    given: dict[str, Any] = {"after": after, "most": most}
    query = _UNSEALED if end is None else _UNSEALED_HERE
    if end is not None:
        given["end"] = end
    found = list(connection.execute(query, given).scalars())
    return found, found[-1] if len(found) == most else end


_WAITING = select(func.count()).select_from(Journal).where(Journal.id > _AFTER, ~_sealed())
_WAITING_BEFORE = _WAITING.where(Journal.created_at < bindparam("end", type_=InstantType()))


def waits_for_seals(tx: Session, end: datetime) -> bool:
    """Whether a journal written before `end`, or one that came too late to tell, is not sealed.

    Exact: positions have no gap, so the journals less the last position are those not sealed; all
    of them must lie in the window, where each one's date is looked at. One statement, one snapshot.
    """
    everything = select(func.count()).select_from(Journal).scalar_subquery()
    sealed = select(func.coalesce(func.max(Seal.position), 0)).scalar_subquery()
    waiting, dated = _WAITING.scalar_subquery(), _WAITING_BEFORE.scalar_subquery()
    given = {"after": window(tx), "end": end}
    row = tx.execute(select(everything - sealed - waiting, dated), given).one()
    return any(row)


def strays(tx: Session, most: int) -> list[UUID]:
    """Unsealed journals so old that they should have been sealed: they came in from elsewhere."""
    before, after = window(tx), FIRST
    found: list[UUID] = []
    while len(found) < most:
        some, rest = unsealed(tx, after, most)
        found += [journal_id for journal_id in some if journal_id <= before]
        if rest is None or rest > before:
            break
        after = rest
    return found[:most]

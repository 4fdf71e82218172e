"""Whether seals and notices are what the journals say: everything is hashed again from the rows."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.ledger.models import Journal
from app.proofs import hashes, merkle, queries, queue, service
from app.proofs.models import Notice, Seal

# The first broken rows of each kind; whatever follows them in the chain is read no further.
MOST = 3


def broken_proofs(tx: Session) -> Iterator[str]:
    """The first broken seals, notices and strays; streamed, so ten million journals need no more
    memory than a thousand."""
    yield from islice(_seals(tx), MOST)
    yield from islice(_notices(tx), MOST)
    yield from islice(_backdated(tx), MOST)
    for journal_id in queue.strays(tx, MOST):
        yield f"broken: journal {journal_id} has no seal although later ones have"


def _seals(tx: Session) -> Iterator[str]:
    position, chain = 0, merkle.START
    while batch := _batch(tx, position):
        texts = hashes.canonical_bytes(tx, [row.journal_id for row in batch])
        for row in batch:
            yield from _faults(row, position, chain, texts.get(row.journal_id))
            # What is stored, so that one broken seal is not told of every later one.
            position, chain = row.position, bytes.fromhex(row.chain)


def _batch(tx: Session, after: int) -> list[Row[Any]]:
    query = select(Seal.__table__).where(Seal.position > after)
    return list(tx.execute(query.order_by(Seal.position).limit(queue.BATCH)))


def _faults(row: Row[Any], before: int, chain: bytes, text: bytes | None) -> Iterator[str]:
    leaf = bytes.fromhex(row.leaf)
    if row.position != before + 1:
        yield f"broken: seals {before + 1} to {row.position - 1} are gone"
    elif merkle.link(chain, leaf).hex() != row.chain:
        yield f"broken: seal {row.position} does not follow from the one before it"
    if text is None:
        yield f"broken: journal {row.journal_id} of seal {row.position} is gone"
    elif merkle.leaf(text) != leaf:
        yield f"broken: journal {row.journal_id} is not what seal {row.position} sealed"


def _published(tx: Session) -> list[Notice]:
    return list(tx.scalars(select(Notice).order_by(Notice.last_position)))


def _notices(tx: Session) -> Iterator[str]:
    last = 0
    for notice in _published(tx):
        for fault in _notice_faults(tx, notice, last):
            yield f"broken: notice {notice.period} {fault}"
        last = notice.last_position


def _notice_faults(tx: Session, notice: Notice, before: int) -> Iterator[str]:
    first, last = notice.first_position, notice.last_position
    if first != before + 1:
        yield "does not begin where the notice before it ended"
    blocks, chain = service.tree(tx, first, last)
    said = service.words(notice.id, notice.period, first, last)
    root = merkle.published(merkle.root(blocks), chain, said).hex() if blocks else ""
    kept = [block.hex() for block in blocks]
    if (root, chain.hex(), kept) != (notice.root, notice.chain, notice.blocks):
        yield "has another root than its seals"
    totals = notice.earned, notice.redeemed, notice.members
    if queries.totals(tx, first, last) != totals or queries.is_misquoted(tx, notice):
        yield "does not list what its journals say"


def _backdated(tx: Session) -> Iterator[str]:
    """Journals that say they are of a period which had been published without them."""
    newest = queries.last_seal(tx)
    published = _published(tx)
    ends = [notice.last_position for notice in published[1:]]
    for notice, until in zip(published, [*ends, newest.position if newest else 0], strict=False):
        end = service.end_of(notice.period)
        for low in range(notice.last_position + 1, until + 1, queue.STRIDE):
            query = (
                select(Seal.position, Seal.journal_id)
                .join(Journal, Journal.id == Seal.journal_id)
                .where(Seal.position.between(low, min(low + queue.STRIDE - 1, until)))
                .where(Journal.created_at < end)
            )
            for row in tx.execute(query.order_by(Seal.position).limit(MOST)):
                yield (
                    f"broken: journal {row.journal_id} is dated before the end of {notice.period},"
                    " which was published without it"
                )

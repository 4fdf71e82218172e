"""Writes of the proof: seal journals into the chain, publish a period's notice (公示)."""

import secrets
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock, outbox
from app.kit.db import alone, insert_row, insert_rows
from app.kit.ids import new_id
from app.kit.logs import log
from app.proofs import hashes, merkle, queries, queue
from app.proofs.errors import (
    NoticeForbidden,
    NoticeOutOfOrder,
    NoticePublished,
    PeriodEmpty,
    PeriodNotOver,
    PeriodUnsealed,
)  # fmt: skip
from app.proofs.models import Notice, NoticeEntry, Seal
from app.proofs.queries import Sums
from app.proofs.schemas import NoticeOut
from app.regions import queries as regions
from app.webhooks import service as webhooks

# Those who vouch for the books move no money: never a fund's manager or approver.
PUBLISHERS = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
# What was begun in the last moments of a period has ended by then, and can be sealed.
SETTLING = timedelta(milliseconds=queue.LATE_MS)
# Of which there is one writer at a time.
BOOKS = "seals"


def seal(tx: Session, after: UUID | None = None) -> UUID | None:
    """Seals the next unsealed journals by id, some hundreds at most; None when there are no more,
    or else the id after which to go on.

    Begins at `after`, or a little before the newest sealed journal: `id > last` would miss what
    began earlier and was committed later.
    """
    alone(tx, BOOKS)
    found, rest = queue.unsealed(tx, queue.window(tx) if after is None else after)
    if found:
        _append(tx, found)
    return rest


def _append(tx: Session, journal_ids: list[UUID]) -> None:
    last = queries.last_seal(tx)
    before, chain = (last.position, bytes.fromhex(last.chain)) if last else (0, merkle.START)
    texts, now, rows = hashes.canonical_bytes(tx, journal_ids), clock.now(), []
    for position, journal_id in enumerate(journal_ids, start=before + 1):
        leaf = merkle.leaf(texts[journal_id])
        chain = merkle.link(chain, leaf)
        row = {"position": position, "journal_id": journal_id, "sealed_at": now}
        rows.append({**row, "leaf": leaf.hex(), "chain": chain.hex()})
    insert_rows(tx, Seal, rows)
    # In the log it is out of the database's reach: whoever cuts the chain's end cannot cut it here.
    log.info("journals sealed", position=before + len(rows), chain=chain.hex())


def publish(tx: Session, actor: Actor, period: str) -> NoticeOut:
    """Publishes what was sealed since the last notice, up to the end of `period` (`2026-10`).

    Raises NoticeForbidden, NoticePublished, NoticeOutOfOrder, PeriodNotOver, PeriodUnsealed,
    PeriodEmpty.
    """
    roots = [f"/{code}/" for code in regions.roots(tx)]
    if not all(actor.holds(PUBLISHERS, path) for path in roots):
        raise NoticeForbidden
    alone(tx, BOOKS)
    first, last = _positions(tx, period)
    blocks, chain = tree(tx, first, last)
    sums = queries.sums(tx, first, last)
    notice_id, now = new_id(), clock.now()
    root = merkle.published(merkle.root(blocks), chain, words(notice_id, period, first, last))
    insert_row(
        tx, Notice, id=notice_id, period=period, first_position=first, last_position=last,
        root=root.hex(), chain=chain.hex(), blocks=[block.hex() for block in blocks],
        published_by=actor.person_id, published_at=now, **totals(sums),
    )  # fmt: skip
    _list(tx, notice_id, sums, now)
    actions.record(tx, actor.person_id, "notice.published", "notice", notice_id, period=period)
    outbox.enqueue(tx, "notice.published", notice_id=notice_id)
    told = {"notice_id": str(notice_id), "period": period, "root": root.hex()}
    for path in roots:
        webhooks.publish(tx, "notice.published", told, path)
    return queries.notice_out(queries.get_notice(tx, period))


def _positions(tx: Session, period: str) -> tuple[int, int]:
    """The first and last position of a notice that may be published now. Raises as `publish`."""
    newest = queries.newest_notice(tx)
    if newest is not None and newest.period >= period:
        raise NoticePublished if queries.is_published(tx, period) else NoticeOutOfOrder
    end = end_of(period)
    if clock.now() < end + SETTLING:
        raise PeriodNotOver
    if queue.waits_for_seals(tx, end):
        raise PeriodUnsealed
    first = newest.last_position + 1 if newest else 1
    last = queries.last_before(tx, end)
    if last < first:
        raise PeriodEmpty
    return first, last


def end_of(period: str) -> datetime:
    """The instant at which a month in Asia/Shanghai is over."""
    year, month = map(int, period.split("-"))
    return clock.day_start(date(year + month // 12, month % 12 + 1, 1))


def tree(tx: Session, first: int, last: int) -> tuple[list[bytes], bytes]:
    """The roots of the blocks of leaves at these positions, and the chain at the last of them."""
    gathered, chain = merkle.Blocks(), merkle.START
    for row in queries.seals(tx, first, last):
        gathered.add(bytes.fromhex(row.leaf))
        chain = bytes.fromhex(row.chain)
    return gathered.all(), chain


def words(notice_id: UUID, period: str, first: int, last: int) -> tuple[str, str, str, str]:
    """What a notice says of itself, in the order in which its root covers it."""
    return str(notice_id), period, str(first), str(last)


def totals(sums: Sums) -> dict[str, int]:
    """What a notice says of everybody: points earned and redeemed, and how many have an entry."""
    return {
        "earned": sum(earned for earned, _ in sums.values()),
        "redeemed": sum(redeemed for _, redeemed in sums.values()),
        "members": len(sums),
    }


def _list(tx: Session, notice_id: UUID, sums: Sums, now: datetime) -> None:
    """Writes the lines of the public list, so that those who earned most are read first."""
    # Equals in no order: that of accounts would tell from month to month who is who.
    ordered = sorted(sums.items(), key=lambda item: (*item[1], secrets.randbits(64)))
    rows = [
        {
            "id": new_id(), "notice_id": notice_id, "account_id": account_id, "earned": earned,
            "redeemed": redeemed, "created_at": now,
        }
        for account_id, (earned, redeemed) in ordered
    ]  # fmt: skip
    for begin in range(0, len(rows), queries.STRIDE):
        insert_rows(tx, NoticeEntry, rows[begin : begin + queries.STRIDE])

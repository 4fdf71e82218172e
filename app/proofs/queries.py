"""Reads of seals, notices and what they sum up."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.kit.page import Page, page
from app.ledger.models import Account, Journal, Purse, Transfer
from app.proofs.errors import EntryNotFound, NoticeNotFound
from app.proofs.models import Notice, NoticeEntry, Seal
from app.proofs.schemas import NoticeOut

# Seals read or entries written at a time.
STRIDE = 10_000
# Account -> points earned, points redeemed.
Sums = dict[UUID, tuple[int, int]]


def last_seal(tx: Session) -> Row[Any] | None:
    return tx.execute(select(Seal.__table__).order_by(Seal.position.desc()).limit(1)).first()


def last_before(tx: Session, end: datetime) -> int:
    """The position of the last seal over a journal written before `end`; 0 when there is none."""
    query = select(Seal.position).join(Journal, Journal.id == Seal.journal_id)
    query = query.where(Journal.created_at < end).order_by(Seal.position.desc()).limit(1)
    return tx.scalar(query) or 0


def seals(tx: Session, first: int, last: int) -> Iterator[Row[Any]]:
    """The seals at these positions, in their order, read some thousands at a time."""
    query = select(Seal.__table__).order_by(Seal.position)
    for low in range(first, last + 1, STRIDE):
        yield from tx.execute(query.where(Seal.position.between(low, min(low + STRIDE - 1, last))))


_POSTED = Transfer.state.in_(("posted", "post"))


def _sums(side: Any, other: Any, sign: int, first: int, last: int) -> Any:
    """Per member's or household's account on one side: points against the issuer and the store."""
    own, sink = Account.__table__.alias("own"), Account.__table__.alias("sink")
    earned = case((sink.c.kind == "issuer", Transfer.amount), else_=0)
    redeemed = case((sink.c.kind == "redeemed", Transfer.amount), else_=0)
    return (
        select(
            own.c.id,
            (func.sum(earned) * sign).label("earned"),
            (func.sum(redeemed) * -sign).label("redeemed"),
        )
        .select_from(Seal)
        .join(Transfer, Transfer.journal_id == Seal.journal_id)
        .join(own, own.c.id == side)
        .join(sink, sink.c.id == other)
        .where(Seal.position.between(first, last), own.c.kind.in_(("member", "household")), _POSTED)
        .group_by(own.c.id)
    )


def sums(tx: Session, first: int, last: int) -> Sums:
    """Points earned and redeemed by account in what is sealed from `first` to `last`, a stride at
    a time; with zeros for an account whose points only expired, moved or came back."""
    found: Sums = {}
    for low in range(first, last + 1, STRIDE):
        high = min(low + STRIDE - 1, last)
        debit, credit = Transfer.debit_account_id, Transfer.credit_account_id
        for query in (_sums(credit, debit, 1, low, high), _sums(debit, credit, -1, low, high)):
            for account_id, earned, redeemed in tx.execute(query):
                before = found.get(account_id, (0, 0))
                found[account_id] = before[0] + int(earned), before[1] + int(redeemed)
    return found


def _both_sides(first: int, last: int) -> Any:
    """As `sums`, in the database: nobody has to hold all members at once."""
    debit, credit = Transfer.debit_account_id, Transfer.credit_account_id
    sides = union_all(_sums(credit, debit, 1, first, last), _sums(debit, credit, -1, first, last))
    side = sides.subquery().c
    earned, redeemed = func.sum(side.earned), func.sum(side.redeemed)
    return select(side.id, earned.label("earned"), redeemed.label("redeemed")).group_by(side.id)


def totals(tx: Session, first: int, last: int) -> tuple[int, int, int]:
    """Points earned and redeemed, and by how many, in what is sealed from `first` to `last`."""
    one = _both_sides(first, last).subquery().c
    row = tx.execute(select(func.sum(one.earned), func.sum(one.redeemed), func.count(one.id))).one()
    return int(row[0] or 0), int(row[1] or 0), int(row[2])


def is_misquoted(tx: Session, notice: Notice) -> bool:
    """Whether a notice lists an account otherwise than its journals say, or leaves one out."""
    entry = NoticeEntry
    listed = select(entry.account_id, -entry.earned, -entry.redeemed)
    said = _both_sides(notice.first_position, notice.last_position)
    pairs = union_all(said, listed.where(entry.notice_id == notice.id)).subquery().c
    differ = or_(func.sum(pairs.earned) != 0, func.sum(pairs.redeemed) != 0, func.count() != 2)  # noqa: PLR2004
    odd = select(pairs.id).group_by(pairs.id).having(differ).limit(1)
    return tx.execute(odd).first() is not None


def newest_notice(tx: Session) -> Row[str, int] | None:
    query = select(Notice.period, Notice.last_position).order_by(Notice.period.desc())
    return tx.execute(query.limit(1)).first()


def is_published(tx: Session, period: str) -> bool:
    return tx.scalar(select(Notice.id).where(Notice.period == period)) is not None


def get_notice(tx: Session, period: str) -> Notice:
    """Raises NoticeNotFound."""
    notice = tx.scalar(select(Notice).where(Notice.period == period))
    if notice is None:
        raise NoticeNotFound
    return notice


def notice_at(tx: Session, position: int) -> Notice | None:
    """The notice that holds this position; None while it is not published."""
    query = select(Notice).where(Notice.last_position >= position).order_by(Notice.last_position)
    return tx.scalar(query.limit(1))


def notices(tx: Session, limit: int, cursor: str | None) -> Page[NoticeOut]:
    """Everything that was published, newest first."""
    columns = [getattr(Notice, name) for name in NoticeOut.model_fields]
    keys = (Notice.published_at, Notice.id)
    return page(tx, select(*columns), keys, limit=limit, cursor=cursor, build=notice_out)


def notice_out(notice: Any) -> NoticeOut:
    return NoticeOut(**{name: getattr(notice, name) for name in NoticeOut.model_fields})


def entry_journal(tx: Session, person_id: UUID, entry_id: UUID) -> UUID:
    """The journal of an entry on this person's own or shared account. Raises EntryNotFound."""
    mine = select(Account.id).where(Account.kind == "member", Account.owner == str(person_id))
    ids = list(tx.scalars(mine.union(select(Purse.account_id).where(Purse.person_id == person_id))))
    query = select(Transfer.journal_id).where(
        Transfer.id == entry_id,
        or_(Transfer.debit_account_id.in_(ids), Transfer.credit_account_id.in_(ids)),
    )
    journal_id = tx.scalar(query)
    if journal_id is None:
        raise EntryNotFound
    return journal_id


def find_seal(tx: Session, journal_id: UUID) -> Row[Any] | None:
    return tx.execute(select(Seal.__table__).where(Seal.journal_id == journal_id)).first()


def entries_after(tx: Session, notice_id: UUID, after: UUID, most: int) -> list[Row[Any]]:
    """The next entries of a notice by their ids, with the account's kind and owner."""
    query = (
        select(NoticeEntry.id, NoticeEntry.account_id, Account.kind, Account.owner)
        .join(Account, Account.id == NoticeEntry.account_id)
        .where(NoticeEntry.notice_id == notice_id, NoticeEntry.id > after)
        .order_by(NoticeEntry.id)
        .limit(most)
    )
    return list(tx.execute(query))


def sharers(tx: Session, account_ids: Iterable[UUID]) -> list[UUID]:
    """The people who earn into and spend from these accounts, which are not their own."""
    query = select(Purse.person_id).where(Purse.account_id.in_(account_ids))
    return list(tx.scalars(query.order_by(Purse.person_id)))

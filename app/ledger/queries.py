"""Reads of the ledger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, case, func, or_, select, true
from sqlalchemy.orm import Session

from app.identity.models import Role
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.db import core
from app.kit.page import Page, page
from app.ledger.models import (
    Account,
    Backing,
    Balance,
    Debt,
    Journal,
    Lot,
    LotUse,
    Purse,
    Transfer,
)  # fmt: skip
from app.ledger.schemas import EntryOut, PointsOut

# Who reads funds, contributions and rules.
FUND_READERS = (Role.FUND_MANAGER, Role.FUND_APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)
Groups = list[tuple[datetime, int]]

# Spendable is computed from living lots, not from the balance row: lots past their expiry no
# longer count, although their expiry is booked only on the next touch or by the nightly job.
_OWNER = bindparam("owner", type_=CodeText)
_OWN = (
    select(Account.id)
    .where(Account.kind == "member", Account.owner == _OWNER, Account.shard == 0)
    .scalar_subquery()
)
# Whoever belongs to a household spends from its purse.
_SHARED = (
    select(Purse.account_id)
    .where(Purse.person_id == bindparam("person", type_=IdType()))
    .scalar_subquery()
)
_PURSE = func.coalesce(_SHARED, _OWN)
_LIVING = (
    select(
        Lot.account_id, Lot.remaining, Lot.settled_at, Lot.expires_at,
        func.min(Lot.expires_at).over(partition_by=Lot.account_id).label("first"),
    )
    .where(
        Lot.account_id == _PURSE,
        Lot.remaining > 0,
        or_(Lot.expires_at.is_(None), Lot.expires_at > bindparam("now", type_=InstantType())),
    )
    .cte("living")
)  # fmt: skip
_SETTLED = func.sum(_LIVING.c.remaining).filter(_LIVING.c.settled_at.is_not(None))
_FIRST = func.sum(_LIVING.c.remaining).filter(_LIVING.c.expires_at == _LIVING.c.first)
_SPENDABLE = select(
    _SETTLED.label("live"), func.min(_LIVING.c.first).label("first"), _FIRST.label("first_points")
).subquery()
# What a member of a household had on its way or held when they joined is still on their own.
_BOUND = (
    select(func.sum(Balance.held).label("held"), func.sum(Balance.unsettled).label("unsettled"))
    .where(Balance.account_id.in_((_OWN, _SHARED)))
    .subquery()
)
# Each one's own, also in a household.
_OWED = (
    select(func.sum(Debt.remaining))
    .where(Debt.person_id == bindparam("person", type_=IdType()))
    .scalar_subquery()
)
_POINTS = select(_SPENDABLE, _BOUND, _OWED.label("owed")).join_from(_SPENDABLE, _BOUND, true())


def points(tx: Session, person_id: UUID, now: datetime) -> PointsOut:
    """What a member may spend as of `now`, alone or with their household; else zeros."""
    given = {"owner": str(person_id), "person": person_id, "now": now}
    row = core(tx).execute(_POINTS, given).one()
    return PointsOut(
        spendable=int(row.live or 0),
        on_the_way=int(row.unsettled or 0),
        held=int(row.held or 0),
        next_expiry=row.first,
        next_expiry_points=int(row.first_points or 0),
        owed=int(row.owed or 0),
    )


def entries(tx: Session, person_id: UUID, limit: int, cursor: str | None) -> Page[EntryOut]:
    """Entries of a member's purse, newest first: one for every transfer on it.

    In a household that is the shared purse, and their own account from before.
    """
    mine = accounts(tx, person_id)
    goes, comes = Transfer.debit_account_id.in_(mine), Transfer.credit_account_id.in_(mine)
    change = case((comes, Transfer.amount), else_=0) - case((goes, Transfer.amount), else_=0)
    # A hold takes points off; its post changes nothing more; its void gives them back.
    shown = case(
        (Transfer.state == "post", 0), (Transfer.state == "void", Transfer.amount), else_=change
    )
    query = (
        select(Transfer.id, Journal.kind, shown.label("points"), Journal.reason, Journal.source,
               Transfer.created_at)
        .join(Journal, Journal.id == Transfer.journal_id)
        .where(or_(goes, comes))
    )  # fmt: skip
    keys = (Transfer.created_at, Transfer.id)
    return page(tx, query, keys, limit=limit, cursor=cursor, filters=(person_id,), build=_entry)


def accounts(tx: Session, person_id: UUID) -> list[UUID]:
    """The accounts whose entries a person may read: their own, and their household's."""
    own = select(Account.id).where(Account.kind == "member", Account.owner == str(person_id))
    shared = select(Purse.account_id).where(Purse.person_id == person_id)
    return list(tx.scalars(own.union_all(shared)))


def _entry(row: Row[Any]) -> EntryOut:
    return EntryOut(
        id=row.id, kind=row.kind, points=row.points, reason=row.reason, source=row.source,
        created_at=row.created_at,
    )  # fmt: skip


_JOURNAL = select(Journal).where(
    Journal.kind == bindparam("kind", type_=CodeText),
    Journal.source == bindparam("source", type_=CodeText),
)
_LOT_OF = (
    select(Lot)
    .join(Transfer, Transfer.id == Lot.transfer_id)
    .where(Transfer.journal_id == bindparam("journal", type_=IdType()))
)
_LIVE = (
    select(Lot)
    .where(
        Lot.account_id == bindparam("account", type_=IdType()),
        Lot.remaining > 0,
        Lot.settled_at.is_not(None),
    )
    .order_by(case((Lot.expires_at.is_(None), 1), else_=0), Lot.expires_at, Lot.id)
    .execution_options(populate_existing=True)
)
_PENDING = (
    select(Transfer)
    .join(Journal, Journal.id == Transfer.journal_id)
    .where(
        Journal.kind == "redeem",
        Journal.source == bindparam("source", type_=CodeText),
        Transfer.state == "pending",
    )
)
_USES = (
    select(LotUse)
    .where(LotUse.transfer_id == bindparam("transfer", type_=IdType()))
    .order_by(LotUse.lot_id)
)
# Drawn from the pool, or come back from a merchant; the other kinds leave.
_BEHIND = Backing.kind.in_(("draw", "refund"))
_OPEN = (
    select(
        Backing.contribution_id,
        Backing.shard,
        func.sum(case((_BEHIND, Backing.fen), else_=-Backing.fen)).label("fen"),
    )
    .where(Backing.lot_id == bindparam("lot", type_=IdType()))
    .group_by(Backing.contribution_id, Backing.shard)
    .order_by(Backing.contribution_id, Backing.shard)
)


def owed_fen(tx: Session, payable: UUID) -> int:
    """What a merchant's account is owed, in fen; less than 0 after refunds of what was paid."""
    sides = (
        select(func.sum(Transfer.amount)).where(side == payable)
        for side in (Transfer.credit_account_id, Transfer.debit_account_id)
    )
    owed, paid = (int(tx.scalar(side) or 0) for side in sides)
    return owed - paid


def find_journal(tx: Session, kind: str, source: str) -> Journal | None:
    return tx.scalar(_JOURNAL, {"kind": kind, "source": source})


def lot_of(tx: Session, journal: Journal) -> Lot:
    """The lot that an accrual made."""
    return tx.scalars(_LOT_OF, {"journal": journal.id}).one()


def owners(tx: Session, account_id: UUID) -> list[UUID]:
    """Whose purse it is: one member's, or that of everybody in a household."""
    account = tx.get_one(Account, account_id)
    if account.kind == "member":
        return [UUID(account.owner)]
    members = select(Purse.person_id).where(Purse.account_id == account_id)
    return list(tx.scalars(members.order_by(Purse.person_id)))


def expiring(
    tx: Session, after: datetime | None, until: datetime, *, beyond: UUID | None, limit: int
) -> list[UUID]:
    """Purses with points that expire in (after, until], by id from `beyond` on."""
    query = select(Lot.account_id).where(Lot.remaining > 0, Lot.expires_at <= until)
    if after is not None:
        query = query.where(Lot.expires_at > after)
    if beyond is not None:
        query = query.where(Lot.account_id > beyond)
    return list(tx.scalars(query.distinct().order_by(Lot.account_id).limit(limit)))


def expiring_points(tx: Session, account_id: UUID, after: datetime, until: datetime) -> Groups:
    """What expires in (after, until], by instant."""
    query = select(Lot.expires_at, func.sum(Lot.remaining)).where(
        Lot.account_id == account_id, Lot.remaining > 0,
        Lot.expires_at > after, Lot.expires_at <= until,
    )  # fmt: skip
    rows = tx.execute(query.group_by(Lot.expires_at).order_by(Lot.expires_at))
    return [(at, int(points)) for at, points in rows if at is not None]


def live_lots(tx: Session, account_id: UUID) -> list[Lot]:
    """Settled lots with something left, the first to expire first, for ever last."""
    return list(tx.scalars(_LIVE, {"account": account_id}))


def pending_of(tx: Session, source: str) -> tuple[Transfer, list[LotUse]] | None:
    """The pending transfer of a redemption and what it took from which lots."""
    transfer = tx.scalar(_PENDING, {"source": source})
    if transfer is None:
        return None
    return transfer, list(tx.scalars(_USES, {"transfer": transfer.id}))


def open_backing(tx: Session, lot_id: UUID) -> list[tuple[tuple[UUID, int], int]]:
    """Fen still behind a lot by (contribution, shard), the oldest contribution first."""
    rows = core(tx).execute(_OPEN, {"lot": lot_id}).all()
    return [((r.contribution_id, r.shard), int(r.fen)) for r in rows if r.fen]

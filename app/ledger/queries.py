"""Reads of the ledger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, case, false, func, or_, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.db import core
from app.kit.page import Page, page
from app.ledger.errors import ContributionNotFound, FundNotFound
from app.ledger.models import (
    Account,
    Backing,
    Balance,
    Contribution,
    Fund,
    Journal,
    Lot,
    LotUse,
    PoolPart,
    Transfer,
)  # fmt: skip
from app.ledger.schemas import ContributionOut, EntryOut, FundOut, PointsOut
from app.regions.models import Region
from app.regions.queries import under

# Spendable is computed from living lots, not from the balance row: lots past their expiry no
# longer count, although their expiry is booked only on the next touch or by the nightly job.
_LIVING = (
    select(
        Lot.account_id, Lot.remaining, Lot.settled_at, Lot.expires_at,
        func.min(Lot.expires_at).over(partition_by=Lot.account_id).label("first"),
    )
    .join(Account, Account.id == Lot.account_id)
    .where(
        Account.kind == "member",
        Account.owner == bindparam("owner", type_=CodeText),
        Lot.remaining > 0,
        or_(Lot.expires_at.is_(None), Lot.expires_at > bindparam("now", type_=InstantType())),
    )
    .cte("living")
)  # fmt: skip
_SETTLED = func.sum(_LIVING.c.remaining).filter(_LIVING.c.settled_at.is_not(None))
_FIRST = func.sum(_LIVING.c.remaining).filter(_LIVING.c.expires_at == _LIVING.c.first)
_POINTS = (
    select(
        Balance.held,
        Balance.unsettled,
        func.coalesce(_SETTLED, 0).label("live"),
        func.min(_LIVING.c.first).label("first"),
        func.coalesce(_FIRST, 0).label("first_points"),
    )
    .select_from(Account)
    .join(Balance, Balance.account_id == Account.id)
    .outerjoin(_LIVING, _LIVING.c.account_id == Account.id)
    .where(Account.kind == "member", Account.owner == bindparam("owner", type_=CodeText))
    .group_by(Balance.account_id, Balance.held, Balance.unsettled)
)
_NONE = PointsOut(spendable=0, on_the_way=0, held=0, next_expiry=None, next_expiry_points=0)


def points(tx: Session, person_id: UUID, now: datetime) -> PointsOut:
    """A member's points as of `now`; zeros for someone who never earned any."""
    row = core(tx).execute(_POINTS, {"owner": str(person_id), "now": now}).first()
    if row is None:
        return _NONE
    return PointsOut(
        spendable=int(row.live),
        on_the_way=row.unsettled,
        held=row.held,
        next_expiry=row.first,
        next_expiry_points=int(row.first_points),
    )


def entries(tx: Session, person_id: UUID, limit: int, cursor: str | None) -> Page[EntryOut]:
    """A member's entries, newest first: one for every transfer on their account."""
    account = (
        select(Account.id)
        .where(Account.kind == "member", Account.owner == str(person_id))
        .scalar_subquery()
    )
    change = case((Transfer.credit_account_id == account, Transfer.amount), else_=-Transfer.amount)
    # A hold takes points off; its post changes nothing more; its void gives them back.
    shown = case(
        (Transfer.state == "post", 0), (Transfer.state == "void", Transfer.amount), else_=change
    )
    query = (
        select(Transfer.id, Journal.kind, shown.label("points"), Journal.reason, Journal.source,
               Transfer.created_at)
        .join(Journal, Journal.id == Transfer.journal_id)
        .where(or_(Transfer.debit_account_id == account, Transfer.credit_account_id == account))
    )  # fmt: skip
    keys = (Transfer.created_at, Transfer.id)
    return page(tx, query, keys, limit=limit, cursor=cursor, filters=(person_id,), build=_entry)


def _entry(row: Row[Any]) -> EntryOut:
    return EntryOut(
        id=row.id, kind=row.kind, points=row.points, reason=row.reason, source=row.source,
        created_at=row.created_at,
    )  # fmt: skip


FUND_READERS = (Role.FUND_MANAGER, Role.FUND_APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """THE rule for funds: those who work with money see the funds of their regions."""
    region = select(Region.path).where(Region.code == Fund.region_code).scalar_subquery()
    return or_(false(), *(under(region, path) for path in actor.paths(FUND_READERS)))


def get_fund(tx: Session, actor: Actor, fund_id: UUID) -> Fund:
    """Raises FundNotFound, also for a fund outside the actor's regions."""
    fund = tx.scalar(select(Fund).where(Fund.id == fund_id, visible_to(actor)))
    if fund is None:
        raise FundNotFound
    return fund


def funds(tx: Session, actor: Actor) -> list[FundOut]:
    query = select(Fund).where(visible_to(actor)).order_by(Fund.code)
    return [fund_out(tx, fund) for fund in tx.scalars(query)]


def fund_out(tx: Session, fund: Fund) -> FundOut:
    """A fund with its sums in fen: contributed = available + reserved + paid."""
    given = select(func.sum(Contribution.fen)).where(
        Contribution.fund_id == fund.id, Contribution.state == "approved"
    )
    left = select(func.sum(PoolPart.available)).where(PoolPart.fund_id == fund.id)
    behind = (
        select(Backing.kind, func.sum(Backing.fen))
        .join(Lot, Lot.id == Backing.lot_id)
        .where(Lot.fund_id == fund.id)
        .group_by(Backing.kind)
    )
    sums: dict[str, Any] = dict(tx.execute(behind).all())
    drawn, paid, returned = (int(sums.get(k) or 0) for k in ("draw", "pay", "return"))
    return FundOut(
        id=fund.id, code=fund.code, name=fund.name, purpose=fund.purpose,
        region_code=fund.region_code, rate_fen=fund.rate_fen,
        contributed_fen=int(tx.scalar(given) or 0), available_fen=int(tx.scalar(left) or 0),
        reserved_fen=drawn - paid - returned, paid_fen=paid,
    )  # fmt: skip


def lowest_rate(tx: Session) -> int:
    """The lowest fen a point among active funds and living lots; 0 when there are none."""
    live = select(Lot.rate_fen).where(Lot.remaining > 0)
    rates = select(Fund.rate_fen).where(Fund.state == "active").union(live).subquery()
    return tx.scalar(select(func.min(rates.c.rate_fen))) or 0


def get_contribution(tx: Session, fund_id: UUID, contribution_id: UUID) -> Contribution:
    """The contribution, locked. Raises ContributionNotFound."""
    query = select(Contribution).where(
        Contribution.id == contribution_id, Contribution.fund_id == fund_id
    )
    contribution = tx.scalar(query.with_for_update(key_share=True))
    if contribution is None:
        raise ContributionNotFound
    return contribution


def contributions(tx: Session, actor: Actor, fund_id: UUID) -> list[ContributionOut]:
    """Raises FundNotFound."""
    get_fund(tx, actor, fund_id)
    query = select(Contribution).where(Contribution.fund_id == fund_id)
    return [contribution_out(tx, c) for c in tx.scalars(query.order_by(Contribution.id))]


def contribution_out(tx: Session, contribution: Contribution) -> ContributionOut:
    left = select(func.sum(PoolPart.available)).where(PoolPart.contribution_id == contribution.id)
    names = ContributionOut.model_fields.keys() - {"available_fen"}
    fields = {name: getattr(contribution, name) for name in names}
    return ContributionOut(**fields, available_fen=int(tx.scalar(left) or 0))


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
_OPEN = (
    select(
        Backing.contribution_id,
        Backing.shard,
        func.sum(case((Backing.kind == "draw", Backing.fen), else_=-Backing.fen)).label("fen"),
    )
    .where(Backing.lot_id == bindparam("lot", type_=IdType()))
    .group_by(Backing.contribution_id, Backing.shard)
    .order_by(Backing.contribution_id, Backing.shard)
)


def find_journal(tx: Session, kind: str, source: str) -> Journal | None:
    return tx.scalar(_JOURNAL, {"kind": kind, "source": source})


def lot_of(tx: Session, journal: Journal) -> Lot:
    """The lot that an accrual made."""
    return tx.scalars(_LOT_OF, {"journal": journal.id}).one()


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

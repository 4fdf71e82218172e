"""Sums of funds and contributions that stay cheap however long the ledger grows."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, exists, func, select, true
from sqlalchemy.orm import Session, aliased

from app.kit import clock
from app.ledger.models import (
    Balance,
    Contribution,
    ContributionReturn,
    Fund,
    Lot,
    LotUse,
    PaidPart,
    PoolPart,
    Transfer,
)  # fmt: skip

# How many days of drawing say how long the money will last.
RATE_DAYS = 30


def sums_of(fund_id: UUID) -> Select[Any]:
    """One row of all sums of a fund: running ones for money, indexed ones for points."""
    since = clock.now() - timedelta(days=RATE_DAYS)
    approved = (Contribution.fund_id == fund_id, Contribution.state == "approved")
    given = select(func.sum(Contribution.fen).label("given")).where(*approved)
    points = select(
        func.sum(Lot.remaining).label("points"),
        func.sum(Lot.remaining * Lot.rate_fen).label("points_fen"),
    ).where(Lot.fund_id == fund_id, Lot.remaining > 0)
    drawn = select(func.sum(Lot.amount * Lot.rate_fen).label("drawn")).where(
        # Points that change their purse are no drawing: their lot has an origin.
        Lot.fund_id == fund_id, Lot.created_at > since, Lot.origin_id.is_(None),
    )  # fmt: skip
    parts = (
        _sum_of(PoolPart.available, "available", PoolPart.fund_id == fund_id),
        _sum_of(PaidPart.fen, "paid", PaidPart.fund_id == fund_id),
        _returned(*approved), points, drawn, _held(fund_id),
    )  # fmt: skip
    return _side_by_side(given, *parts)


def _side_by_side(*queries: Select[*tuple[Any, ...]]) -> Select[Any]:
    """One row of several queries that give one row each."""
    first, *others = (query.subquery() for query in queries)
    joined = select(first, *others).select_from(first)
    for other in others:
        joined = joined.join(other, true())
    return joined


def _sum_of(column: Any, label: str, which: ColumnElement[bool]) -> Select[Any]:
    return select(func.sum(column).label(label)).where(which)


def _returned(*which: ColumnElement[bool]) -> Select[Any]:
    return (
        select(func.sum(ContributionReturn.fen).label("returned"))
        .join(Contribution, Contribution.id == ContributionReturn.contribution_id)
        .where(ContributionReturn.state == "approved", *which)
    )


def _held(fund_id: UUID) -> Select[Any, Any]:
    """Points under redemption: only purses that hold something are looked at.

    The lots are joined from outside, so that no planner begins with all that a fund ever had.
    """
    later = aliased(Transfer)
    holding = select(Balance.account_id).where(Balance.held > 0)
    return (
        select(
            func.sum(case((Lot.id.is_not(None), LotUse.amount))).label("held"),
            func.sum(LotUse.amount * Lot.rate_fen).label("held_fen"),
        )
        .select_from(Transfer)
        .join(LotUse, LotUse.transfer_id == Transfer.id)
        .outerjoin(Lot, (Lot.id == LotUse.lot_id) & (Lot.fund_id == fund_id))
        .where(
            Transfer.debit_account_id.in_(holding), Transfer.state == "pending",
            LotUse.kind == "take", ~exists().where(later.pending_id == Transfer.id),
        )
    )  # fmt: skip


def became_of(tx: Session, contribution: Contribution) -> tuple[int, int, int, int]:
    """Fen of a contribution: available, reserved, paid and returned; together what was given."""
    row = tx.execute(
        _side_by_side(
            _sum_of(PoolPart.available, "left", PoolPart.contribution_id == contribution.id),
            _sum_of(PaidPart.fen, "paid", PaidPart.contribution_id == contribution.id),
            _returned(Contribution.id == contribution.id),
        )
    ).one()
    left, paid, returned = (int(fen or 0) for fen in row)
    given = contribution.fen if contribution.state == "approved" else 0
    return left, given - left - paid - returned, paid, returned


def lowest_rate(tx: Session) -> int:
    """The lowest fen a point among active funds and living lots; 0 when there are none."""
    # Fund by fund, so that each answer is the first entry of an index.
    live = select(func.min(Lot.rate_fen)).where(Lot.fund_id == Fund.id, Lot.remaining > 0)
    rows = tx.execute(select(Fund.state, Fund.rate_fen, live.scalar_subquery()))
    rates = ((rate if state == "active" else least, least) for state, rate, least in rows)
    return min((rate for pair in rates for rate in pair if rate is not None), default=0)

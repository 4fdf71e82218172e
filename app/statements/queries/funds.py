"""What a fund was given over a period, what it did with it, and what was bought."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.identity.models import ApiClient
from app.ledger.lots import split_by_value
from app.ledger.models import (
    Backing,
    Contribution,
    ContributionReturn,
    Contributor,
    Fund,
    Journal,
    Lot,
)  # fmt: skip
from app.statements import rules
from app.statements.rules import Period
from app.statements.schemas import (
    BoughtOut,
    FundMonthOut,
    FundReportOut,
    FundSumsOut,
    GivenByOut,
    StandOut,
)  # fmt: skip
from app.store.models import Item, RedemptionLine
from app.till.models import TillHold

BATCH = 500
KINDS = {"draw": "drawn", "return": "returned", "pay": "paid", "refund": "refunded"}
NAMES = ("contributed", *KINDS.values(), "given_back")
# In which part of time something happened: before the period, or in its n-th month.
BEFORE = -1


@dataclass
class _Bought:
    pieces: int = 0
    pieces_back: int = 0
    fen: int = 0
    about: dict[str, Any] = field(default_factory=dict)


def report(tx: Session, fund: Fund, period: Period) -> FundReportOut:
    """A fund over a period, in fen; the caller may see it.

    Opening, what moved and closing belong together, and goods are paid less refunded.
    """
    months = rules.months(period)
    sums = _moved(tx, fund.id, period.start, months)
    given = _given(tx, fund.id, period.end)
    for gift in given:
        sums[_part(gift.approved_at, period.start, months)]["contributed"] += gift.fen
    for gone in _given_back(tx, fund.id, period.end):
        sums[_part(gone.decided_at, period.start, months)]["given_back"] += gone.fen
    by_month = [FundMonthOut(month=name, **sums[n]) for n, (name, _) in enumerate(months)]
    totals = {name: sum(getattr(month, name) for month in by_month) for name in NAMES}
    closing = {name: sums[BEFORE][name] + totals[name] for name in NAMES}
    names = ("code", "name", "purpose", "region_code")
    return FundReportOut(
        fund_id=fund.id, **{name: getattr(fund, name) for name in names}, first_day=period.first,
        last_day=period.last, opening=_stand(sums[BEFORE]), closing=_stand(closing),
        totals=FundSumsOut(**totals), months=by_month,
        contributions=_givers(gift for gift in given if gift.approved_at >= period.start),
        goods=_goods(tx, fund.id, period),
    )  # fmt: skip


def _moved(
    tx: Session, fund_id: UUID, start: datetime, months: Sequence[tuple[str, datetime]]
) -> dict[int, dict[str, int]]:
    ends = [(Backing.created_at < end, n) for n, (_, end) in enumerate(months)]
    part = case((Backing.created_at < start, BEFORE), *ends).label("part")
    rows = (
        select(part, Backing.kind, Backing.fen)
        .join(Lot, Lot.id == Backing.lot_id)
        .join(Journal, Journal.id == Backing.journal_id)
        .where(
            Lot.fund_id == fund_id, Backing.created_at < months[-1][1],
            # Money that follows points into another purse is neither returned nor drawn.
            Journal.kind != "carry",
        )
        # Inside, so that the instants are said once: the outer query groups by the name.
        .subquery()
    )  # fmt: skip
    query = select(rows.c.part, rows.c.kind, func.sum(rows.c.fen).label("fen"))
    sums: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(NAMES, 0))
    for row in tx.execute(query.group_by(rows.c.part, rows.c.kind)):
        sums[row.part][KINDS[row.kind]] = int(row.fen)
    return sums


def _given(tx: Session, fund_id: UUID, before: datetime) -> Sequence[Any]:
    query = select(
        Contribution.kind, Contribution.contributor, Contribution.fen, Contribution.approved_at
    ).where(
        Contribution.fund_id == fund_id, Contribution.state == "approved",
        Contribution.approved_at < before,
    )  # fmt: skip
    return tx.execute(query.order_by(Contribution.id)).all()


def _given_back(tx: Session, fund_id: UUID, before: datetime) -> Sequence[Any]:
    query = (
        select(ContributionReturn.fen, ContributionReturn.decided_at)
        .join(Contribution, Contribution.id == ContributionReturn.contribution_id)
        .where(
            Contribution.fund_id == fund_id, ContributionReturn.state == "approved",
            ContributionReturn.decided_at < before,
        )
    )  # fmt: skip
    return tx.execute(query).all()


def _part(at: datetime, start: datetime, months: Sequence[tuple[str, datetime]]) -> int:
    if at < start:
        return BEFORE
    return next(n for n, (_, end) in enumerate(months) if at < end)


def _stand(sums: dict[str, int]) -> StandOut:
    drawn, returned = sums["drawn"], sums["returned"]
    paid, gone = sums["paid"] - sums["refunded"], sums["given_back"]
    return StandOut(
        contributed=sums["contributed"], available=sums["contributed"] - drawn + returned - gone,
        reserved=drawn - returned - paid, paid=paid, given_back=gone,
    )  # fmt: skip


def _givers(given: Iterable[Any]) -> list[GivenByOut]:
    """By kind, in the order of the five kinds, and contributor; the most generous first."""
    found: dict[tuple[str, str], GivenByOut] = {}
    for gift in given:
        kind, who = Contributor(gift.kind), gift.contributor
        sums = GivenByOut(kind=kind, contributor=who, count=0, fen=0)
        sums = found.setdefault((kind, who), sums)
        sums.count += 1
        sums.fen += gift.fen
    order = list(Contributor)
    return sorted(found.values(), key=lambda g: (order.index(g.kind), -g.fen, g.contributor))


def _goods(tx: Session, fund_id: UUID, period: Period) -> list[BoughtOut]:
    paid = (
        select(Journal.source, Backing.kind, func.sum(Backing.fen).label("fen"))
        .join(Lot, Lot.id == Backing.lot_id)
        .join(Journal, Journal.id == Backing.journal_id)
        .where(
            Lot.fund_id == fund_id, Backing.kind.in_(("pay", "refund")),
            Backing.created_at >= period.start, Backing.created_at < period.end,
        )
        .group_by(Journal.source, Backing.kind)
    )  # fmt: skip
    rows = tx.execute(paid).all()
    found: dict[Any, _Bought] = defaultdict(_Bought)
    for first in range(0, len(rows), BATCH):
        some = rows[first : first + BATCH]
        _from_shelves(tx, some, found)
        _from_tills(tx, some, found)
    goods = [
        BoughtOut(pieces=b.pieces, pieces_back=b.pieces_back, fen=b.fen, **b.about)
        for b in found.values()
    ]
    return sorted(goods, key=lambda bought: (-bought.fen, bought.code))


def _from_shelves(tx: Session, rows: Sequence[Any], found: dict[Any, _Bought]) -> None:
    """Each redemption's fen over its lines, in proportion to what they cost."""
    query = (
        select(RedemptionLine, Item.code, Item.name, Item.name_en)
        .join(Item, Item.id == RedemptionLine.item_id)
        .where(RedemptionLine.redemption_id.in_({UUID(row.source) for row in rows}))
        .order_by(RedemptionLine.item_id)
    )
    lines = defaultdict(list)
    for line in tx.execute(query):
        lines[str(line.RedemptionLine.redemption_id)].append(line)
    for row in rows:
        redeemed = [line.RedemptionLine for line in lines[row.source]]
        costs = [line.quantity * line.cost_fen_each for line in redeemed]
        parts = split_by_value(int(row.fen), costs)
        for line, part in zip(lines[row.source], parts, strict=True):
            item = line.RedemptionLine
            bought = found[item.item_id]
            bought.about = {
                "item_id": item.item_id, "code": line.code, "name": line.name,
                "name_en": line.name_en,
            }  # fmt: skip
            _count(bought, row.kind, item.quantity if part else 0, part)


def _from_tills(tx: Session, rows: Sequence[Any], found: dict[Any, _Bought]) -> None:
    query = (
        select(TillHold.id, ApiClient.id.label("client"), ApiClient.name)
        .join(ApiClient, ApiClient.id == TillHold.client_id)
        .where(TillHold.id.in_({UUID(row.source) for row in rows}))
    )
    holds = {str(row.id): row for row in tx.execute(query)}
    for row in (row for row in rows if row.source in holds):
        store = holds[row.source]
        bought = found[store.client]
        bought.about = {
            "item_id": None, "code": store.client, "name": store.name, "name_en": store.name,
        }  # fmt: skip
        _count(bought, row.kind, 0, int(row.fen))


def _count(bought: _Bought, kind: str, pieces: int, fen: int) -> None:
    if kind == "pay":
        bought.pieces += pieces
        bought.fen += fen
    else:
        bought.pieces_back += pieces
        bought.fen -= fen

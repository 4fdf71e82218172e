"""Reads of traces: which events a contribution paid for, and what was handed out in them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, Subquery, cast, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.identity.models import ApiClient
from app.kit.page import Slice, cut
from app.ledger.models import Backing, Contribution, Fund, Journal
from app.store.models import Item, Redemption, RedemptionLine, Station
from app.till.models import TillHold

# Money leaves for goods by the one and stands behind points again by the other.
SPENT = ("pay", "refund")


def events(tx: Session, contribution_id: UUID, limit: int, cursor: str | None) -> Slice:
    """The journals in which goods were paid with a contribution, or came back; newest first."""
    touched = select(Backing.journal_id).where(
        Backing.contribution_id == contribution_id, Backing.kind.in_(SPENT)
    )
    query = select(Journal).where(Journal.id.in_(touched))
    keys = (Journal.created_at, Journal.id)
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=(contribution_id,))


def paid(tx: Session, journal_ids: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
    """What every contribution paid in these journals, or got back; contributions by their ids."""
    query = (
        select(Backing.journal_id, Backing.contribution_id, func.sum(Backing.fen).label("fen"))
        .where(Backing.journal_id.in_(journal_ids), Backing.kind.in_(SPENT))
        .group_by(Backing.journal_id, Backing.contribution_id)
        .order_by(Backing.contribution_id)
    )
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in tx.execute(query):
        found[row.journal_id][row.contribution_id] = int(row.fen)
    return found


def lines(tx: Session, redemption_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """The goods of redemptions with their cost in fen, each with its station's name."""
    query = (
        select(
            RedemptionLine.redemption_id, RedemptionLine.item_id, Item.code, Item.name,
            Item.name_en, RedemptionLine.quantity, Station.name.label("station"),
            (RedemptionLine.quantity * RedemptionLine.cost_fen_each).label("cost_fen"),
        )
        .join(Item, Item.id == RedemptionLine.item_id)
        .join(Redemption, Redemption.id == RedemptionLine.redemption_id)
        .join(Station, Station.id == Redemption.station_id)
        .where(RedemptionLine.redemption_id.in_(redemption_ids))
        .order_by(RedemptionLine.item_id)
    )  # fmt: skip
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in tx.execute(query):
        found[row.redemption_id].append(row)
    return found


def external(tx: Session, hold_ids: Collection[UUID]) -> dict[UUID, Any]:
    """The names of external stores and their own numbers, by their holds."""
    query = select(TillHold.id, TillHold.reference, ApiClient.name).where(TillHold.id.in_(hold_ids))
    joined = query.join(ApiClient, ApiClient.id == TillHold.client_id)
    return {row.id: row for row in tx.execute(joined)}


def given(tx: Session, fund_id: UUID, limit: int, cursor: str | None) -> Slice:
    """The contributions that a fund received, the newest first."""
    query = select(Contribution).where(
        Contribution.fund_id == fund_id, Contribution.state == "approved"
    )
    keys = (Contribution.approved_at, Contribution.id)
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=(fund_id,))


def bought_alone(tx: Session, fund: Fund, since: datetime) -> Sequence[Any]:
    """Pieces and fen by item, of what no other fund paid a part of; not what came back."""
    spent = _spent_on(_redeemed(since), fund.id)
    query = (
        select(
            Item.code, Item.name, Item.name_en, func.sum(RedemptionLine.quantity).label("pieces"),
            func.sum(RedemptionLine.quantity * RedemptionLine.cost_fen_each).label("fen"),
        )
        .join(RedemptionLine, RedemptionLine.item_id == Item.id)
        .join(spent, spent.c.id == RedemptionLine.redemption_id)
        .where(spent.c.fen == spent.c.cost_fen)
        .group_by(Item.code, Item.name, Item.name_en)
    )  # fmt: skip
    return tx.execute(query).all()


def bought_together(tx: Session, fund: Fund, since: datetime) -> dict[UUID, UUID]:
    """The redemptions that a fund paid a part of, by the journals of their hand-outs."""
    spent = _spent_on(_redeemed(since), fund.id)
    query = select(spent.c.journal_id, spent.c.id).where(spent.c.fen != spent.c.cost_fen)
    return {row.journal_id: row.id for row in tx.execute(query)}


def external_fen(tx: Session, fund: Fund, since: datetime) -> int:
    """Fen of a fund that external stores are or were owed, for goods handed out since."""
    held = select(TillHold.id, TillHold.cost_fen).where(
        TillHold.client_id.in_(select(ApiClient.id)), TillHold.resolved_at >= since
    )
    return int(tx.scalar(select(func.sum(_spent_on(held.subquery(), fund.id).c.fen))) or 0)


def _redeemed(since: datetime) -> Subquery:
    # By station: that index knows the time, so the years before are not read.
    query = select(Redemption.id, Redemption.cost_fen).where(
        Redemption.station_id.in_(select(Station.id)), Redemption.state == "fulfilled",
        Redemption.resolved_at >= since,
    )  # fmt: skip
    return query.subquery()


def _spent_on(handed_out: Subquery, fund_id: UUID) -> Subquery:
    """What a fund paid of each of these hand-outs, if their goods did not come back."""
    back = aliased(Journal)
    query = (
        select(
            handed_out.c.id, handed_out.c.cost_fen, Backing.journal_id,
            func.sum(Backing.fen).label("fen"),
        )
        .join(
            Journal, (Journal.kind == "fulfil") & (Journal.source == cast(handed_out.c.id, String))
        )
        .join(Backing, Backing.journal_id == Journal.id)
        .join(Contribution, Contribution.id == Backing.contribution_id)
        .where(
            Contribution.fund_id == fund_id, Backing.kind == "pay",
            ~exists().where(back.reverses_id == Journal.id),
        )
    )  # fmt: skip
    by = (handed_out.c.id, handed_out.c.cost_fen, Backing.journal_id)
    return query.group_by(*by).subquery()


def of_fund(tx: Session, fund: Fund, contribution_ids: Collection[UUID]) -> set[UUID]:
    """Those of the contributions that were given to a fund."""
    query = select(Contribution.id).where(
        Contribution.fund_id == fund.id, Contribution.id.in_(contribution_ids)
    )
    return set(tx.scalars(query))

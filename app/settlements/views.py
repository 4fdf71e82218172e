"""Statements as people see them: with names of merchants, staff and goods, and of no member."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.models import ApiClient
from app.kit.page import Page
from app.kit.papers import Paper
from app.settlements import queries, sheet
from app.settlements.models import MerchantStatement
from app.settlements.schemas import (
    SettledItemOut,
    SettledLineOut,
    StatementDetailOut,
    StatementOut,
)  # fmt: skip
from app.store.models import Item, RedemptionLine, Station
from app.till.models import TillHold

# More ids than this in one statement is more than an engine may take.
BATCH = 500
_PLAIN = (
    "id", "number", "merchant", "region_code", "first_day", "last_day", "fen", "state", "drawn_at",
    "approved_at", "payment_ref", "paid_at",
)  # fmt: skip


def page(
    tx: Session, actor: Actor, wanted: tuple[str | None, str | None], limit: int, cursor: str | None
) -> Page[StatementOut]:
    found = queries.statements(tx, actor, wanted, limit, cursor)
    rows = [row.MerchantStatement for row in found.rows]
    items = [StatementOut(**fields) for fields in _fields(tx, rows)]
    return Page(items=items, next_cursor=found.next_cursor)


def detail(tx: Session, statement: MerchantStatement) -> StatementDetailOut:
    """One statement with its lines."""
    [fields] = _fields(tx, [statement])
    return StatementDetailOut(**fields, lines=_lines(tx, statement.id))


def shown(tx: Session, actor: Actor, statement_id: UUID) -> StatementDetailOut:
    """Raises StatementNotFound."""
    return detail(tx, queries.get_statement(tx, actor, statement_id)[0])


def paper(tx: Session, actor: Actor, statement_id: UUID) -> Paper:
    """Raises StatementNotFound."""
    return sheet.paper(shown(tx, actor, statement_id))


def _fields(tx: Session, rows: Sequence[MerchantStatement]) -> list[dict[str, Any]]:
    staff = {p for row in rows for p in (row.drawn_by, row.approved_by, row.paid_by) if p}
    people, merchants = identity.names(tx, staff), _merchant_names(tx, {r.merchant for r in rows})
    return [
        {
            **{name: getattr(row, name) for name in _PLAIN},
            "merchant_name": merchants.get(row.merchant, row.merchant),
            "drawn_by": people[row.drawn_by],
            "approved_by": people[row.approved_by] if row.approved_by else None,
            "paid_by": people[row.paid_by] if row.paid_by else None,
        }
        for row in rows
    ]


def _merchant_names(tx: Session, ids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for model in (ApiClient, Station):
        rows = tx.execute(select(model.id, model.name).where(model.id.in_(ids)))
        found |= {row.id: row.name for row in rows}
    return found


def _lines(tx: Session, statement_id: UUID) -> list[SettledLineOut]:
    rows = queries.lines(tx, statement_id)
    sources = [UUID(row.source) for row in rows]
    goods, references = _goods(tx, sources), _references(tx, sources)
    lines = []
    for row, source in zip(rows, sources, strict=True):
        reference = references.get(source)
        lines.append(
            SettledLineOut(
                kind=row.kind, redemption_id=source if reference is None else None,
                reference=reference, items=goods[source], fen=int(row.fen), at=row.created_at,
            )
        )  # fmt: skip
    return lines


def _goods(tx: Session, sources: Sequence[UUID]) -> dict[UUID, list[SettledItemOut]]:
    goods: dict[UUID, list[SettledItemOut]] = defaultdict(list)
    for some in _batches(sources):
        query = (
            select(RedemptionLine.redemption_id, RedemptionLine.quantity, Item.name, Item.name_en)
            .join(Item, Item.id == RedemptionLine.item_id)
            .where(RedemptionLine.redemption_id.in_(some))
            .order_by(Item.code)
        )
        for row in tx.execute(query):
            item = SettledItemOut(name=row.name, name_en=row.name_en, quantity=row.quantity)
            goods[row.redemption_id].append(item)
    return goods


def _references(tx: Session, sources: Sequence[UUID]) -> dict[UUID, str]:
    """The external stores' own numbers of their holds."""
    found: dict[UUID, str] = {}
    for some in _batches(sources):
        query = select(TillHold.id, TillHold.reference).where(TillHold.id.in_(some))
        found |= {row.id: row.reference for row in tx.execute(query)}
    return found


def _batches(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[first : first + BATCH] for first in range(0, len(ids), BATCH))

"""How orders and escalations are shown, with the names of staff."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.kit import clock
from app.kit.page import Page, Slice
from app.supervision import queries
from app.supervision.schemas import EscalationList, EscalationOut, SupervisionOut


def orders_out(tx: Session, found: Slice) -> Page[SupervisionOut]:
    """A page of orders."""
    return Page(items=_orders(tx, found.rows), next_cursor=found.next_cursor)


def order_out(tx: Session, order_id: UUID) -> SupervisionOut:
    """One order, as it stands now."""
    return _orders(tx, [queries.find_order(tx, order_id)])[0]


def _orders(tx: Session, rows: Sequence[Any]) -> list[SupervisionOut]:
    people = {person for row in rows for person in (row.ordered_by, row.answered_by) if person}
    names, now = identity.names(tx, people), clock.now()
    return [
        _order_out(row, names, overdue=row.state == "open" and row.due_at < now) for row in rows
    ]


def _order_out(row: Any, names: dict[UUID, str], *, overdue: bool) -> SupervisionOut:
    return SupervisionOut(
        id=row.id, number=row.number, case_id=row.case_id, case_number=row.case_number,
        region_code=row.region_code, state=row.state, text=row.text, due_at=row.due_at,
        overdue=overdue, ordered_by=names[row.ordered_by], ordered_at=row.ordered_at,
        answered_by=names.get(row.answered_by), answered_at=row.answered_at, answer=row.answer,
    )  # fmt: skip


def escalations_out(tx: Session, case_id: UUID) -> EscalationList:
    """The steps up of a case, in their order."""
    rows = queries.escalations(tx, case_id)
    names = identity.names(tx, {UUID(person) for row in rows for person in row.told})
    return EscalationList(
        items=[
            EscalationOut(
                clock=row.clock, level=row.level, region_code=row.region_code,
                region_name=row.region_name, created_at=row.created_at,
                told=[names[UUID(person)] for person in row.told],
            )
            for row in rows
        ]
    )  # fmt: skip

"""A member's points over a period, entry by entry, with the balance after each."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.ledger import queries as ledger
from app.ledger.models import Journal, Transfer
from app.statements.rules import Period
from app.statements.schemas import EntryLineOut, PointsStatementOut, TotalOut


def statement(tx: Session, person_id: UUID, period: Period) -> PointsStatementOut:
    """The entries of the accounts that `ledger.queries.accounts` names, as its `entries` do.

    The balance is what is on them: spendable and on the way, without what redemptions hold.
    """
    mine = ledger.accounts(tx, person_id)
    goes, comes = Transfer.debit_account_id.in_(mine), Transfer.credit_account_id.in_(mine)
    change = case((comes, Transfer.amount), else_=0) - case((goes, Transfer.amount), else_=0)
    # A hold takes points off; its post changes nothing more; its void gives them back.
    shown = case(
        (Transfer.state == "post", 0), (Transfer.state == "void", Transfer.amount), else_=change
    )
    touched = or_(goes, comes)
    before = select(func.sum(shown)).where(touched, Transfer.created_at < period.start)
    opening = int(tx.scalar(before) or 0)
    query = (
        select(
            Transfer.id, Journal.kind, shown.label("points"), Journal.reason, Journal.source,
            Transfer.created_at,
        )
        .join(Journal, Journal.id == Transfer.journal_id)
        .where(touched, Transfer.created_at >= period.start, Transfer.created_at < period.end)
        .order_by(Transfer.created_at, Transfer.id)
    )  # fmt: skip
    lines = _lines(opening, tx.execute(query))
    return PointsStatementOut(
        member_no=identity.get_person(tx, person_id).member_no, first_day=period.first,
        last_day=period.last, opening=opening, entries=lines, totals=totals(lines),
        closing=lines[-1].balance if lines else opening,
    )  # fmt: skip


def _lines(balance: int, rows: Iterable[Any]) -> list[EntryLineOut]:
    lines = []
    for row in rows:
        balance += row.points
        fields = {name: getattr(row, name) for name in EntryLineOut.model_fields.keys() - _OURS}
        lines.append(EntryLineOut(**fields, balance=balance))
    return lines


_OURS = {"balance"}


def totals(lines: Iterable[EntryLineOut]) -> list[TotalOut]:
    """The entries by kind, the kinds in their order of first appearance."""
    found: dict[str, TotalOut] = {}
    for line in lines:
        total = found.setdefault(line.kind, TotalOut(kind=line.kind, count=0, came=0, went=0))
        total.count += 1
        total.came += max(line.points, 0)
        total.went += max(-line.points, 0)
    return list(found.values())

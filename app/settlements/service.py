"""Settling with merchants (商户结算): a statement is drawn, approved by another person, then paid.

Lock order: the statement, the journal's natural key, the merchant's account, the district.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.db import insert_rows
from app.kit.errors import Forbidden
from app.kit.ids import new_id
from app.kit.papers import Yuan
from app.ledger import book, reversing
from app.notify import service as notify
from app.regions.models import Region
from app.regions.queries import root_of
from app.settlements import queries, views
from app.settlements.errors import (
    DrawerApproves,
    NothingOwed,
    NothingToSettle,
    PeriodNotOver,
    StatementEnded,
    StatementNotApproved,
    StatementNotDrawn,
)  # fmt: skip
from app.settlements.models import MerchantLine, MerchantStatement
from app.settlements.schemas import StatementDetailOut, StatementDraft

DRAWERS = frozenset({Role.FUND_MANAGER})
APPROVERS = frozenset({Role.FUND_APPROVER})
PAYERS = DRAWERS | APPROVERS


def draw(tx: Session, actor: Actor, draft: StatementDraft) -> StatementDetailOut:
    """Draws up what a merchant is owed until the end of the last day and was in no statement yet.

    A sum of 0 or less is refused, and what makes it up stays for the next statement: nobody is
    paid a negative amount, and nothing is lost. Raises MerchantNotFound, Forbidden, PeriodNotOver,
    NothingToSettle, NothingOwed.
    """
    merchant = queries.get_merchant(tx, actor, draft.merchant)
    if not actor.holds(DRAWERS, merchant.path):
        raise Forbidden
    now = clock.now()
    if draft.last_day >= clock.business_day(now):
        raise PeriodNotOver
    payable = queries.find_payable(tx, merchant.id)
    if payable is None:
        raise NothingToSettle
    # Two who draw at once: the second waits here and finds what the first one left.
    book.lock_account(tx, payable)
    end = clock.day_start(draft.last_day + timedelta(days=1))
    found = queries.unsettled(tx, payable, end)
    if not found:
        raise NothingToSettle
    fen = sum(amount for _, amount in found)
    if fen <= 0:
        raise NothingOwed(fen=fen)
    statement = MerchantStatement(
        id=new_id(), number=_next_number(tx, root_of(merchant.path)), merchant=merchant.id,
        region_code=merchant.region_code, first_day=draft.first_day.isoformat(),
        last_day=draft.last_day.isoformat(), fen=fen, state="drawn", drawn_by=actor.person_id,
        drawn_at=now,
    )  # fmt: skip
    tx.add(statement)
    tx.flush()
    rows = [{"statement_id": statement.id, "transfer_id": t, "fen": part} for t, part in found]
    insert_rows(tx, MerchantLine, rows)
    return _recorded(tx, actor, statement)


def _next_number(tx: Session, district: str) -> str:
    """`JS-500152-2026-000001`: district, business year, running number without a gap.

    No statement is ever deleted, so under the district's lock the highest number is the last.
    """
    row = select(Region.code).where(Region.code == district)
    tx.execute(row.with_for_update(key_share=True))
    start = f"JS-{district[:6]}-{clock.business_day(clock.now()).year}-"
    return f"{start}{queries.last_number(tx, start) + 1:06}"


def approve(tx: Session, actor: Actor, statement_id: UUID) -> StatementDetailOut:
    """Approves a drawn statement; never by who drew it.

    Raises StatementNotFound, Forbidden, StatementNotDrawn, DrawerApproves.
    """
    statement = _locked(tx, actor, statement_id, APPROVERS)
    if statement.state != "drawn":
        raise StatementNotDrawn
    if statement.drawn_by == actor.person_id:
        raise DrawerApproves
    statement.state, statement.approved_by = "approved", actor.person_id
    statement.approved_at = clock.now()
    return _recorded(tx, actor, statement)


def drop(tx: Session, actor: Actor, statement_id: UUID) -> StatementDetailOut:
    """Drops a statement that is not paid: what it covers may be drawn again.

    An approved one too, for after refunds it may ask for more than is owed. Raises
    StatementNotFound, Forbidden, StatementEnded.
    """
    statement = _locked(tx, actor, statement_id, PAYERS)
    if statement.state not in {"drawn", "approved"}:
        raise StatementEnded
    statement.state = "dropped"
    tx.flush()
    tx.execute(delete(MerchantLine).where(MerchantLine.statement_id == statement.id))
    return _recorded(tx, actor, statement)


def pay(tx: Session, actor: Actor, statement_id: UUID, payment_ref: str) -> StatementDetailOut:
    """Notes the payment of an approved statement; the station's keepers are told.

    Raises StatementNotFound, Forbidden, StatementNotApproved, PaymentExceedsDebt (goods came back
    since; drop it and draw anew).
    """
    statement = _locked(tx, actor, statement_id, PAYERS)
    if statement.state != "approved" or statement.approved_by is None:
        raise StatementNotApproved
    reversing.pay_out(
        tx, source=str(statement.id), merchant=statement.merchant, fen=statement.fen,
        reason="settlement", by=book.Hands(statement.drawn_by, statement.approved_by),
    )  # fmt: skip
    statement.state, statement.payment_ref = "paid", payment_ref
    statement.paid_by, statement.paid_at = actor.person_id, clock.now()
    shown = _recorded(tx, actor, statement)
    for person_id in queries.kept_by(tx, statement.merchant):
        notify.tell(
            tx, person_id, "settlement.paid", statement.number, number=statement.number,
            merchant=shown.merchant_name, first=statement.first_day, last=statement.last_day,
            yuan=str(Yuan(statement.fen)), payment=payment_ref,
        )  # fmt: skip
    return shown


def _locked(
    tx: Session, actor: Actor, statement_id: UUID, roles: frozenset[Role]
) -> MerchantStatement:
    statement, path = queries.get_statement(tx, actor, statement_id, lock=True)
    if not actor.holds(roles, path):
        raise Forbidden
    return statement


def _recorded(tx: Session, actor: Actor, statement: MerchantStatement) -> StatementDetailOut:
    """Writes the statement and what was done to it into the action log; gives it as it is now."""
    tx.flush()
    actions.record(
        tx, actor.person_id, f"settlement.{statement.state}", "settlement", statement.id,
        number=statement.number, fen=statement.fen,
    )  # fmt: skip
    return views.detail(tx, statement)

"""Settling with merchants over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from app.identity.access import FundApprover, FundManager
from app.identity.errors import PersonOnly, RoleMissing
from app.kit import filing
from app.kit.errors import Forbidden
from app.kit.filing import gives_file
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.papers import Format
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.kit.unit import Prepared
from app.ledger.errors import PaymentExceedsDebt
from app.settlements import service, views
from app.settlements.access import Payer, SettlementReader, find_reader
from app.settlements.errors import (
    DrawerApproves,
    MerchantNotFound,
    NothingOwed,
    NothingToSettle,
    PeriodNotOver,
    StatementEnded,
    StatementNotApproved,
    StatementNotDrawn,
    StatementNotFound,
)  # fmt: skip
from app.settlements.schemas import (
    PaymentDraft,
    State,
    StatementDetailOut,
    StatementDraft,
    StatementOut,
)  # fmt: skip

router = Router(prefix="/v1/settlements", tags=["settlements 商户结算"])
ASKED = (PersonOnly, RoleMissing, StatementNotFound)


@router.get("", responses=raises(PersonOnly, RoleMissing))
@in_transaction
def list_settlements(
    tx: Session,
    actor: SettlementReader,
    merchant: Annotated[Code | None, Query(description="A station or program")] = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[StatementOut]:
    """The statements of the caller's regions and stations, the newest first."""
    return views.page(tx, actor, (merchant, state), limit, cursor)


@router.post(
    "",
    responses=raises(
        PersonOnly, RoleMissing, MerchantNotFound, Forbidden, PeriodNotOver, NothingToSettle,
        NothingOwed,
    ),
)  # fmt: skip
@in_transaction(status=201)
def draw_settlement(tx: Session, actor: FundManager, body: StatementDraft) -> StatementDetailOut:
    """Draws up what a merchant is owed until the end of a day and was in no statement yet."""
    return service.draw(tx, actor, body)


@router.get("/{statement_id}", responses=raises(*ASKED))
@in_transaction
def get_settlement(tx: Session, actor: SettlementReader, statement_id: UUID) -> StatementDetailOut:
    """One statement, with what was handed out and what came back."""
    return views.shown(tx, actor, statement_id)


@router.post(
    "/{statement_id}/approve",
    responses=raises(*ASKED, Forbidden, StatementNotDrawn, DrawerApproves),
)
@in_transaction
def approve_settlement(tx: Session, actor: FundApprover, statement_id: UUID) -> StatementDetailOut:
    """Approves a statement; never by who drew it."""
    return service.approve(tx, actor, statement_id)


@router.post("/{statement_id}/drop", responses=raises(*ASKED, Forbidden, StatementEnded))
@in_transaction
def drop_settlement(tx: Session, actor: Payer, statement_id: UUID) -> StatementDetailOut:
    """Drops a statement that is not paid; what it covers may be drawn again."""
    return service.drop(tx, actor, statement_id)


@router.post(
    "/{statement_id}/pay",
    responses=raises(*ASKED, Forbidden, StatementNotApproved, PaymentExceedsDebt),
)
@in_transaction
def pay_settlement(
    tx: Session, actor: Payer, statement_id: UUID, body: PaymentDraft
) -> StatementDetailOut:
    """Notes that an approved statement was paid, with the bank's reference."""
    return service.pay(tx, actor, statement_id, body.payment_ref)


async def _drawn(
    request: Request,
    statement_id: UUID,
    format: Annotated[Format, Query()],  # noqa: A002
) -> Prepared:
    return await filing.drawn(
        request, find_reader, lambda tx, actor: views.paper(tx, actor, statement_id), format
    )


@router.get(
    "/{statement_id}/file",
    responses=gives_file(("csv", "xlsx", "pdf"), *ASKED),
    response_class=Response,
)
@in_transaction(first=_drawn)
def get_settlement_file(
    _tx: Session,
    actor: SettlementReader,  # noqa: ARG001 - `first` asked what they may see
    kind: Format,
    name: str,
    data: bytes,
) -> Response:
    """A statement as a file, with every line and their sum; no member is named."""
    return filing.answer(kind, name, data)

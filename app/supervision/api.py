"""Supervision orders and escalations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.cases.errors import CaseNotFound
from app.identity.access import Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.supervision import queries, service, views
from app.supervision.errors import (
    AnswerForbidden,
    CaseEnded,
    OwnOrder,
    SupervisionAnswered,
    SupervisionForbidden,
    SupervisionNotFound,
)  # fmt: skip
from app.supervision.queries import Filters
from app.supervision.schemas import (
    AnswerDraft,
    EscalationList,
    State,
    SupervisionDraft,
    SupervisionOut,
)  # fmt: skip

router = Router(prefix="/v1", tags=["supervision 督办"])


@router.get("/supervisions", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_supervisions(
    tx: Session,
    actor: Staff,
    state: Annotated[State | None, Query()] = None,
    region: Annotated[Code | None, Query(description="Code; its whole subtree")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[SupervisionOut]:
    """The orders of the cases that the caller sees, and the caller's own, newest first."""
    return views.orders_out(tx, queries.orders(tx, actor, Filters(state, region), limit, cursor))


@router.post(
    "/cases/{case_id}/supervisions",
    responses=raises(PersonOnly, StaffOnly, CaseNotFound, SupervisionForbidden, CaseEnded),
)
@in_transaction(status=201)
def order_supervision(
    tx: Session, actor: Staff, case_id: UUID, body: SupervisionDraft
) -> SupervisionOut:
    """Orders that a case is seen to (督办), with a number and a time for the written answer."""
    return views.order_out(tx, service.order(tx, actor, case_id, body))


@router.post(
    "/supervisions/{order_id}/answer",
    responses=raises(
        PersonOnly, StaffOnly, SupervisionNotFound, OwnOrder, AnswerForbidden, SupervisionAnswered
    ),
)
@in_transaction
def answer_supervision(
    tx: Session, actor: Staff, order_id: UUID, body: AnswerDraft
) -> SupervisionOut:
    """Answers an order; by whoever has the case or by grid staff, never by who gave it."""
    service.answer(tx, actor, order_id, body.text)
    return views.order_out(tx, order_id)


@router.get("/cases/{case_id}/escalations", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def list_escalations(tx: Session, actor: Staff, case_id: UUID) -> EscalationList:
    """Which levels were told of an overdue clock, and when."""
    cases.get_case(tx, actor, case_id)
    return views.escalations_out(tx, case_id)

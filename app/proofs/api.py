"""Notices and proofs over HTTP; whoever wants to check needs neither an account nor our word."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Path as InPath
from fastapi import Response
from sqlalchemy.orm import Session

from app.identity.access import Actor, Reporter, holding
from app.identity.errors import PersonOnly, RoleMissing
from app.identity.models import Role
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.proofs import checker, queries, service, views
from app.proofs.errors import (
    EntryNotFound,
    NoticeForbidden,
    NoticeNotFound,
    NoticeOutOfOrder,
    NoticePublished,
    PeriodEmpty,
    PeriodNotOver,
    PeriodUnsealed,
    ProofNotReady,
)  # fmt: skip
from app.proofs.schemas import NoticeDraft, NoticeEntryOut, NoticeOut, Period, ProofOut

router = Router(prefix="/v1/points", tags=["proofs 公示与取证"])
Publisher = Annotated[Actor, Resolver(holding(Role.AUDITOR, Role.ADMINISTRATOR))]
InUrl = Annotated[Period, InPath(examples=["2026-10"])]
CHECKER = Path(checker.__file__).read_bytes()


@router.get("/notices")
@in_transaction
def list_notices(tx: Session, limit: Limit = 20, cursor: Cursor = None) -> Page[NoticeOut]:
    """Every published period (公示) with its root, newest first."""
    return queries.notices(tx, limit, cursor)


@router.post(
    "/notices",
    responses=raises(
        PersonOnly, RoleMissing, NoticeForbidden, NoticePublished, NoticeOutOfOrder, PeriodNotOver,
        PeriodUnsealed, PeriodEmpty,
    ),
)  # fmt: skip
@in_transaction(status=201)
def publish_notice(tx: Session, actor: Publisher, body: NoticeDraft) -> NoticeOut:
    """Publishes what was sealed since the last notice, up to the end of a month that is over."""
    return service.publish(tx, actor, body.period)


@router.get(
    "/notices/checker",
    responses={200: {"content": {"text/x-python": {}}}},
    response_class=Response,
)
async def get_checker() -> Response:
    """A program that checks proofs offline; it needs nothing but Python."""
    headers = {"Content-Disposition": 'attachment; filename="checker.py"'}
    return Response(CHECKER, media_type="text/x-python", headers=headers)


@router.get("/notices/{period}", responses=raises(NoticeNotFound))
@in_transaction
def get_notice(tx: Session, period: InUrl) -> NoticeOut:
    """One published period with its root."""
    return queries.notice_out(queries.get_notice(tx, period))


@router.get("/notices/{period}/entries", responses=raises(NoticeNotFound))
@in_transaction
def list_notice_entries(
    tx: Session, period: InUrl, limit: Limit = 20, cursor: Cursor = None
) -> Page[NoticeEntryOut]:
    """Who earned and redeemed how many points in it, by masked names."""
    return views.entries(tx, period, limit, cursor)


@router.get("/entries/{entry_id}/proof", responses=raises(PersonOnly, EntryNotFound, ProofNotReady))
@in_transaction
def get_proof(tx: Session, actor: Reporter, entry_id: UUID) -> ProofOut:
    """That one of the caller's entries is in a published notice; to be kept as a file."""
    return views.proof(tx, actor.person_id, entry_id)

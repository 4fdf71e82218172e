"""Redemptions over HTTP: held, shown, given back, handed out."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from app.identity.access import Keeper, Reporter
from app.identity.errors import PersonOnly, RoleMissing
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import FromApp
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.ledger.errors import CostExceedsValue, PointsInsufficient
from app.store import codes as store_codes
from app.store import queries, service
from app.store.codes import Codes
from app.store.errors import (
    CodeChecksTooOften,
    CodeExpired,
    CodeUnknown,
    CodeUsed,
    ItemUnavailable,
    PersonLimitReached,
    RedemptionNotFound,
    RedemptionResolved,
    StationNotFound,
    StockExhausted,
)  # fmt: skip
from app.store.schemas import (
    FulfilDraft,
    RedemptionDraft,
    RedemptionOut,
)  # fmt: skip

router = Router(prefix="/v1", tags=["store 积分超市"])
CodeMaker = Annotated[Codes, FromApp("codes")]


@router.post(
    "/redemptions",
    responses=raises(
        PersonOnly,
        StationNotFound,
        ItemUnavailable,
        PointsInsufficient,
        CostExceedsValue,
        PersonLimitReached,
        StockExhausted,
    ),
)
@in_transaction(status=201, key_required=True, replay=service.replay)
def redeem(tx: Session, actor: Reporter, codes: CodeMaker, body: RedemptionDraft) -> RedemptionOut:
    """Holds goods and points, and gives the one-time code to show at the station."""
    return service.redeem(tx, actor, body, codes)


@router.get("/redemptions", responses=raises(PersonOnly))
@in_transaction
def list_redemptions(
    tx: Session, actor: Reporter, limit: Limit = 20, cursor: Cursor = None
) -> Page[RedemptionOut]:
    """The caller's redemptions, newest first."""
    return queries.mine(tx, actor, limit, cursor)


@router.get("/redemptions/{redemption_id}", responses=raises(PersonOnly, RedemptionNotFound))
@in_transaction
def get_redemption(
    tx: Session, actor: Reporter, codes: CodeMaker, redemption_id: UUID
) -> RedemptionOut:
    """One of the caller's redemptions, with its code while it is held."""
    return service.with_code(tx, queries.get_mine(tx, actor, redemption_id), codes)


@router.get(
    "/redemptions/{redemption_id}/qr",
    responses=raises(PersonOnly, RedemptionNotFound, RedemptionResolved),
    response_class=Response,
)
@in_transaction
def get_redemption_qr(
    tx: Session, actor: Reporter, codes: CodeMaker, redemption_id: UUID
) -> Response:
    """The code as a QR picture (SVG) for the keeper to scan."""
    code = service.with_code(tx, queries.get_mine(tx, actor, redemption_id), codes).code
    if code is None:
        raise RedemptionResolved
    return Response(store_codes.qr_svg(code), media_type="image/svg+xml")


@router.post(
    "/redemptions/{redemption_id}/cancel",
    responses=raises(PersonOnly, RedemptionNotFound, RedemptionResolved),
)
@in_transaction
def cancel_redemption(tx: Session, actor: Reporter, redemption_id: UUID) -> RedemptionOut:
    """Gives goods and points back before the code is used."""
    return service.cancel(tx, actor, redemption_id)


@router.post(
    "/redemptions/fulfil",
    responses=raises(
        PersonOnly,
        RoleMissing,
        CodeUnknown,
        CodeUsed,
        CodeExpired,
        CodeChecksTooOften,
        CostExceedsValue,
    ),
)
@in_transaction
def fulfil_redemption(
    tx: Session, actor: Keeper, codes: CodeMaker, body: FulfilDraft
) -> RedemptionOut:
    """Hands the goods out against the code (核销); a keeper of that station only."""
    return service.fulfil(tx, actor, body.code, codes)

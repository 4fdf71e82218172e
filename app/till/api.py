"""Tills of external stores over HTTP, and the code that members show there."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy.orm import Session

from app.identity.access import Holding, Reporter, Till
from app.identity.errors import PersonOnly, ScopeMissing
from app.kit import sheets
from app.kit.http import in_transaction
from app.kit.marks import FromApp
from app.kit.problems import Raises, raises
from app.kit.router import Router
from app.kit.schema import Day
from app.ledger.errors import CostExceedsValue, PointsInsufficient
from app.till import codes as till_codes
from app.till import queries, rules, service
from app.till.codes import MemberCodes
from app.till.errors import (
    MemberCodeExpired,
    MemberCodesTooOften,
    MemberCodeUnknown,
    MemberCodeUsed,
    ReferenceReused,
    TillHoldLapsed,
    TillHoldNotFound,
    TillHoldResolved,
)  # fmt: skip
from app.till.schemas import (
    BalanceOut,
    HoldDraft,
    HoldOut,
    MemberCode,
    MemberCodeOut,
    ReconciliationOut,
)  # fmt: skip

router = Router(prefix="/v1", tags=["till 商户收银"])
Codes = Annotated[MemberCodes, FromApp("member_codes")]
OfDay = Annotated[Day, Query(description="A business day, Asia/Shanghai", examples=["2026-11-22"])]
CODE = (MemberCodeUnknown, MemberCodeExpired, MemberCodesTooOften)


def _file(media_type: str, *refusals: Raises) -> Raises:
    declared = raises(*(cls for some in refusals for cls in some.classes))
    declared[200] = {"description": "The file", "content": {media_type: {}}}
    return declared


@router.get("/points/code", responses=raises(PersonOnly))
@in_transaction
def get_member_code(tx: Session, actor: Reporter, codes: Codes) -> MemberCodeOut:  # noqa: ARG001
    """The code to show at the till of an external store; another one every minute."""
    return service.show(actor, codes)


@router.get(
    "/points/code/qr", responses=_file("image/svg+xml", raises(PersonOnly)),
    response_class=Response,
)  # fmt: skip
@in_transaction
def get_member_code_qr(tx: Session, actor: Reporter, codes: Codes) -> Response:  # noqa: ARG001
    """The code of this minute as a QR picture (SVG)."""
    picture = till_codes.qr_svg(service.show(actor, codes).code)
    return Response(picture, media_type="image/svg+xml")


@router.get("/till/balance", responses=raises(ScopeMissing, *CODE))
@in_transaction(write=True)
def get_till_balance(
    tx: Session, program: Till, codes: Codes, code: Annotated[MemberCode, Query()]
) -> BalanceOut:
    """What the member who shows this code can spend (scope `points:read`); it stays unused."""
    return service.balance(tx, program, codes, code)


@router.post(
    "/till/holds",
    responses=raises(
        ScopeMissing, *CODE, MemberCodeUsed, ReferenceReused, PointsInsufficient, CostExceedsValue
    ),
)
@in_transaction(status=201)
def hold_points(tx: Session, program: Holding, codes: Codes, body: HoldDraft) -> HoldOut:
    """Holds a member's points against their code (scope `points:hold`).

    The client's `reference` names the hold: sent again in the same words, it is the same hold.
    """
    return service.hold(tx, program, codes, body)


@router.get("/till/holds/{hold_id}", responses=raises(ScopeMissing, TillHoldNotFound))
@in_transaction
def get_till_hold(tx: Session, program: Holding, hold_id: UUID) -> HoldOut:
    """One of the client's own holds."""
    return queries.hold_out(tx, queries.get_hold(tx, program, hold_id))


@router.post(
    "/till/holds/{hold_id}/fulfil",
    responses=raises(
        ScopeMissing, TillHoldNotFound, TillHoldResolved, TillHoldLapsed, CostExceedsValue
    ),
)
@in_transaction
def fulfil_till_hold(tx: Session, program: Holding, hold_id: UUID) -> HoldOut:
    """Takes the held points: the goods were handed out, the store is owed what it asked for."""
    return service.fulfil(tx, program, hold_id)


@router.post(
    "/till/holds/{hold_id}/cancel",
    responses=raises(ScopeMissing, TillHoldNotFound, TillHoldResolved),
)
@in_transaction
def cancel_till_hold(tx: Session, program: Holding, hold_id: UUID) -> HoldOut:
    """Gives the held points back."""
    return service.cancel(tx, program, hold_id)


@router.get("/till/reconciliation", responses=raises(ScopeMissing))
@in_transaction
def get_reconciliation(tx: Session, program: Holding, day: OfDay) -> ReconciliationOut:
    """What the client created, resolved or got back on a business day, with totals.

    `fulfilled` and `refunded` together are the points and the money that moved.
    """
    return queries.reconciliation(tx, program, day)


@router.get(
    "/till/reconciliation.csv", responses=_file("text/csv", raises(ScopeMissing)),
    response_class=Response,
)  # fmt: skip
@in_transaction
def get_reconciliation_file(tx: Session, program: Holding, day: OfDay) -> Response:
    """The same as a CSV file (UTF-8): holds, refunds, totals, the checksum in the last row."""
    told = queries.reconciliation(tx, program, day)
    data = sheets.write_csv(rules.file_rows(told), rules.COLUMNS)
    name = f'attachment; filename="reconciliation-{day.isoformat()}.csv"'
    headers = {"Content-Disposition": name}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)

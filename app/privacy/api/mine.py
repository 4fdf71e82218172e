"""What a person decides about their own data: consent, phone, copy, end."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from sqlalchemy.orm import Session

from app.identity import phones, real_names
from app.identity import queries as identity
from app.identity.access import Reporter, find_actor, require_consent
from app.identity.errors import ConsentMissing, PersonOnly, PhoneTaken, PhoneTooOften
from app.identity.schemas import PersonOut
from app.kit import idempotency
from app.kit.errors import Unauthenticated
from app.kit.http import Cursor, Limit, apart, in_transaction
from app.kit.marks import Claims
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.seal import Sealing
from app.kit.unit import Prepared
from app.media.views import Signers
from app.privacy import ending, service, views
from app.privacy.errors import (
    ExportNotFound,
    ExportTooOften,
    HouseholdHeld,
    PointsLeft,
    RedemptionHeld,
    RoleHeld,
    VersionUnknown,
)  # fmt: skip
from app.privacy.schemas import (
    ConsentDraft,
    ConsentList,
    ExportOut,
    MyLookOut,
    PhoneDraft,
    RealNameDraft,
)
from app.wechat.errors import (
    WechatCodeRefused,
    WechatMisconfigured,
    WechatOff,
    WechatQuotaSpent,
    WechatTooOften,
    WechatUnavailable,
)  # fmt: skip

router = Router(prefix="/v1/me", tags=["privacy 个人信息"])
WECHAT = (
    WechatCodeRefused, WechatTooOften, WechatUnavailable, WechatMisconfigured, WechatQuotaSpent,
    WechatOff,
)  # fmt: skip
HOME = "86"


@router.get("/consents", responses=raises(PersonOnly))
@in_transaction
def list_my_consents(tx: Session, actor: Reporter) -> ConsentList:
    """What the caller said to which version of the policy, and whether that holds today."""
    return views.consents(tx, actor.person_id)


@router.post("/consents", responses=raises(PersonOnly, VersionUnknown))
@in_transaction(status=201)
def give_consent(tx: Session, actor: Reporter, body: ConsentDraft) -> ConsentList:
    """Consents to the version of the policy in force; nothing is ticked beforehand."""
    return service.consent(tx, actor.person_id, body.version)


@router.post("/consents/withdraw", responses=raises(PersonOnly))
@in_transaction
def withdraw_consent(tx: Session, actor: Reporter) -> ConsentList:
    """Takes the consent back: nothing new is collected, what was reported stays a case."""
    return service.withdraw(tx, actor.person_id)


async def ask_wechat(request: Request, body: PhoneDraft) -> Prepared:
    claims: Claims | None = getattr(request.state, "claims", None)
    if claims is None:
        raise Unauthenticated
    # WeChat takes a code once: a repeated request gets the stored answer, without asking again.
    repeated = request.headers.get("idempotency-key")
    if await apart(request, partial(_before, claims=claims, key=repeated), write=True):
        return Prepared({"number": ""}, await request.body())
    phone = await request.app.state.wechat.phone(body.code)
    number = phone.number if phone.country == HOME else f"+{phone.country}{phone.number}"
    return Prepared({"number": number}, await request.body())


def _before(tx: Session, claims: dict[str, Any], key: str | None) -> bool:
    actor = find_actor(tx, claims)
    if key and tx.get(idempotency.StoredAnswer, (str(actor.person_id), key)) is not None:
        return True
    require_consent(tx, actor)
    phones.count_try(tx, actor.person_id)
    return False


@router.post(
    "/phone", responses=raises(PersonOnly, PhoneTaken, PhoneTooOften, ConsentMissing, *WECHAT)
)
@in_transaction(first=ask_wechat)
def bind_phone(tx: Session, actor: Reporter, seal: Sealing, number: str) -> PersonOut:
    """Binds the number behind WeChat's code, in the place of the one before; three tries a day."""
    require_consent(tx, actor)
    phones.bind(tx, seal, actor.person_id, number)
    return identity.person_out(tx, actor.person_id)


@router.delete("/phone", responses=raises(PersonOnly))
@in_transaction
def unbind_phone(tx: Session, actor: Reporter) -> PersonOut:
    """Forgets the bound number."""
    phones.unbind(tx, actor.person_id)
    return identity.person_out(tx, actor.person_id)


@router.put("/real-name", responses=raises(PersonOnly, ConsentMissing))
@in_transaction
def tell_real_name(tx: Session, actor: Reporter, seal: Sealing, body: RealNameDraft) -> PersonOut:
    """Tells one's real name (真实姓名), in the place of the one before. Nothing asks for it."""
    require_consent(tx, actor)
    real_names.tell(tx, seal, actor.person_id, body.real_name)
    return identity.person_out(tx, actor.person_id)


@router.delete("/real-name", responses=raises(PersonOnly))
@in_transaction
def forget_real_name(tx: Session, actor: Reporter) -> PersonOut:
    """Forgets the real name."""
    real_names.forget(tx, actor.person_id)
    return identity.person_out(tx, actor.person_id)


@router.get("/looks", responses=raises(PersonOnly))
@in_transaction
def list_my_looks(
    tx: Session, actor: Reporter, limit: Limit = 20, cursor: Cursor = None
) -> Page[MyLookOut]:
    """Who looked at the caller's identity, phone, name or original photos, in which role, why."""
    return views.my_looks(tx, actor.person_id, limit, cursor)


@router.post("/exports", responses=raises(PersonOnly, ExportTooOften))
@in_transaction(status=201)
def ask_export(tx: Session, actor: Reporter, signer: Signers) -> ExportOut:
    """Asks for a copy of everything about the caller; it is made in the background."""
    return views.export_out(service.ask_export(tx, actor.person_id), signer)


@router.get("/exports/{export_id}", responses=raises(PersonOnly, ExportNotFound))
@in_transaction
def get_export(tx: Session, actor: Reporter, signer: Signers, export_id: UUID) -> ExportOut:
    """A copy that was asked for; once it is ready, with the address of its ZIP for a week."""
    return views.export_out(views.get_export(tx, actor.person_id, export_id), signer)


@router.delete(
    "", responses=raises(PersonOnly, RoleHeld, RedemptionHeld, HouseholdHeld, PointsLeft)
)
@in_transaction(status=204)
def end_me(
    tx: Session,
    actor: Reporter,
    seal: Sealing,
    forfeit_points: Annotated[
        bool, Query(description="What is left of the points may lapse")
    ] = False,
) -> None:
    """Ends the caller's account for good: what names them goes, cases and sums stay nameless."""
    ending.end(tx, seal, actor, forfeit=forfeit_points)

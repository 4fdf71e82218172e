"""Looks at personal data by staff in charge: each with a reason, each written down."""

import json
from typing import Annotated
from uuid import UUID

from sqlalchemy.orm import Session

from app.cases.errors import CaseNotFound
from app.identity.access import Actor, Staff, holding
from app.identity.errors import (
    PersonNotFound,
    PersonOnly,
    PhoneUnknown,
    RealNameUnknown,
    RoleMissing,
    StaffOnly,
)  # fmt: skip
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.seal import Seal, Sealing
from app.media.errors import PhotoNotFound
from app.media.views import Signers
from app.privacy import looking, views
from app.privacy.errors import LookForbidden, ReporterAnonymous
from app.privacy.schemas import (
    FullNameOut,
    FullPhoneOut,
    LinkOut,
    LookOut,
    ReasonDraft,
    ReporterList,
)

router = Router(prefix="/v1", tags=["privacy 个人信息"])
Looker = Annotated[Actor, Resolver(holding(*looking.LOOKERS))]
Caller = Annotated[Actor, Resolver(holding(*looking.CALLERS))]
Reader = Annotated[Actor, Resolver(holding(*views.READERS))]


def _reporter_again(tx: Session, actor: Actor, stored: str, **_held: Seal) -> ReporterList:
    return looking.reporters_again(tx, actor, UUID(json.loads(stored)["case_id"]))


@router.post(
    "/cases/{case_id}/reporter",
    responses=raises(PersonOnly, StaffOnly, CaseNotFound, LookForbidden, ReporterAnonymous),
)
@in_transaction(replay=_reporter_again)
def look_at_reporter(
    tx: Session, actor: Staff, seal: Sealing, case_id: UUID, body: ReasonDraft
) -> ReporterList:
    """Who reported a case, phones and real names masked; of anonymous reports nothing. It is
    written down."""
    return looking.reporters(tx, seal, actor, case_id, body.reason)


def _phone_again(tx: Session, actor: Actor, stored: str, seal: Sealing) -> FullPhoneOut:
    person_id = UUID(json.loads(stored)["person_id"])
    number = looking.whole_again(tx, seal, actor, person_id, "phone")
    return FullPhoneOut(person_id=person_id, phone=number)


@router.post(
    "/people/{person_id}/phone",
    responses=raises(PersonOnly, RoleMissing, PersonNotFound, PhoneUnknown),
)
@in_transaction(replay=_phone_again)
def look_at_phone(
    tx: Session, actor: Caller, seal: Sealing, person_id: UUID, body: ReasonDraft
) -> FullPhoneOut:
    """The full number of a reporter in the caller's regions. It is written down."""
    number = looking.whole(tx, seal, actor, person_id, "phone", body.reason)
    return FullPhoneOut(person_id=person_id, phone=number)


def _name_again(tx: Session, actor: Actor, stored: str, seal: Sealing) -> FullNameOut:
    person_id = UUID(json.loads(stored)["person_id"])
    name = looking.whole_again(tx, seal, actor, person_id, "real_name")
    return FullNameOut(person_id=person_id, real_name=name)


@router.post(
    "/people/{person_id}/real-name",
    responses=raises(PersonOnly, RoleMissing, PersonNotFound, RealNameUnknown),
)
@in_transaction(replay=_name_again)
def look_at_real_name(
    tx: Session, actor: Caller, seal: Sealing, person_id: UUID, body: ReasonDraft
) -> FullNameOut:
    """The whole real name of a reporter in the caller's regions. It is written down."""
    name = looking.whole(tx, seal, actor, person_id, "real_name", body.reason)
    return FullNameOut(person_id=person_id, real_name=name)


@router.post(
    "/photos/{photo_id}/original",
    responses=raises(PersonOnly, RoleMissing, PhotoNotFound, ReporterAnonymous),
)
@in_transaction
def look_at_original(
    tx: Session,
    actor: Looker,
    seal: Sealing,
    signer: Signers,
    photo_id: UUID,
    body: ReasonDraft,
) -> LinkOut:
    """A short address of a case photo's sealed original. It is written down."""
    looking.original(tx, seal, actor, photo_id, body.reason)
    return LinkOut(url=views.address(signer, "original", photo_id))


@router.get("/privacy/looks", responses=raises(PersonOnly, RoleMissing))
@in_transaction
def list_looks(
    tx: Session, actor: Reader, limit: Limit = 20, cursor: Cursor = None
) -> Page[LookOut]:
    """Every look at personal data in the caller's regions, newest first."""
    return views.looks(tx, actor, limit, cursor)

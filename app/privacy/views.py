"""What of privacy is shown to whom, and the signed addresses of its files."""

from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Person, Role, StaffAccount
from app.kit import clock
from app.kit.page import Page, page
from app.media.bucket import sign, verify
from app.media.views import Signer
from app.privacy import policy
from app.privacy.errors import ExportNotFound
from app.privacy.models import Consent, DataExport, Look
from app.privacy.schemas import ConsentList, ConsentOut, ExportOut, LookOut, MyLookOut
from app.regions.models import Region
from app.regions.queries import spans, under_any

LIFE_S = 600
FileKind = Literal["export", "original"]
READERS = (Role.AUDITOR, Role.ADMINISTRATOR)


def address(signer: Signer, kind: FileKind, file_id: UUID) -> str:
    """Where anyone may fetch the file for ten minutes."""
    expires = int(clock.now().timestamp()) + LIFE_S
    signature = sign(signer.secret, f"{kind}/{file_id}", expires)
    return f"/v1/privacy/files/{kind}/{file_id}?expires={expires}&signature={signature}"


def allows(signer: Signer, kind: FileKind, file_id: UUID, expires: int, signature: str) -> bool:
    now = int(clock.now().timestamp())
    return verify(signer.secret, f"{kind}/{file_id}", expires, signature, now=now)


def consents(tx: Session, person_id: UUID) -> ConsentList:
    """Every word of a person on the policy, the last one first."""
    query = select(Consent).where(Consent.person_id == person_id)
    said = list(tx.scalars(query.order_by(Consent.at.desc(), Consent.id.desc())))
    valid = bool(said) and said[0].given and policy.covers(said[0].version)
    return ConsentList(valid=valid, items=[ConsentOut.model_validate(one) for one in said])


def export_out(export: DataExport, signer: Signer) -> ExportOut:
    over = export.expires_at is not None and export.expires_at <= clock.now()
    state = "expired" if over else export.state
    url = address(signer, "export", export.id) if state == "ready" else None
    return ExportOut.model_validate(
        {
            "id": export.id, "state": state, "bytes": export.bytes, "asked_at": export.asked_at,
            "expires_at": export.expires_at, "url": url,
        }
    )  # fmt: skip


def get_export(tx: Session, person_id: UUID, export_id: UUID) -> DataExport:
    """Raises ExportNotFound, also for somebody else's."""
    export = tx.get(DataExport, export_id)
    if export is None or export.person_id != person_id:
        raise ExportNotFound
    return export


# Columns of both lists of looks, with the region's name and the looker's.
_LOOKS = (
    select(
        Look.id, Look.at, Look.role, Look.region_code, Look.kind, Look.object_id, Look.reason,
        Region.name.label("region"), Look.actor_id, Person.name.label("actor"),
        StaffAccount.username,
    )
    .join(Region, Region.code == Look.region_code)
    .join(Person, Person.id == Look.actor_id)
    .outerjoin(StaffAccount, StaffAccount.person_id == Look.actor_id)
)  # fmt: skip


def looks(tx: Session, actor: Actor, limit: int, cursor: str | None) -> Page[LookOut]:
    """Every look in the actor's subtrees, newest first."""
    paths = actor.paths(READERS)
    query = _LOOKS.where(under_any(Region.path, len(paths)))
    return page(
        tx, query, (Look.at, Look.id), build=lambda row: LookOut(**_fields(row, LookOut)),
        limit=limit, cursor=cursor, filters=(actor.person_id,), given=spans(paths),
    )  # fmt: skip


def my_looks(tx: Session, person_id: UUID, limit: int, cursor: str | None) -> Page[MyLookOut]:
    """Who looked at the person's own data, by role and region, and why."""
    return page(
        tx, _LOOKS.where(Look.person_id == person_id), (Look.at, Look.id),
        build=lambda row: MyLookOut(**_fields(row, MyLookOut)), limit=limit, cursor=cursor,
        filters=(person_id,),
    )  # fmt: skip


def _fields(row: object, out: type[LookOut | MyLookOut]) -> dict[str, object]:
    return {name: getattr(row, name) for name in out.model_fields}

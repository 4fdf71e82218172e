"""Consents, copies that are asked for, and the end of what they hold."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.errors import ConsentMissing
from app.kit import attempts, clock, outbox
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.privacy import policy, views
from app.privacy.errors import ExportTooOften, VersionUnknown
from app.privacy.models import Consent, DataExport
from app.privacy.schemas import ConsentList

MOST_EXPORTS_A_DAY = 3


def consent(tx: Session, person_id: UUID, version: str) -> ConsentList:
    """Records a consent. Raises VersionUnknown for any version but the one in force."""
    if version != policy.POLICY.version:
        raise VersionUnknown
    _say(tx, person_id, given=True)
    return views.consents(tx, person_id)


def withdraw(tx: Session, person_id: UUID) -> ConsentList:
    """Takes a consent back; without one nothing changes."""
    if views.consents(tx, person_id).valid:
        _say(tx, person_id, given=False)
    return views.consents(tx, person_id)


def _say(tx: Session, person_id: UUID, *, given: bool) -> None:
    insert_row(
        tx, Consent, id=new_id(), person_id=person_id, version=policy.POLICY.version, given=given,
        at=clock.now(),
    )  # fmt: skip


def require_consent(tx: Session, person_id: UUID) -> None:
    """Raises ConsentMissing unless the person's last word is a consent that holds today."""
    if not views.consents(tx, person_id).valid:
        raise ConsentMissing


def ask_export(tx: Session, person_id: UUID) -> DataExport:
    """Asks for a copy, which a job makes. Raises ExportTooOften after three on a day."""
    if attempts.add_today(tx, f"export:{person_id}") > MOST_EXPORTS_A_DAY:
        raise ExportTooOften(headers={"Retry-After": "3600"})
    export = DataExport(
        id=new_id(), person_id=person_id, state="waiting", asked_at=clock.now(),
    )  # fmt: skip
    tx.add(export)
    tx.flush()
    outbox.enqueue(tx, "export.asked", export_id=export.id)
    return export


def export_made(tx: Session, export_id: UUID, size: int) -> None:
    """The copy lies in the bucket, for a week."""
    export = tx.get(DataExport, export_id)
    if export is not None and export.state == "waiting":
        export.state, export.bytes, export.ready_at = "ready", size, clock.now()
        export.expires_at = clock.now() + policy.life("exports")
        tx.flush()

"""Reads of checks: what waits for a person, what WeChat is asked about, what was found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, select
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.identity.access import Actor
from app.identity.models import Person, Role, WechatBinding
from app.kit.page import Page, cut
from app.media.models import Verdict
from app.media.views import EVIDENCE, Signer
from app.regions.models import Region
from app.regions.queries import spans, under_any
from app.reports.models import Report
from app.safety.errors import HoldNotFound
from app.safety.models import ContentCheck, ContentFinding
from app.safety.schemas import EvidenceOut, FindingOut, HoldBrief, HoldOut, HoldState

REVIEWERS = (Role.DISPATCHER, Role.ADMINISTRATOR)
MOST_OVERDUE = 500
_BRIEF = (
    ContentCheck.id, ContentCheck.kind, ContentCheck.state, ContentCheck.why,
    ContentCheck.created_at, ContentCheck.updated_at, Case.id.label("case_id"),
    Case.number.label("case_number"), Case.region_code,
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What WeChat is to judge, and in whose name; `openid` None where WeChat knows nobody."""

    kind: str
    content: str
    openid: str | None


def _seen(actor: Actor, *columns: Any) -> tuple[Select[Any], dict[str, str]]:
    """Checks of the reports about the cases of the regions that the actor reviews for.

    By the case's number, which a report keeps that stands behind the case no more.
    """
    paths = actor.paths(REVIEWERS)
    query = (
        select(*columns)
        .join(Report, Report.id == ContentCheck.report_id)
        .join(Case, Case.number == Report.case_number)
        .join(Region, Region.code == Case.region_code)
        .where(under_any(Region.path, len(paths)))
    )
    return query, spans(paths)


def holds(
    tx: Session, actor: Actor, state: HoldState, limit: int, cursor: str | None
) -> Page[HoldBrief]:
    """A page of what waits for a person, is hidden or has passed, the newest first."""
    query, given = _seen(actor, *_BRIEF)
    keys = (ContentCheck.created_at, ContentCheck.id)
    found = cut(
        tx, query.where(ContentCheck.state == state), keys, limit=limit, cursor=cursor,
        filters=(actor.person_id, state), given=given,
    )  # fmt: skip
    items = [HoldBrief.model_validate(row) for row in found.rows]
    return Page(items=items, next_cursor=found.next_cursor)


def get_hold(tx: Session, actor: Actor, check_id: UUID) -> Any:
    """A check with its report's words. Raises HoldNotFound, also outside the actor's regions."""
    words = (
        Report.description, Report.address, ContentCheck.sealed_text, ContentCheck.sealed_address,
    )  # fmt: skip
    query, given = _seen(actor, *_BRIEF, *words)
    row = tx.execute(query.where(ContentCheck.id == check_id), given).first()
    if row is None:
        raise HoldNotFound
    return row


def hold_out(tx: Session, row: Any, signer: Signer) -> HoldOut:
    shown = row.state != Verdict.HIDDEN
    is_text = shown and row.kind == "text"
    query = (
        select(ContentFinding, Person.name)
        .outerjoin(Person, Person.id == ContentFinding.person_id)
        .where(ContentFinding.check_id == row.id)
        .order_by(ContentFinding.created_at, ContentFinding.id)
    )
    found = [
        FindingOut(
            source=f.source, finding=f.finding, label=f.label, by=name, note=f.note,
            created_at=f.created_at,
        )
        for f, name in tx.execute(query)
    ]  # fmt: skip
    return HoldOut(
        **HoldBrief.model_validate(row).model_dump(),
        description=row.description if is_text else None,
        address=row.address if is_text else None,
        photo=signer.url(row.id, "display") if shown and row.kind == "photo" else None,
        findings=found,
    )


def evidence_out(row: Any, signer: Signer) -> EvidenceOut:
    if row.kind == "photo":
        variant = EVIDENCE if row.state == Verdict.HIDDEN else "display"
        return EvidenceOut(description=None, address=None, photo=signer.url(row.id, variant))
    if row.state != Verdict.HIDDEN:
        return EvidenceOut(description=row.description, address=row.address, photo=None)
    return EvidenceOut(description=row.sealed_text, address=row.sealed_address, photo=None)


def to_ask(connection: Connection, check_id: UUID, appid: str) -> Asked | None:
    """What to ask WeChat about a check; None when it was asked before or is decided."""
    query = (
        select(
            ContentCheck.kind, ContentCheck.trace_id, Report.description, Report.address,
            WechatBinding.openid,
        )
        .join(Report, Report.id == ContentCheck.report_id)
        .outerjoin(
            WechatBinding,
            and_(WechatBinding.person_id == Report.person_id, WechatBinding.appid == appid),
        )
        .where(ContentCheck.id == check_id, ContentCheck.state == Verdict.WAITING)
    )  # fmt: skip
    row = connection.execute(query).first()
    if row is None or row.trace_id is not None:
        return None
    words = "\n".join(filter(None, (row.description, row.address)))
    return Asked(row.kind, words, row.openid)


def overdue(tx: Session, before: datetime) -> list[UUID]:
    """The checks that wait for a machine since before an instant, the oldest first."""
    waiting = ContentCheck.state == Verdict.WAITING, ContentCheck.created_at <= before
    query = select(ContentCheck.id).where(*waiting).order_by(ContentCheck.created_at)
    return list(tx.scalars(query.limit(MOST_OVERDUE)))

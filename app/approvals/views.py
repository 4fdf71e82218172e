"""How approvals are shown: to staff with their case, to reporters as their own request."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.approvals import queries, rules
from app.approvals.schemas import ApprovalOut, RequestOut
from app.cases.seen import Seen
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import clock
from app.kit.page import Page, Slice


def approvals_out(tx: Session, actor: Actor, found: Slice) -> Page[ApprovalOut]:
    """A page of them, with the cases and names of the whole page in one read each."""
    rows = [row.Approval for row in found.rows]
    return Page(items=_shown(tx, actor, rows), next_cursor=found.next_cursor)


def approval_out(tx: Session, actor: Actor, approval_id: UUID) -> ApprovalOut:
    """One of them, as it stands now."""
    return _shown(tx, actor, [queries.get_approval(tx, approval_id)])[0]


def request_out(tx: Session, approval_id: UUID) -> RequestOut:
    """One that a reporter made."""
    row = queries.get_approval(tx, approval_id)
    return RequestOut(**{name: getattr(row, name) for name in RequestOut.model_fields})


def _shown(tx: Session, actor: Actor, rows: list[Any]) -> list[ApprovalOut]:
    seen = queries.seen_by(tx, actor, (row.case_id for row in rows))
    people = {person for row in rows for person in (row.asked_by, row.decided_by) if person}
    names = identity.names(tx, people) if people else {}
    today = clock.business_day(clock.now())
    return [_approval_out(actor, row, seen[row.case_id], names, today) for row in rows]


def _approval_out(
    actor: Actor, row: Any, at: Seen, names: dict[UUID, str], today: date
) -> ApprovalOut:
    unnamed = rules.KINDS[row.kind].by_reporter
    return ApprovalOut(
        id=row.id, kind=row.kind, state=row.state, case_id=row.case_id,
        case_number=at.case.number, case_status=at.case.status, region_code=at.case.region_code,
        text=row.text, hours=row.data.get("hours"), review_on=row.data.get("review_on"),
        asked_by=None if unnamed else names.get(row.asked_by), asked_at=row.asked_at,
        decided_by=names.get(row.decided_by), decided_at=row.decided_at, answer=row.answer,
        may_decide=row.state == "pending"
        and rules.fits(row.kind, row.data, at.case, today)
        and refusal(actor, at, row) is None,
    )  # fmt: skip


def refusal(actor: Actor, at: Seen, row: Any) -> Any:
    """Why this actor does not decide on this request, or None."""
    return rules.refusal(
        at.situation(actor),
        asked=row.asked_by == actor.person_id,
        author=row.data.get("author") == str(actor.person_id),
    )

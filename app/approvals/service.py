"""Writes to approvals: asked by one person, decided by another, with the effect in one unit.

The case's row is locked before anything else, so its requests change one call at a time.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.approvals import queries, rules, views
from app.approvals.errors import (
    ApprovalDecided,
    ApprovalNotFound,
    ApprovalOvertaken,
    ExtensionsExhausted,
    RequestForbidden,
    RequestImpossible,
    RequestPending,
)  # fmt: skip
from app.approvals.models import Approval
from app.approvals.schemas import DecisionDraft, ExtensionDraft, SuspensionDraft
from app.cases import changes, history, indexing, timing
from app.cases import queries as cases
from app.cases import service as moves
from app.cases.errors import CaseNotFound
from app.cases.models import Case
from app.cases.seen import Seen
from app.cases.workflow import HEADS
from app.identity import queries as identity
from app.identity import real_names
from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.kit.seal import Seal
from app.notify import service as notify

# Both are in the entry of the history, and only one of them is for the reporter's eyes.
REQUESTED, ASKED = "requested", "asked"


def ask_extension(tx: Session, actor: Actor, case_id: UUID, draft: ExtensionDraft) -> UUID:
    """Asks for more hours (延期) for the handling clock.

    Raises CaseNotFound, RequestForbidden, RequestImpossible, RequestPending, ExtensionsExhausted.
    """
    at = _handled(tx, actor, case_id)
    if queries.granted(tx, case_id, "extension") >= rules.MOST_EXTENSIONS:
        raise ExtensionsExhausted
    if not queries.handles_by_clock(tx, case_id):
        raise RequestImpossible
    approval_id = _ask(tx, actor, at, "extension", draft.text, hours=draft.hours)
    actions.record(
        tx, actor.person_id, "approval.requested", "approval", approval_id, kind="extension"
    )
    return approval_id


def ask_suspension(tx: Session, actor: Actor, case_id: UUID, draft: SuspensionDraft) -> UUID:
    """Asks to put a case off (挂账) until its review date.

    Raises CaseNotFound, RequestForbidden, RequestImpossible, RequestPending, ReviewDateInvalid.
    """
    at, day = _handled(tx, actor, case_id), draft.review_on.isoformat()
    changes.review_at(day)
    approval_id = _ask(tx, actor, at, "suspension", draft.text, review_on=day)
    actions.record(
        tx, actor.person_id, "approval.requested", "approval", approval_id, kind="suspension"
    )
    return approval_id


def ask_again(
    tx: Session, seal: Seal, actor: Actor, report_id: UUID, kind: str, text: str, window: timedelta
) -> UUID:
    """A reporter, or one of several, asks for a closed case again or appeals against a rejection,
    within `window` of the move that they do not accept.

    Raises ReportNotFound, RequestImpossible, RequestPending, ReopenWindowOver, AppealWindowOver.
    """
    at, rule = queries.own_case(tx, actor, report_id), rules.KINDS[kind]
    if at is None or at.case.status not in rule.statuses:
        raise RequestImpossible
    against = queries.last_move(tx, at.case.id, rule.against or "")
    if clock.now() > against.created_at + window:
        raise rule.too_late
    author = str(against.actor_id) if against.actor_id else None
    # The history lives for ever, chained by hashes; a reporter's name does not belong to it.
    me = identity.get_person(tx, actor.person_id)
    note = real_names.unnamed(tx, seal, text, me)
    return _ask(tx, actor, at, kind, text, report_id, note=note, author=author)


def _handled(tx: Session, actor: Actor, case_id: UUID) -> Seen:
    """A case that the actor handles, locked."""
    at = cases.get_case(tx, actor, case_id, lock=True)
    if not (at.in_unit or at.case.assignee_id == actor.person_id):
        raise RequestForbidden
    return at


def _ask(
    tx: Session, actor: Actor, at: Seen, kind: str, text: str, report_id: UUID | None = None,
    *, note: str | None = None, **data: Any,
) -> UUID:  # fmt: skip
    case, now, rule = at.case, clock.now(), rules.KINDS[kind]
    data["round"] = case.round
    if not rules.fits(kind, data, case, clock.business_day(now)):
        raise RequestImpossible
    _make_room(tx, case, kind)
    approval_id = new_id()
    insert_row(
        tx, Approval, id=approval_id, case_id=case.id, report_id=report_id, kind=kind, text=text,
        data=data, state="pending", asked_by=actor.person_id, asked_at=now,
    )  # fmt: skip
    asked = {k: data[k] for k in ("hours", "review_on") if k in data}
    history.record(
        tx, case.id, ASKED if rule.by_reporter else REQUESTED, actor_id=actor.person_id,
        note=note or text, data={"approval": kind, **asked},
    )  # fmt: skip
    facts = {"number": case.number, "what": rule.label._asdict()}
    for person_id in identity.nearest_holding(tx, at.level_path, HEADS)[1]:
        if person_id != actor.person_id:
            notify.tell(tx, person_id, "approval.asked", _subject(case, approval_id), **facts)
    return approval_id


def _make_room(tx: Session, case: Any, kind: str) -> None:
    """One request of a kind waits; one about an earlier round of the case gives way."""
    before = queries.find_pending(tx, case.id, kind)
    if before is None:
        return
    if rules.fits(kind, before.data, case, clock.business_day(clock.now())):
        raise RequestPending
    _end(tx, case, before, "withdrawn", None, rules.OVERTAKEN)


def decide(tx: Session, actor: Actor, approval_id: UUID, draft: DecisionDraft) -> None:
    """Grants or refuses; what was granted happens in the same unit, and the asker is told.

    Raises ApprovalNotFound, what `rules.refusal` says, ApprovalDecided, ApprovalOvertaken (the
    request is withdrawn then), ClockNotLive.
    """
    at = _locked(tx, actor, queries.get_approval(tx, approval_id).case_id)
    # Read again: another head may have decided while we waited for the case.
    row = queries.get_approval(tx, approval_id)
    refusal = views.refusal(actor, at, row)
    if refusal is not None:
        raise refusal
    if row.state != "pending":
        raise ApprovalDecided
    if not rules.fits(row.kind, row.data, at.case, clock.business_day(clock.now())):
        raise ApprovalOvertaken(keep=partial(withdraw, approval_id=approval_id))
    if draft.granted:
        _EFFECTS[row.kind](tx, actor, at, row, draft.answer)
    state = "granted" if draft.granted else "refused"
    _end(tx, at.case, row, state, actor.person_id, draft.answer)
    actions.record(tx, actor.person_id, f"approval.{state}", "approval", approval_id, kind=row.kind)


def withdraw(tx: Session, approval_id: UUID) -> None:
    """Withdraws a request that the case has left behind; the asker is told."""
    # The refusal's rollback may have let the case's lock go.
    case = cases.by_id(tx, queries.get_approval(tx, approval_id).case_id).case
    row = queries.get_approval(tx, approval_id)
    if row.state == "pending":
        _end(tx, case, row, "withdrawn", None, rules.OVERTAKEN)


def _locked(tx: Session, actor: Actor, case_id: UUID) -> Seen:
    try:
        return cases.get_case(tx, actor, case_id, lock=True)
    except CaseNotFound as error:
        raise ApprovalNotFound from error


def _end(
    tx: Session, case: Any, row: Any, state: str, decided_by: UUID | None, answer: str
) -> None:
    ended = update(Approval).where(Approval.id == row.id, Approval.state == "pending")
    values = {
        "state": state, "decided_by": decided_by, "decided_at": clock.now(), "answer": answer,
    }  # fmt: skip
    if tx.execute(ended.values(**values)).rowcount != 1:  # type: ignore[attr-defined]
        raise ApprovalDecided
    rule = rules.KINDS[row.kind]
    # A reporter reads the answer to their own request; one to a colleague stays inside.
    said = {"public_note" if rule.by_reporter else "note": answer}
    history.record(tx, case.id, state, actor_id=decided_by, data={"approval": row.kind}, **said)
    notify.tell(
        tx, row.asked_by, f"approval.{state}", _subject(case, row.id), number=case.number,
        what=rule.label._asdict(), answer=answer,
    )  # fmt: skip


def _subject(case: Any, approval_id: UUID) -> str:
    return f"{case.number}/{approval_id}"


def _extend(tx: Session, _actor: Actor, at: Seen, row: Any, _answer: str) -> None:
    case: Case = at.case
    timing.extend(tx, case, at.path, row.data["hours"])
    later = {name: getattr(case, name) for name in ("handle_due_at", "due_at", "warn_at")}
    tx.execute(update(Case).where(Case.id == case.id).values(**later, updated_at=clock.now()))
    indexing.keep(tx, case.id)


def _suspend(tx: Session, actor: Actor, at: Seen, row: Any, _answer: str) -> None:
    review_on = date.fromisoformat(row.data["review_on"])
    moves.decide(tx, actor, at.case.id, "suspend", review_on=review_on, note=row.text)


def _reopen(tx: Session, actor: Actor, at: Seen, _row: Any, answer: str) -> None:
    moves.decide(tx, actor, at.case.id, "reopen", public_note=answer)
    subject = f"{at.case.number}/{at.case.version + 1}"
    for person_id in cases.handlers(tx, at.case, clock.now()):
        notify.tell(tx, person_id, "case.reopened", subject, number=at.case.number)


def _uphold(tx: Session, actor: Actor, at: Seen, _row: Any, answer: str) -> None:
    moves.decide(tx, actor, at.case.id, "uphold", public_note=answer)


_EFFECTS: dict[str, Callable[[Session, Actor, Seen, Any, str], None]] = {
    "extension": _extend, "suspension": _suspend, "reopening": _reopen, "appeal": _uphold,
}  # fmt: skip

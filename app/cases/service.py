"""What happens to cases: moved, noted, decided on. Each move is one row, one version, one unit."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.cases import (
    changes,
    history,
    merging,
    photos,
    queries,
    recording,
    rerouting,
    rewarding,
    timing,
    workflow,
)
from app.cases.errors import MoveForbidden, MoveImpossible, MoveIncomplete
from app.cases.models import Case
from app.cases.schemas import CaseMoveDraft
from app.cases.seen import Seen
from app.cases.workflow import Move
from app.grids.service import GridCache
from app.identity import queries as identity
from app.identity import real_names
from app.identity.access import Actor
from app.kit import actions, clock, outbox
from app.kit.errors import Stale
from app.kit.fields import field_error
from app.kit.marks import FromApp
from app.kit.seal import Seal
from app.notify import service as notify
from app.reports import service as reports
from app.reports.errors import ReportNotFound
from app.reports.models import Report, ReportStatus


@dataclass(frozen=True)
class Means:
    """What moves need beside the transaction: the window for objections, and the map."""

    objection: timedelta
    grids: GridCache


# What an endpoint takes as the window.
Objection = Annotated[timedelta, FromApp("objection")]
WITH_ITS_PART = "子案件重新办理，主案件随之重新办理。"
NO_MEANS = Means(timedelta(), GridCache())


def move(
    tx: Session, actor: Actor, case_id: UUID, draft: CaseMoveDraft, version: int, means: Means
) -> Seen:
    """Makes a staff move on the version that was read.

    Raises CaseNotFound, Stale, MoveIncomplete, AssigneeUnknown, CategoryUnknown, the photo errors
    and what the workflow says.
    """
    if draft.move == "unmerge":
        merging.lock_merged(tx, case_id)
    if draft.move == "merge" and draft.into:
        merging.lock_both(tx, case_id, merging.find_target(tx, actor, case_id, draft.into))
    at = queries.get_case(tx, actor, case_id, lock=True)
    if at.case.version != version:
        raise Stale
    made = workflow.find(draft.move, at.situation(actor))
    # Not read again: a handler who returns the case may no longer see it, and still moved it.
    return _make(tx, actor, at, made, draft, means)


def withdraw(tx: Session, seal: Seal, actor: Actor, report_id: UUID, note: str | None) -> None:
    """Takes back one's own report, with its case if nobody has been sent yet.

    Raises ReportNotFound (somebody else's), MoveImpossible.
    """
    if tx.scalar(select(Report.person_id).where(Report.id == report_id)) != actor.person_id:
        raise ReportNotFound
    # One conditional write, so that no lock on the report is held while the case's is waited for.
    unrouted = update(Report).where(Report.id == report_id, Report.status == ReportStatus.RECEIVED)
    gone = unrouted.values(status=ReportStatus.WITHDRAWN, updated_at=clock.now())
    if tx.execute(gone).rowcount:  # type: ignore[attr-defined]
        return
    at = queries.of_report(tx, actor, report_id)
    if at is None:
        raise MoveImpossible
    if len(queries.report_ids(tx, at.case.id)) > 1:
        # Others reported it too: the case goes on, and this report leaves it.
        merging.leave(tx, at.case, actor.person_id, report_id)
        return
    # The history lives for ever, chained by hashes; a reporter's name does not belong to it.
    me = identity.get_person(tx, actor.person_id)
    told = note and real_names.unnamed(tx, seal, note, me)
    draft = CaseMoveDraft(move="withdraw", note=told)
    made = workflow.find("withdraw", at.situation(actor))
    _make(tx, actor, at, made, draft, NO_MEANS)


def decide(tx: Session, actor: Actor | None, case_id: UUID, name: str, **words: Any) -> Seen:
    """Makes a move that follows from a decision or a date: suspend, review, reopen, uphold.

    `words` are fields of a move's draft. Whether the actor may decide is the caller's matter;
    None is the service itself. Raises MoveImpossible when the status does not allow it.
    """
    at = queries.by_id(tx, case_id)
    made = workflow.internal(name, at.case.status)
    # Not validated: `move` names only what is offered over HTTP.
    draft = CaseMoveDraft.model_construct(**{"move": name, **words})
    return _make(tx, actor, at, made, draft, NO_MEANS)


def _make(
    tx: Session, actor: Actor | None, at: Seen, made: Move, draft: CaseMoveDraft, means: Means
) -> Seen:
    case: Case = at.case
    if made.offered:
        _require(made, draft)
    behind = queries.report_ids(tx, case.id)
    data = _change(tx, actor, at, made, draft, means)
    if made.name == "unmerge":
        behind = queries.report_ids(tx, case.id)
    before, case.status = case.status, made.target or case.status
    timing.turn(tx, case, at.path, made.name)
    move_id = recording.record(tx, actor, case, made, draft, before, data)
    if draft.photo_ids and actor is not None:
        photos.take(tx, actor.person_id, case, move_id, draft.photo_ids)
    rewarding.turn(tx, case, made.name, means.objection)
    told = {"public_note": draft.public_note} if draft.public_note else {}
    if made.name != "merge":
        reports.push_down(tx, behind, status=case.status, outcome=case.outcome, **told)
    outbox.enqueue(tx, "case.moved", move_id=move_id)
    if before in workflow.ENDED and case.status not in workflow.ENDED and case.parent_id:
        _reopen_parent(tx, actor, case.parent_id)
    handled = made.name in queries.HANDLING or (at.handled and made.name != "dispatch")
    return replace(at, handled=handled)


def _change(
    tx: Session, actor: Actor | None, at: Seen, made: Move, draft: CaseMoveDraft, means: Means
) -> dict[str, Any]:
    match made.name:
        case "merge" if actor is not None:
            target = merging.find_target(tx, actor, at.case.id, draft.into or "")
            return merging.merge(tx, actor, at.case, target)
        case "unmerge" if actor is not None:
            return merging.unmerge(tx, actor, at.case)
        case "file":
            data = changes.apply(tx, actor, at, "file", draft)
            return data | rerouting.file(tx, means.grids, at.case, at.path)
        case "correct":
            return rerouting.correct(tx, means.grids, at.case, at.path, draft)
        case name:
            return changes.apply(tx, actor, at, name, draft)


def _reopen_parent(tx: Session, actor: Actor | None, parent_id: UUID) -> None:
    """A part (子案件) that lives again takes the case that was closed over it along.

    To refuse would leave the part's reporter at a door that nobody can open: a parent is reopened
    by request of its own reporters only. One that was rejected, withdrawn or merged stays so: it
    never said that all its parts were done.
    """
    # Locked before it is asked, as who closes it asks for its parts: one of the two sees the other.
    if queries.by_id(tx, parent_id).case.status != "closed":
        return
    parent = decide(tx, actor, parent_id, "reopen", note=WITH_ITS_PART).case
    subject = f"{parent.number}/{parent.version}"
    for person_id in queries.handlers(tx, parent, clock.now()):
        notify.tell(tx, person_id, "case.reopened", subject, number=parent.number)


def _require(made: Move, draft: CaseMoveDraft) -> None:
    missing = [name for name in made.required if not getattr(draft, name)]
    given = {n for n in CaseMoveDraft.model_fields if n != "move" and getattr(draft, n)}
    chosen = sorted(given & set(made.one_of))
    if made.one_of and not chosen:
        missing.append(made.one_of[0])
    surplus = sorted(given - {*made.required, *made.optional, *made.one_of}) + chosen[1:]
    wrong = {}
    if made.reasons and draft.reason_code not in made.reasons:
        wrong["reason_code"] = field_error("enum", "reason_code", expected=", ".join(made.reasons))
    wrong |= {name: field_error("missing", name) for name in missing}
    wrong |= {name: field_error("extra_forbidden", name) for name in surplus}
    if wrong:
        raise MoveIncomplete(fields=[*wrong.values()])


def add_note(tx: Session, actor: Actor, case_id: UUID, text: str) -> None:
    """Adds an internal note; it is no move and leaves the version alone.

    Raises CaseNotFound, MoveForbidden for those who only read (auditors, administrators).
    """
    at = queries.get_case(tx, actor, case_id, lock=True).situation(actor)
    if not (workflow.GRID | workflow.CHECKERS) & at.seen_as and not at.is_assignee:
        raise MoveForbidden
    history.record(tx, case_id, "note", actor_id=actor.person_id, note=text)
    actions.record(tx, actor.person_id, "case.noted", "case", case_id)


def review_due(tx: Session) -> None:
    """Asks for a unit of its own for each suspended case (挂账) whose review date has come."""
    due = select(Case.id, Case.version).where(
        Case.status == "suspended", Case.review_at <= clock.now()
    )
    for row in tx.execute(due):
        once = f"case.reviewed:{row.id}:{row.version}"
        outbox.enqueue(tx, "case.reviewed", unique=once, case_id=row.id)


def review(tx: Session, case_id: UUID) -> None:
    """Sends a suspended case out again once its review date has come; else leaves it alone."""
    case = queries.by_id(tx, case_id).case
    if case.status == "suspended" and case.review_at <= clock.now():
        decide(tx, None, case_id, "review", note=None)

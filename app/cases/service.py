"""What happens to cases: moved, noted, decided on. Each move is one row, one version, one unit."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.cases import (
    changes,
    history,
    merging,
    queries,
    rerouting,
    rewarding,
    timing,
    workflow,
)
from app.cases.errors import MoveForbidden, MoveImpossible, MoveIncomplete
from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseScope
from app.cases.queries import Seen
from app.cases.schemas import CaseMoveDraft
from app.cases.workflow import Move
from app.grids.service import GridCache
from app.identity.access import Actor
from app.kit import actions, clock, outbox
from app.kit.columns import IdType
from app.kit.db import core, insert_row, insert_rows
from app.kit.errors import Stale
from app.kit.ids import new_id
from app.kit.marks import FromApp
from app.media import service as media
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


def withdraw(tx: Session, actor: Actor, report_id: UUID, note: str | None) -> None:
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
    draft = CaseMoveDraft(move="withdraw", note=note)
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
    move_id = _record(tx, actor, case, made, draft, before, data)
    _take_photos(tx, actor, case, move_id, draft.photo_ids)
    rewarding.turn(tx, case, made.name, means.objection)
    told = {"public_note": draft.public_note} if draft.public_note else {}
    if made.name != "merge":
        reports.push_down(tx, behind, status=case.status, outcome=case.outcome, **told)
    outbox.enqueue(tx, "case.moved", move_id=move_id)
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
        case "correct":
            return rerouting.correct(tx, means.grids, at.case, at.path, draft)
        case name:
            return changes.apply(tx, actor, at, name, draft)


def _require(made: Move, draft: CaseMoveDraft) -> None:
    missing = [name for name in made.required if not getattr(draft, name)]
    given = {n for n in CaseMoveDraft.model_fields if n != "move" and getattr(draft, n)}
    chosen = sorted(given & set(made.one_of))
    if made.one_of and not chosen:
        missing.append(made.one_of[0])
    surplus = sorted(given - {*made.required, *made.optional, *made.one_of}) + chosen[1:]
    unknown = ["reason_code"] if made.reasons and draft.reason_code not in made.reasons else []
    faults = (("enum", unknown), ("missing", missing), ("extra_forbidden", surplus))
    problems = {name: code for code, names in faults for name in names}
    if problems:
        errors = [
            {"loc": ["body", name], "code": code, "message": code}
            for name, code in problems.items()
        ]
        raise MoveIncomplete(errors=errors)


def _record(
    tx: Session, actor: Actor | None, case: Case, made: Move, draft: CaseMoveDraft, before: str,
    data: dict[str, Any],
) -> UUID:  # fmt: skip
    """One row for the move, one entry of the history; the case's version is its number."""
    move_id, now, actor_id = new_id(), clock.now(), actor.person_id if actor else None
    case.version, case.updated_at = case.version + 1, now
    told = {"move": made.name, "version": case.version, "from": before, "to": case.status, **data}
    history.add(
        tx, case, "move", actor_id=actor_id, note=draft.note, public_note=draft.public_note,
        data=told,
    )  # fmt: skip
    _save(tx, case, before)
    insert_row(
        tx, CaseMove, id=move_id, case_id=case.id, version=case.version, move=made.name,
        from_status=before, to_status=case.status, actor_id=actor_id, note=draft.note,
        public_note=draft.public_note, data=data, created_at=now,
    )  # fmt: skip
    actions.record(tx, actor_id, f"case.{made.name}", "case", case.id, version=case.version)
    return move_id


# What a move may change of a case.
_CHANGING = (
    "status", "version", "category_code", "net_code", "hazard", "answers", "assignee_id",
    "unit_code", "level_code", "outcome", "rework", "returns", "round", "merged_into", "review_at",
    "made_safe_at", "rerouted", "region_code", "grid_code", "routing", "lat", "lng", "cell",
    "accept_due_at", "safe_due_at", "handle_due_at", "check_due_at", "due_at", "warn_at",
    "clock_rule", "entries", "chain", "updated_at",
)  # fmt: skip
_SAVE = (
    update(Case.__table__)  # type: ignore[arg-type]
    .where(Case.id == bindparam("this", type_=IdType()), Case.version == bindparam("before"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_RESCOPE = (
    update(CaseScope.__table__)  # type: ignore[arg-type]
    .where(CaseScope.case_id == bindparam("this", type_=IdType()))
    .values(status=bindparam("status"))
)


def _save(tx: Session, case: Case, before: str) -> None:
    """Writes a changed case; the row lock and the version it was read with let one mover win."""
    values = {name: getattr(case, name) for name in _CHANGING}
    given = {**values, "this": case.id, "before": case.version - 1}
    if core(tx).execute(_SAVE, given).rowcount != 1:
        raise Stale
    if case.status != before:
        core(tx).execute(_RESCOPE, {"this": case.id, "status": case.status})


def _take_photos(
    tx: Session, actor: Actor | None, case: Case, move_id: UUID, photo_ids: list[UUID]
) -> None:
    if not photo_ids or actor is None:
        return
    media.take(tx, actor.person_id, photo_ids, f"move:{move_id}")
    before = [photo.id for photo in queries.before_photos(tx, case)]
    media.refuse_same(tx, before, photo_ids)
    rows = [
        {"move_id": move_id, "position": position, "photo_id": photo_id}
        for position, photo_id in enumerate(photo_ids, start=1)
    ]
    insert_rows(tx, CaseMovePhoto, rows)
    outbox.enqueue(tx, "photos.compared", case_id=case.id)


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

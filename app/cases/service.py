"""What happens to cases: routed, moved, noted. Each move is one row, one version, one unit."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.cases import queries, workflow
from app.cases.errors import AssigneeUnknown, MoveImpossible, MoveIncomplete
from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseNote, CaseNumber, CaseReport
from app.cases.queries import Seen
from app.cases.routing import decide
from app.cases.schemas import CaseMoveDraft
from app.cases.workflow import PAYING_OUTCOMES, Move
from app.categories import queries as categories
from app.grids.service import GridCache
from app.identity.access import Actor
from app.kit import actions, clock, outbox
from app.kit.columns import IdType
from app.kit.db import core, insert_for, insert_row, insert_rows
from app.kit.errors import Stale
from app.kit.ids import new_id
from app.media import service as media
from app.regions.queries import root_of
from app.reports import service as reports
from app.reports.errors import ReportNotFound
from app.reports.models import Report, ReportStatus
from app.rewards import service as rewards

AWARD = "report.filed"
ACCEPT_HOURS = 4


def route(tx: Session, grids: GridCache, report_id: UUID) -> None:
    """Opens the case of a report in the region that owns the spot; once, whoever asks again.

    A report outside every grid, or without a place, goes to the district's centre.
    """
    report = tx.get_one(Report, report_id, with_for_update=True)
    if report.status != ReportStatus.RECEIVED:
        return
    decision = decide(tx, grids, report)
    expected = None
    if report.choice:
        expected = categories.find_category(tx, categories.category_of_choice(tx, report.choice))
    now = clock.now()
    accept_hours = expected.accept_hours if expected else ACCEPT_HOURS
    case = Case(
        id=new_id(), number=_next_number(tx, root_of(decision.path)), version=1,
        status="reported", region_code=decision.region_code, grid_code=decision.grid_code,
        routing=decision.explained, hazard=bool(expected and expected.hazard),
        description=report.description, address=report.address, lat=report.lat, lng=report.lng,
        rework=0, returns=0, accept_due_at=now + timedelta(hours=accept_hours), clock_rule={},
        created_at=now, updated_at=now,
    )  # fmt: skip
    tx.add(case)
    tx.flush()
    insert_row(tx, CaseReport, case_id=case.id, report_id=report.id, joined_at=now)
    insert_row(
        tx, CaseMove, id=new_id(), case_id=case.id, version=1, move="route", to_status="reported",
        data={"region_code": case.region_code}, created_at=now,
    )  # fmt: skip
    reports.push_down(
        tx, [report.id], status="reported", case_number=case.number, grid_code=case.grid_code
    )


def _next_number(tx: Session, district: str) -> str:
    """`500152-20261121-0001`: district, business day, running number."""
    day = clock.business_day(clock.now()).strftime("%Y%m%d")
    first = insert_for(tx, CaseNumber).values(district=district, day=day, last=1)
    counted = first.on_conflict_do_update(
        index_elements=["district", "day"], set_={"last": CaseNumber.last + 1}
    )
    last = tx.execute(counted.returning(CaseNumber.last)).scalar_one()
    return f"{district[:6]}-{day}-{last:04}"


def move(
    tx: Session,
    actor: Actor,
    case_id: UUID,
    draft: CaseMoveDraft,
    version: int,
    objection: timedelta,
) -> Seen:
    """Makes a staff move on the version that was read; `objection` is the window for points.

    Raises CaseNotFound, Stale, MoveIncomplete, AssigneeUnknown, CategoryUnknown, the photo errors
    and what the workflow says.
    """
    at = queries.get_case(tx, actor, case_id, lock=True)
    if at.case.version != version:
        raise Stale
    # Not read again: a handler who returns the case may no longer see it, and still moved it.
    return _make(tx, actor, at, draft, objection)


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
    draft = CaseMoveDraft(move="withdraw", note=note)
    _make(tx, actor, at, draft, timedelta())


def _make(tx: Session, actor: Actor, at: Seen, draft: CaseMoveDraft, objection: timedelta) -> Seen:
    case: Case = at.case
    move = workflow.find(draft.move, at.situation(actor))
    _require(move, draft)
    data = _change(tx, case, at.path, move, draft)
    move_id = _record(tx, actor, case, move, draft, data)
    reports_behind = queries.report_ids(tx, case.id)
    _take_photos(tx, actor, case.id, move_id, draft.photo_ids)
    _reward(tx, case, move, objection)
    told = {"public_note": draft.public_note} if draft.public_note else {}
    reports.push_down(tx, reports_behind, status=case.status, outcome=case.outcome, **told)
    outbox.enqueue(tx, "case.moved", move_id=move_id)
    handled = move.name in queries.HANDLING or (at.handled and move.name != "dispatch")
    return replace(at, handled=handled)


def _require(move: Move, draft: CaseMoveDraft) -> None:
    missing = [name for name in move.required if not getattr(draft, name)]
    given = {n for n in CaseMoveDraft.model_fields if n != "move" and getattr(draft, n)}
    surplus = sorted(given - {*move.required, *move.optional})
    unknown = ["reason_code"] if move.reasons and draft.reason_code not in move.reasons else []
    faults = (("enum", unknown), ("missing", missing), ("extra_forbidden", surplus))
    problems = {name: code for code, names in faults for name in names}
    if problems:
        errors = [
            {"loc": ["body", name], "code": code, "message": code}
            for name, code in problems.items()
        ]
        raise MoveIncomplete(errors=errors)


def _change(tx: Session, case: Case, path: str, move: Move, draft: CaseMoveDraft) -> dict[str, Any]:
    """Applies what the move says to the case, and tells what its row should remember."""
    data: dict[str, Any] = {}
    match move.name:
        case "file":
            category = categories.get_category(tx, draft.category_code or "")
            case.category_code, case.hazard = category.code, category.hazard
            data = {"category_code": category.code}
        case "dispatch":
            data = _assign(tx, case, path, draft.assignee_id)
        case "return":
            case.returns += 1
            data = {"reason_code": draft.reason_code, "assignee_id": str(case.assignee_id)}
            case.assignee_id = case.handle_due_at = None
        case "rework":
            case.rework += 1
        case "close":
            case.outcome = draft.outcome
            data = {"outcome": draft.outcome}
        case "reject":
            data = {"reason_code": draft.reason_code}
        case _:
            pass
    return data


def _assign(tx: Session, case: Case, path: str, assignee_id: UUID | None) -> dict[str, Any]:
    """Gives the case to a person and freezes its clock. Raises AssigneeUnknown."""
    if assignee_id not in {row.id for row in queries.assignees(tx, path)}:
        raise AssigneeUnknown
    category = categories.get_category(tx, case.category_code or "")
    now = clock.now()
    case.assignee_id = assignee_id
    case.handle_due_at = now + timedelta(hours=category.due_hours)
    case.clock_rule = {
        "category": category.code, "version": category.version,
        "due_hours": category.due_hours, "from": now.isoformat(),
    }  # fmt: skip
    return {"assignee_id": str(assignee_id), "handle_due_at": case.handle_due_at.isoformat()}


def _record(
    tx: Session, actor: Actor, case: Case, move: Move, draft: CaseMoveDraft, data: dict[str, Any]
) -> UUID:
    """One row for the move; the case's version is its number."""
    move_id, now, before = new_id(), clock.now(), case.status
    case.status, case.version, case.updated_at = move.target, case.version + 1, now
    _save(tx, case)
    insert_row(
        tx, CaseMove, id=move_id, case_id=case.id, version=case.version, move=move.name,
        from_status=before, to_status=move.target, actor_id=actor.person_id, note=draft.note,
        public_note=draft.public_note, data=data, created_at=now,
    )  # fmt: skip
    actions.record(tx, actor.person_id, f"case.{move.name}", "case", case.id, version=case.version)
    return move_id


# What a move may change of a case.
_CHANGING = (
    "status", "version", "category_code", "hazard", "assignee_id", "outcome", "rework", "returns",
    "handle_due_at", "clock_rule", "updated_at",
)  # fmt: skip
_SAVE = (
    update(Case.__table__)  # type: ignore[arg-type]
    .where(Case.id == bindparam("this", type_=IdType()), Case.version == bindparam("before"))
    .values({name: bindparam(name) for name in _CHANGING})
)


def _save(tx: Session, case: Case) -> None:
    """Writes a changed case; the row lock and the version it was read with let one mover win."""
    values = {name: getattr(case, name) for name in _CHANGING}
    given = {**values, "this": case.id, "before": case.version - 1}
    if core(tx).execute(_SAVE, given).rowcount != 1:
        raise Stale


def _take_photos(
    tx: Session, actor: Actor, case_id: UUID, move_id: UUID, photo_ids: list[UUID]
) -> None:
    if not photo_ids:
        return
    media.take(tx, actor.person_id, photo_ids, f"move:{move_id}")
    before = [photo.id for photo in queries.before_photos(tx, case_id)]
    media.refuse_same(tx, before, photo_ids)
    rows = [
        {"move_id": move_id, "position": position, "photo_id": photo_id}
        for position, photo_id in enumerate(photo_ids, start=1)
    ]
    insert_rows(tx, CaseMovePhoto, rows)


def _reward(tx: Session, case: Case, move: Move, objection: timedelta) -> None:
    """Points follow the case: held at filing, settled or taken back at its end, in this unit."""
    if move.name == "file":
        for reporter in queries.reporters(tx, case.id)[:1]:
            rewards.grant(
                tx, event=AWARD, source=case.number, person_id=reporter.person_id,
                reported_at=reporter.created_at,
            )  # fmt: skip
    elif move.name == "close" and case.outcome in PAYING_OUTCOMES:
        rewards.close(tx, event=AWARD, source=case.number, after=objection)
    elif move.target in {"closed", "withdrawn", "rejected"}:
        rewards.void(tx, event=AWARD, source=case.number, reason=case.outcome or move.target)


def add_note(tx: Session, actor: Actor, case_id: UUID, text: str) -> None:
    """Adds an internal note; it is no move and leaves the version alone. Raises CaseNotFound."""
    queries.get_case(tx, actor, case_id)
    insert_row(
        tx, CaseNote, id=new_id(), case_id=case_id, actor_id=actor.person_id, text=text,
        created_at=clock.now(),
    )  # fmt: skip
    actions.record(tx, actor.person_id, "case.noted", "case", case_id)

"""Checks begin with a report, end with a verdict, and tell everyone what follows from it.

Whoever changes a check has locked its report first, so that the report is as its worst part.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.cases import rewarding
from app.cases.models import CaseReport
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import actions, clock, outbox
from app.kit.db import alone, insert_row
from app.kit.ids import new_id
from app.media.models import Photo, Verdict
from app.notify import service as notify
from app.reports import service as reports
from app.reports.models import Report, ReportPhoto
from app.safety import queries, rules, sealing
from app.safety.errors import HoldDecided, OwnContent
from app.safety.models import ContentCheck, ContentFinding
from app.safety.queries import REVIEWERS
from app.safety.rules import Finding
from app.safety.schemas import HoldDecisionDraft

AGAIN = timedelta(minutes=1)
LATE = Finding("service", "late")
# What a reporter is told, and never why.
TOLD = {
    Verdict.HELD: "report.held", Verdict.HIDDEN: "report.hidden", Verdict.PASSED: "report.cleared",
}  # fmt: skip


def begin(tx: Session, report_id: UUID) -> None:
    """Opens a check of a report's words and of each photo, as its first verdict wants; once."""
    report = _locked(tx, report_id)
    if report.verdict not in {Verdict.WAITING, Verdict.HELD}:
        return
    if tx.get(ContentCheck, report_id) is not None:
        return
    photos = tx.scalars(select(ReportPhoto.photo_id).where(ReportPhoto.report_id == report_id))
    now, waits = clock.now(), report.verdict == Verdict.WAITING
    for check_id in (report_id, *sorted(photos)):
        insert_row(
            tx, ContentCheck, id=check_id, kind="text" if check_id == report_id else "photo",
            report_id=report_id, state=report.verdict, why=None if waits else "manual",
            created_at=now, updated_at=now,
        )  # fmt: skip
        if waits:
            outbox.enqueue(tx, "content.unchecked", check_id=check_id)
    if not waits:
        _tell(tx, report, Verdict.HELD)


def answered(tx: Session, check_id: UUID, finding: Finding) -> None:
    """Takes what WeChat answered: a verdict, a trace id under which one comes, or nothing yet."""
    if finding.finding == "later":
        waiting = select(ContentCheck.id).where(
            ContentCheck.id == check_id, ContentCheck.state == Verdict.WAITING
        )
        # Not the queue's own back-off: after five minutes that would have given up.
        if tx.scalar(waiting) is not None:
            outbox.enqueue(tx, "content.unchecked", delay=AGAIN, check_id=check_id)
        return
    if finding.finding != "asked":
        conclude(tx, check_id, finding)
        return
    _traced(tx, finding)
    _, check = _both(tx, check_id)
    check.trace_id = finding.trace_id
    tx.flush()
    # The verdict may have been pushed before we knew what it is about.
    pushed = select(ContentFinding).where(
        ContentFinding.trace_id == finding.trace_id, ContentFinding.check_id.is_(None)
    )
    early = tx.scalars(pushed.limit(1)).first()
    if early is not None:
        known = Finding("wechat", early.finding, early.label, early.trace_id)
        conclude(tx, check_id, known)


def take_verdict(tx: Session, finding: Finding) -> None:
    """Takes a verdict that WeChat pushed; once a person decides, it is only written down."""
    _traced(tx, finding)
    check_id = tx.scalar(select(ContentCheck.id).where(ContentCheck.trace_id == finding.trace_id))
    if check_id is None:
        _write(tx, None, finding)
        return
    conclude(tx, check_id, finding)


def overdue(tx: Session) -> None:
    """Asks for a unit of its own for each check that no machine ended in 35 minutes."""
    for check_id in queries.overdue(tx, clock.now() - rules.PATIENCE):
        outbox.enqueue(tx, "content.overdue", unique=f"content:{check_id}", check_id=check_id)


def conclude(tx: Session, check_id: UUID, finding: Finding) -> None:
    """Writes down what was found, and ends a check that still waits."""
    report, check = _both(tx, check_id)
    if finding.finding == "late" and check.state != Verdict.WAITING:
        return
    _write(tx, check.id, finding)
    if check.state == Verdict.WAITING:
        _turn(tx, report, check, rules.follows(check.kind, finding.finding), finding.finding)


def decide(tx: Session, actor: Actor, check_id: UUID, draft: HoldDecisionDraft) -> None:
    """A person's decision on what is held or a machine has hidden; what has passed they may hide.

    Raises HoldNotFound, OwnContent, HoldDecided.
    """
    seen = queries.get_hold(tx, actor, check_id)
    hides = draft.decision == "hide"
    # Cases are locked before reports, as everywhere.
    behind = sealing.lock_cases(tx, check_id) if seen.kind == "text" and hides else []
    report, check = _both(tx, check_id)
    if report.person_id == actor.person_id:
        raise OwnContent
    by_machine = check.state == Verdict.HIDDEN and check.decided_by is None
    # Machines overlook an identity card, and people too.
    overlooked = hides and check.state == Verdict.PASSED
    if check.state != Verdict.HELD and not by_machine and not overlooked:
        raise HoldDecided
    finding = Finding("person", draft.decision)
    _write(tx, check.id, finding, person_id=actor.person_id, note=draft.note)
    done = "content.hidden" if hides else "content.passed"
    actions.record(tx, actor.person_id, done, "content", check.id, reason=draft.note)
    check.decided_by = actor.person_id
    if hides and check.kind == "text":
        sealing.seal(tx, report, check, behind)
    verdict = Verdict.HIDDEN if hides else Verdict.PASSED
    _turn(tx, report, check, verdict, draft.decision if hides else None)


def look(tx: Session, actor: Actor, check_id: UUID, reason: str) -> None:
    """Writes down that somebody looks at evidence, and why."""
    actions.record(tx, actor.person_id, "content.evidence_seen", "content", check_id, reason=reason)


def judged(tx: Session, report_id: UUID, objection: timedelta) -> None:
    """Brings points and staff to what a report's verdict means now."""
    case_id = tx.scalar(select(CaseReport.case_id).where(CaseReport.report_id == report_id))
    if case_id is None:
        return
    seen = cases.by_id(tx, case_id)
    report = tx.get_one(Report, report_id)
    rewarding.judged(tx, case_id, report.person_id, objection)
    if report.verdict != Verdict.HIDDEN:
        return
    staff = cases.handlers(tx, seen.case, clock.now())
    staff = staff or identity.holding(tx, seen.path, (REVIEWERS[0],))
    number = seen.case.number
    for person_id in staff:
        notify.tell(
            tx, person_id, "case.content_hidden", f"{number}:{report_id}", number=number
        )  # fmt: skip


def _turn(
    tx: Session, report: Report, check: ContentCheck, verdict: Verdict, why: str | None
) -> None:
    before, check.state, check.why = check.state, verdict.value, why
    check.updated_at = clock.now()
    tx.flush()
    if check.kind == "photo":
        tx.execute(update(Photo).where(Photo.id == check.id).values(verdict=verdict.value))
        if Verdict.HIDDEN in {before, verdict} and before != verdict:
            outbox.enqueue(tx, "photo.judged", photo_id=check.id)
    parts = select(ContentCheck.state).where(ContentCheck.report_id == report.id)
    whole = rules.whole(tx.scalars(parts), report.verdict)
    if whole != report.verdict:
        reports.push_down(tx, [report.id], verdict=whole.value)
        _tell(tx, report, whole)


def _tell(tx: Session, report: Report, whole: Verdict) -> None:
    """Tells the reporter neutrally; what passes without a person is no news."""
    if whole != Verdict.HELD:
        outbox.enqueue(tx, "report.judged", report_id=report.id)
    if whole == Verdict.PASSED and report.verdict == Verdict.WAITING:
        return
    date = clock.business_day(report.created_at).isoformat()
    # What was let through may be hidden again: that is news again.
    subject = f"{report.id}/{clock.now().isoformat()}"
    notify.tell(tx, report.person_id, TOLD[whole], subject, date=date)


def _traced(tx: Session, finding: Finding) -> None:
    """A photo's trace id and its verdict come at once: whoever is second sees the first."""
    alone(tx, f"trace:{finding.trace_id}")


def _locked(tx: Session, report_id: UUID) -> Report:
    return tx.get_one(
        Report, report_id, with_for_update={"key_share": True}, populate_existing=True
    )


def _both(tx: Session, check_id: UUID) -> tuple[Report, ContentCheck]:
    report_id = tx.scalars(select(ContentCheck.report_id).where(ContentCheck.id == check_id)).one()
    report = _locked(tx, report_id)
    return report, tx.get_one(ContentCheck, check_id, populate_existing=True)


def _write(
    tx: Session,
    check_id: UUID | None,
    finding: Finding,
    *,
    person_id: UUID | None = None,
    note: str | None = None,
) -> None:
    insert_row(
        tx, ContentFinding, id=new_id(), check_id=check_id, source=finding.source,
        finding=finding.finding, label=finding.label, trace_id=finding.trace_id,
        person_id=person_id, note=note, created_at=clock.now(),
    )  # fmt: skip

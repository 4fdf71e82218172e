"""Hiding a report's words: they leave report, case and search, and stay as evidence only."""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.cases import indexing
from app.cases import queries as cases
from app.cases.models import Case
from app.cases.seen import Seen
from app.kit import answers
from app.media.models import Verdict
from app.reports import service as reports
from app.reports.models import Report
from app.safety.models import ContentCheck

HIDDEN = "（内容不予展示 / not shown）"


def lock_cases(tx: Session, report_id: UUID) -> list[Seen]:
    """Locks the case of a report and what was merged into it or split off, by id.

    One of them was opened in the reporter's own words, and its parts took over its address.
    """
    locked: dict[UUID, Seen] = {}
    # Again: while a case was waited for, a part may have been split off.
    while more := _family(tx, report_id) - locked.keys():
        locked |= {case_id: cases.by_id(tx, case_id) for case_id in sorted(more)}
    return [locked[case_id] for case_id in sorted(locked)]


def _family(tx: Session, report_id: UUID) -> set[UUID]:
    number = select(Report.case_number).where(Report.id == report_id).scalar_subquery()
    found = set(tx.scalars(select(Case.id).where(Case.number == number)))
    into = set(found)
    while into:
        near = select(Case.id).where(or_(Case.merged_into.in_(into), Case.parent_id.in_(into)))
        into = set(tx.scalars(near)) - found
        found |= into
    return found


def seal(tx: Session, report: Report, check: ContentCheck, behind: list[Seen]) -> None:
    """Takes a report's words out of everything that is shown; all of it is locked."""
    # Together: the table takes sealed words of hidden checks only.
    check.state = Verdict.HIDDEN.value
    check.sealed_text, check.sealed_address = report.description, report.address
    words = {"description": report.description}
    words |= {"address": report.address} if report.address else {}
    told: dict[str, Any] = dict.fromkeys(words, HIDDEN)
    reports.push_down(tx, [report.id], **told)
    about = [report.id]
    for seen in behind:
        case: Case = seen.case
        if case.source == "report" and case.description == check.sealed_text:
            _reword(tx, seen, told)
        elif report.address and case.parent_id in about and case.address == check.sealed_address:
            # Younger than its parent, it comes after it; its description is of whoever split it.
            _reword(tx, seen, {"address": HIDDEN})
        else:
            continue
        about.append(case.id)
    # What was answered in the last days, too: a retry reads it again.
    answers.rewrite(
        tx,
        [str(one) for one in about],
        lambda field, text: HIDDEN if words.get(field) == text else text,
    )


def _reword(tx: Session, seen: Seen, told: dict[str, Any]) -> None:
    for name, text in told.items():
        setattr(seen.case, name, text)
    tx.execute(update(Case).where(Case.id == seen.case.id).values(**told))
    indexing.reindex(tx, [(seen.case, seen.path)])

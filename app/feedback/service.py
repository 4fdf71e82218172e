"""Writes of feedback: rating, calling back, telling reporters, keeping the answer templates."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.cases import history, rewarding
from app.cases import queries as cases
from app.cases.errors import OwnReport
from app.cases.models import Case
from app.cases.workflow import CHECKERS, GRID, HEADS, OPEN
from app.categories import queries as categories
from app.categories.errors import CategoryUnknown
from app.feedback import queries, rules
from app.feedback.errors import (
    AlreadyRated,
    CaseEnded,
    CaseNotClosed,
    CaseNotEnded,
    FollowUpByHandler,
    FollowUpForbidden,
    RatingByHandler,
    TemplateForbidden,
    TemplateRetired,
    UpdateForbidden,
)  # fmt: skip
from app.feedback.models import AnswerTemplate, FollowUp, Rating
from app.feedback.schemas import FollowUpDraft, RatingDraft, RatingOut, TemplateDraft, TemplateOut
from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock
from app.kit.db import insert_row
from app.kit.ids import new_id
from app.notify import service as notify
from app.regions.errors import RegionUnknown
from app.regions.models import Region
from app.reports import service as reports
from app.rewards import service as rewards
from app.rewards.rules import RATED

CALLERS = CHECKERS | HEADS
EDITORS = frozenset({Role.ADMINISTRATOR, Role.GRID_HEAD})
FOLLOWED_UP = frozenset({"closed", "rejected"})


def rate(
    tx: Session, actor: Actor, report_id: UUID, draft: RatingDraft, window: timedelta
) -> RatingOut:
    """A reporter's word on how their case ended (评价), once though they reported it twice.

    Raises ReportNotFound, CaseNotClosed, RatingByHandler, AlreadyRated, RatingWindowOver.
    """
    queries.require_own(tx, actor, report_id)
    # The case's lock: of two ratings of one case the second sees the first.
    at = cases.of_report(tx, actor, report_id)
    if at is None:
        raise CaseNotClosed
    # Their own work would be praised by those who did it.
    if at.handled or at.situation(actor).is_assignee:
        raise RatingByHandler
    if queries.has_rated(tx, actor, report_id, at.case.id):
        raise AlreadyRated
    if at.case.status != "closed":
        raise CaseNotClosed
    now = clock.now()
    rules.require_open_window(queries.closed_at(tx, at.case.id), now, window)
    row: dict[str, Any] = {"report_id": report_id, **draft.model_dump(), "created_at": now}
    insert_row(tx, Rating, case_id=at.case.id, **row)
    # The history lives for ever; the reporter's own words do not belong to it.
    told = {"stars": draft.stars, "reasons": list(draft.reasons)}
    history.record(tx, at.case.id, "rating", actor_id=actor.person_id, data=told)
    _thank(tx, at.case, actor.person_id, now)
    return RatingOut(**row)


def _thank(tx: Session, case: Case, person_id: UUID, at: datetime) -> None:
    """Whatever they said; nobody can object to it, so it is spendable at once."""
    rated: dict[str, Any] = {"event": RATED, "source": case.number, "person_id": person_id}
    rewards.grant(tx, reported_at=at, spot=rewarding.spot(tx, case), **rated)
    rewards.close(tx, after=timedelta(), **rated)


def follow_up(tx: Session, actor: Actor, case_id: UUID, draft: FollowUpDraft) -> None:
    """Notes a call to a reporter after the end (回访), by nobody who had a part in the case.

    Raises CaseNotFound, FollowUpForbidden, OwnReport, FollowUpByHandler, CaseNotEnded.
    """
    at = cases.get_case(tx, actor, case_id, lock=True)
    if not actor.holds(CALLERS, at.path):
        raise FollowUpForbidden
    if at.reported:
        raise OwnReport
    if at.handled or at.situation(actor).is_assignee:
        raise FollowUpByHandler
    if at.case.status not in FOLLOWED_UP:
        raise CaseNotEnded
    insert_row(
        tx, FollowUp, id=new_id(), case_id=case_id, actor_id=actor.person_id,
        created_at=clock.now(), **draft.model_dump(),
    )  # fmt: skip
    told: dict[str, Any] = {"reached": draft.reached, "verdict": draft.verdict}
    history.record(tx, case_id, "followed_up", actor_id=actor.person_id, note=draft.text, data=told)
    actions.record(tx, actor.person_id, "case.followed_up", "case", case_id, **told)


def publish(tx: Session, actor: Actor, case_id: UUID, text: str) -> None:
    """Tells every reporter behind an open case what is new; internal notes stay internal.

    Raises CaseNotFound, UpdateForbidden, CaseEnded.
    """
    at = cases.get_case(tx, actor, case_id, lock=True)
    if not (actor.holds(GRID, at.path) or at.situation(actor).is_assignee):
        raise UpdateForbidden
    if at.case.status not in OPEN:
        raise CaseEnded
    # The case is locked, so the next entry is this one.
    position = at.case.entries + 1
    history.record(tx, case_id, "update", actor_id=actor.person_id, public_note=text)
    behind = cases.reporters(tx, case_id)
    if behind:
        reports.push_down(tx, sorted(row.report_id for row in behind), public_note=text)
    number = at.case.number
    for person_id in sorted({row.person_id for row in behind}):
        notify.tell(
            tx, person_id, "report.updated", f"{number}/{position}",
            number=number, public_note=text,
        )  # fmt: skip
    actions.record(tx, actor.person_id, "case.updated", "case", case_id, position=position)


def add_template(tx: Session, actor: Actor, draft: TemplateDraft) -> TemplateOut:
    """Raises RegionUnknown, TemplateForbidden, CategoryUnknown, ReasonUnknown,
    PlaceholderUnknown."""
    _check(tx, actor, draft)
    template = AnswerTemplate(id=new_id(), active=True)
    tx.add(template)
    return _save(tx, actor, template, "template.added", **draft.model_dump())


def change_template(
    tx: Session, actor: Actor, template_id: UUID, draft: TemplateDraft
) -> TemplateOut:
    """Raises TemplateNotFound, TemplateForbidden (its region, or the one it is to move to),
    TemplateRetired and what `add_template` raises."""
    template = _held(tx, actor, template_id)
    if not template.active:
        raise TemplateRetired
    _check(tx, actor, draft)
    return _save(tx, actor, template, "template.changed", **draft.model_dump())


def retire_template(tx: Session, actor: Actor, template_id: UUID) -> TemplateOut:
    """Takes a template out of use; again is no error.

    Raises TemplateNotFound, TemplateForbidden.
    """
    template = _held(tx, actor, template_id)
    if not template.active:
        return TemplateOut.model_validate(template)
    return _save(tx, actor, template, "template.retired", active=False)


def _held(tx: Session, actor: Actor, template_id: UUID) -> AnswerTemplate:
    template, path = queries.get_template(tx, actor, template_id)
    if not actor.holds(EDITORS, path):
        raise TemplateForbidden
    return template


def _check(tx: Session, actor: Actor, draft: TemplateDraft) -> None:
    region = tx.get(Region, draft.region_code)
    if region is None:
        raise RegionUnknown
    if not actor.holds(EDITORS, region.path):
        raise TemplateForbidden
    if draft.category_code and categories.find_category(tx, draft.category_code) is None:
        raise CategoryUnknown
    rules.require_reason(draft.move, draft.reason_code)
    rules.require_placeholders(draft.text)


def _save(
    tx: Session, actor: Actor, template: AnswerTemplate, action: str, **values: Any
) -> TemplateOut:
    for name, value in values.items():
        setattr(template, name, value)
    template.updated_by, template.updated_at = actor.person_id, clock.now()
    tx.flush()
    actions.record(
        tx, actor.person_id, action, "template", template.id, region=template.region_code
    )
    return TemplateOut.model_validate(template)

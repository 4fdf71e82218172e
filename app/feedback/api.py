"""Ratings, follow-up calls, satisfaction, answer templates and public updates over HTTP."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.cases import history
from app.cases import queries as cases
from app.cases.errors import CaseNotFound, OwnReport
from app.cases.schemas import CaseEventList, Reason
from app.categories.errors import CategoryUnknown
from app.feedback import queries, service, views
from app.feedback.errors import (
    AlreadyRated,
    CaseEnded,
    CaseNotClosed,
    CaseNotEnded,
    FollowUpByHandler,
    FollowUpForbidden,
    PeriodInvalid,
    PlaceholderUnknown,
    RatingByHandler,
    RatingNotFound,
    RatingWindowOver,
    ReasonUnknown,
    TemplateForbidden,
    TemplateNotFound,
    TemplateRetired,
    UpdateForbidden,
)  # fmt: skip
from app.feedback.queries import Period
from app.feedback.schemas import (
    AnswerList,
    AnswerMove,
    CaseRatingList,
    FollowUpDraft,
    FollowUpList,
    RatingDraft,
    RatingOut,
    SatisfactionCaseOut,
    SatisfactionOut,
    TemplateDraft,
    TemplateOut,
    UpdateDraft,
)  # fmt: skip
from app.identity.access import Actor, Reporter, Staff, holding
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import FromApp, Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Day
from app.regions.errors import RegionNotFound, RegionUnknown
from app.reports.errors import ReportNotFound

router = Router(prefix="/v1", tags=["feedback 评价与回访"])
Editor = Annotated[Actor, Resolver(holding(*sorted(service.EDITORS)))]
RatingWindow = Annotated[timedelta, FromApp("rating_window")]
Region = Annotated[Code, Query(description="Code; its whole subtree")]
First = Annotated[Day, Query(alias="from", description="First business day, Asia/Shanghai")]
Last = Annotated[Day, Query(alias="to", description="Last business day; at most 400 in all")]
CASE = (PersonOnly, StaffOnly, CaseNotFound)
FIGURES = (PersonOnly, StaffOnly, RegionNotFound, PeriodInvalid)
EDITING = (
    PersonOnly, RoleMissing, TemplateForbidden, RegionUnknown, CategoryUnknown, ReasonUnknown,
    PlaceholderUnknown,
)  # fmt: skip


@router.post(
    "/reports/{report_id}/rating",
    responses=raises(
        PersonOnly, ReportNotFound, RatingByHandler, AlreadyRated, CaseNotClosed, RatingWindowOver
    ),
)
@in_transaction(status=201)
def rate_report(
    tx: Session, actor: Reporter, window: RatingWindow, report_id: UUID, body: RatingDraft
) -> RatingOut:
    """Rates a closed case that one reported (co-reporters too), once, within XINXIN_RATING_DAYS."""
    return service.rate(tx, actor, report_id, body, window)


@router.get(
    "/reports/{report_id}/rating", responses=raises(PersonOnly, ReportNotFound, RatingNotFound)
)
@in_transaction
def get_rating(tx: Session, actor: Reporter, report_id: UUID) -> RatingOut:
    """What the caller said of their own report."""
    rating = queries.get_rating(tx, actor, report_id)
    return RatingOut(**{name: getattr(rating, name) for name in RatingOut.model_fields})


@router.get("/cases/{case_id}/ratings", responses=raises(*CASE))
@in_transaction
def list_case_ratings(tx: Session, actor: Staff, case_id: UUID) -> CaseRatingList:
    """The ratings of a case, without names, the first one first."""
    return views.ratings_out(tx, cases.get_case(tx, actor, case_id).case.id)


@router.post(
    "/cases/{case_id}/follow-ups",
    responses=raises(*CASE, FollowUpForbidden, OwnReport, FollowUpByHandler, CaseNotEnded),
)
@in_transaction(status=201)
def add_follow_up(tx: Session, actor: Staff, case_id: UUID, body: FollowUpDraft) -> FollowUpList:
    """Notes a call (回访) after the end, by staff who had no part in it; answers all of them."""
    service.follow_up(tx, actor, case_id, body)
    return views.follow_ups_out(tx, case_id)


@router.get("/cases/{case_id}/follow-ups", responses=raises(*CASE))
@in_transaction
def list_follow_ups(tx: Session, actor: Staff, case_id: UUID) -> FollowUpList:
    """The calls about a case, the first one first."""
    return views.follow_ups_out(tx, cases.get_case(tx, actor, case_id).case.id)


@router.post("/cases/{case_id}/updates", responses=raises(*CASE, UpdateForbidden, CaseEnded))
@in_transaction(status=201)
def add_case_update(tx: Session, actor: Staff, case_id: UUID, body: UpdateDraft) -> CaseEventList:
    """Tells every reporter behind an open case what is new; the answer is the history."""
    service.publish(tx, actor, case_id, body.text)
    return CaseEventList(items=history.events(tx, case_id))


@router.get("/cases/{case_id}/templates", responses=raises(*CASE))
@in_transaction
def list_answers(
    tx: Session,
    actor: Staff,
    case_id: UUID,
    move: Annotated[AnswerMove, Query()],
    reason: Annotated[Reason | None, Query(description="Reason or outcome, once chosen")] = None,
) -> AnswerList:
    """The official answers that fit the case, filled in, the most specific first."""
    return views.answers_out(tx, cases.get_case(tx, actor, case_id), move, reason)


@router.get("/satisfaction", responses=raises(*FIGURES))
@in_transaction
def get_satisfaction(
    tx: Session, actor: Staff, region: Region, first: First, last: Last
) -> SatisfactionOut:
    """Satisfaction over the cases closed in a period, all of it countable in their list."""
    return views.satisfaction_out(tx, actor, Period(region, first, last))


@router.get("/satisfaction/cases", responses=raises(*FIGURES))
@in_transaction
def list_satisfaction_cases(
    tx: Session,
    actor: Staff,
    region: Region,
    first: First,
    last: Last,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[SatisfactionCaseOut]:
    """The cases behind the figures, the newest case first."""
    return views.satisfaction_cases_out(tx, actor, Period(region, first, last), limit, cursor)


@router.get("/templates", responses=raises(PersonOnly, StaffOnly, RegionNotFound))
@in_transaction
def list_templates(
    tx: Session,
    actor: Staff,
    region: Annotated[Code | None, Query(description="Those that hold in it or below")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[TemplateOut]:
    """The answer templates in use around the caller's regions, last changed first."""
    return views.templates_out(tx, actor, region, limit, cursor)


@router.post("/templates", responses=raises(*EDITING))
@in_transaction(status=201)
def add_template(tx: Session, actor: Editor, body: TemplateDraft) -> TemplateOut:
    """Adds an official answer for a region and everything below it."""
    return service.add_template(tx, actor, body)


@router.put(
    "/templates/{template_id}", responses=raises(*EDITING, TemplateNotFound, TemplateRetired)
)
@in_transaction
def change_template(
    tx: Session, actor: Editor, template_id: UUID, body: TemplateDraft
) -> TemplateOut:
    """Replaces an official answer."""
    return service.change_template(tx, actor, template_id, body)


@router.delete(
    "/templates/{template_id}",
    responses=raises(PersonOnly, RoleMissing, TemplateNotFound, TemplateForbidden),
)
@in_transaction
def retire_template(tx: Session, actor: Editor, template_id: UUID) -> TemplateOut:
    """Takes an official answer out of use."""
    return service.retire_template(tx, actor, template_id)

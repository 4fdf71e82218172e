"""Reads of ratings, follow-up calls, answer templates, and the cases behind the figures."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from app.cases.models import Case, CaseMove, CaseScope
from app.cases.workflow import READERS
from app.feedback import rules
from app.feedback.errors import RatingNotFound, TemplateNotFound
from app.feedback.models import AnswerTemplate, FollowUp, Rating
from app.feedback.ranking import Occasion, Template
from app.identity.access import Actor
from app.kit.page import Slice, cut
from app.regions.errors import RegionNotFound
from app.regions.models import Region
from app.regions.queries import get_region, spans, under, under_any
from app.reports.errors import ReportNotFound
from app.reports.models import Report


def require_own(tx: Session, actor: Actor, report_id: UUID) -> None:
    """Raises ReportNotFound for somebody else's report."""
    if tx.scalar(select(Report.person_id).where(Report.id == report_id)) != actor.person_id:
        raise ReportNotFound


def get_rating(tx: Session, actor: Actor, report_id: UUID) -> Rating:
    """What the actor said of their own report. Raises ReportNotFound, RatingNotFound."""
    require_own(tx, actor, report_id)
    rating = tx.get(Rating, report_id)
    if rating is None:
        raise RatingNotFound
    return rating


def has_rated(tx: Session, actor: Actor, report_id: UUID, case_id: UUID) -> bool:
    """Whether this report was rated, or the case by the actor for another report of theirs."""
    query = (
        select(Rating.report_id)
        .join(Report, Report.id == Rating.report_id)
        .where(
            or_(
                Rating.report_id == report_id,
                and_(Rating.case_id == case_id, Report.person_id == actor.person_id),
            )
        )
    )
    return tx.execute(query.limit(1)).first() is not None


def ratings_of(tx: Session, case_id: UUID) -> Sequence[Rating]:
    """The ratings of a case, the first one first."""
    query = select(Rating).where(Rating.case_id == case_id)
    return tx.scalars(query.order_by(Rating.created_at, Rating.report_id)).all()


def follow_ups_of(tx: Session, case_id: UUID) -> Sequence[FollowUp]:
    """The calls about a case, the first one first."""
    query = select(FollowUp).where(FollowUp.case_id == case_id)
    return tx.scalars(query.order_by(FollowUp.created_at, FollowUp.id)).all()


def closed_at(tx: Session, case_id: UUID) -> datetime:
    """When a closed case was closed, the last time."""
    query = select(CaseMove.created_at).where(CaseMove.case_id == case_id, CaseMove.move == "close")
    return tx.scalars(query.order_by(CaseMove.version.desc()).limit(1)).one()


@dataclass(frozen=True)
class Period:
    """The business days, both counted, and the region whose subtree is looked at."""

    region: str
    first: date
    last: date


def require_read(tx: Session, actor: Actor, region: str) -> None:
    """Raises RegionNotFound unless the actor reads the cases of the region's whole subtree."""
    if not actor.holds(READERS, get_region(tx, region).path):
        raise RegionNotFound


_LATER_CLOSE = aliased(CaseMove)
_LAST_CLOSE = (
    select(func.max(_LATER_CLOSE.version))
    .where(_LATER_CLOSE.case_id == Case.id, _LATER_CLOSE.move == "close")
    .scalar_subquery()
)


def _closed(tx: Session, of: Period) -> Select[UUID, str, datetime]:
    """The cases behind the figures: closed now, and closed for the last time in the period."""
    since, until = rules.period(of.first, of.last)
    path = get_region(tx, of.region).path
    return (
        select(Case.id.label("case_id"), Case.number, CaseMove.created_at.label("closed_at"))
        .join(CaseScope, CaseScope.case_id == Case.id)
        .join(CaseMove, CaseMove.case_id == Case.id)
        .join(Region, Region.code == Case.region_code)
        .where(
            CaseScope.region_code == of.region, CaseScope.status == "closed",
            # After a region moved its cases stand under the old ones until the worker has been.
            under(Region.path, path),
            # No case is closed before it is opened: the index need not look at later ones.
            CaseScope.created_at < until,
            CaseMove.version == _LAST_CLOSE, CaseMove.created_at >= since,
            CaseMove.created_at < until,
        )
    )  # fmt: skip


_LATER_CALL = aliased(FollowUp)
_LATER = (
    select(_LATER_CALL.id)
    .where(
        _LATER_CALL.case_id == FollowUp.case_id,
        _LATER_CALL.reached,
        tuple_(_LATER_CALL.created_at, _LATER_CALL.id) > tuple_(FollowUp.created_at, FollowUp.id),
    )
    .exists()
)
# The last word of each case's reporters.
_VERDICTS = select(FollowUp.case_id, FollowUp.verdict).where(FollowUp.reached, ~_LATER)


def figures(tx: Session, of: Period) -> dict[str, int]:
    """Counts over the cases of `closed_page`, in one statement and so of one moment.

    Keys: closed, rated, ratings, stars (their sum), good, reached, satisfied, partly,
    dissatisfied. Raises PeriodInvalid, RegionNotFound.
    """
    closed = _closed(tx, of).cte("closed")
    rated = (
        select(
            func.count(Rating.case_id.distinct()).label("rated"),
            func.count(Rating.report_id).label("ratings"),
            func.coalesce(func.sum(Rating.stars), 0).label("stars"),
            _count(Rating.stars >= rules.GOOD_STARS).label("good"),
        )
        .join(closed, closed.c.case_id == Rating.case_id)
        .subquery()
    )
    said = (
        _VERDICTS.with_only_columns(
            func.count(FollowUp.id).label("reached"),
            *(_count(FollowUp.verdict == v).label(v) for v in VERDICTS),
        )
        .join(closed, closed.c.case_id == FollowUp.case_id)
        .subquery()
    )
    how_many = select(func.count()).select_from(closed).scalar_subquery()
    query = select(how_many.label("closed"), *rated.c, *said.c)
    row = tx.execute(query.select_from(rated.join(said, true()))).mappings().one()
    # PostgreSQL sums to a numeric.
    return {name: int(value) for name, value in row.items()}


VERDICTS = ("satisfied", "partly", "dissatisfied")


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def closed_page(tx: Session, actor: Actor, of: Period, limit: int, cursor: str | None) -> Slice:
    """A page of the cases behind the figures, the newest case first. Raises PeriodInvalid."""
    keys = (CaseScope.created_at, CaseScope.case_id)
    filters = (actor.person_id, of.region, of.first, of.last)
    return cut(tx, _closed(tx, of), keys, limit=limit, cursor=cursor, filters=filters)


def stars_of(tx: Session, case_ids: Sequence[UUID]) -> dict[UUID, list[int]]:
    """The stars of each rating of these cases, the first one first; every id has a list."""
    found: dict[UUID, list[int]] = defaultdict(list)
    query = select(Rating.case_id, Rating.stars).where(Rating.case_id.in_(case_ids))
    for row in tx.execute(query.order_by(Rating.created_at, Rating.report_id)):
        found[row.case_id].append(row.stars)
    return found


def verdicts_of(tx: Session, case_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The verdict of the last call that reached somebody, of those cases that have one."""
    rows: Any = tx.execute(_VERDICTS.where(FollowUp.case_id.in_(case_ids)))
    return dict(rows.all())


def _templates_seen(actor: Actor) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """THE rule for templates: staff see those that hold in a region of theirs, or below it."""
    paths = actor.paths({held.role for held in actor.held})
    above = {code for path in paths for code in codes(path)}
    return or_(under_any(Region.path, len(paths)), Region.code.in_(above)), spans(paths)


def codes(path: str) -> tuple[str, ...]:
    """The codes of a region's path, from the root."""
    return tuple(path.strip("/").split("/"))


def templates(
    tx: Session, actor: Actor, region: str | None, limit: int, cursor: str | None
) -> Slice:
    """A page of the templates in use that hold in the region or below it, last changed first.

    Raises RegionNotFound.
    """
    visible, given = _templates_seen(actor)
    query = (
        select(*AnswerTemplate.__table__.c)
        .join(Region, Region.code == AnswerTemplate.region_code)
        .where(AnswerTemplate.active, visible)
    )
    if region is not None:
        path = get_region(tx, region).path
        query = query.where(or_(under(Region.path, path), Region.code.in_(codes(path))))
    keys, filters = (AnswerTemplate.updated_at, AnswerTemplate.id), (actor.person_id, region)
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters, given=given)


def get_template(tx: Session, actor: Actor, template_id: UUID) -> Row[AnswerTemplate, str]:
    """A template to be changed, locked, with its region's path; raises TemplateNotFound."""
    visible, given = _templates_seen(actor)
    query = (
        select(AnswerTemplate, Region.path)
        .join(Region, Region.code == AnswerTemplate.region_code)
        .where(AnswerTemplate.id == template_id, visible)
        .with_for_update(of=AnswerTemplate, key_share=True)
    )
    row = tx.execute(query, given).first()
    if row is None:
        raise TemplateNotFound
    return row


def candidates(tx: Session, at: Occasion) -> list[Template]:
    """The templates in use for a move in the regions of a case; `ranking` tells which fit."""
    fields = (getattr(AnswerTemplate, name) for name in Template.__dataclass_fields__)
    query = select(*fields).where(
        AnswerTemplate.active, AnswerTemplate.move == at.move,
        AnswerTemplate.region_code.in_(at.path),
    )  # fmt: skip
    return [Template(*row) for row in tx.execute(query)]

"""How feedback is shown: ratings without names, calls, figures with their cases, answers."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.cases.schemas import ChoiceOfReason
from app.cases.seen import Seen
from app.categories.models import Category
from app.feedback import queries, ranking, rules
from app.feedback.queries import Period
from app.feedback.schemas import (
    AnswerList,
    AnswerOut,
    CaseRatingList,
    CaseRatingOut,
    FollowUpList,
    FollowUpOut,
    SatisfactionCaseOut,
    SatisfactionOut,
    TemplateOut,
)  # fmt: skip
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit.page import Page


def ratings_out(tx: Session, case_id: UUID) -> CaseRatingList:
    """The ratings of a case as staff read them: they see the case, not the person."""
    return CaseRatingList(
        items=[
            CaseRatingOut(
                stars=rating.stars, reasons=[_reason(code) for code in rating.reasons],
                text=rating.text, created_at=rating.created_at,
            )
            for rating in queries.ratings_of(tx, case_id)
        ]
    )  # fmt: skip


def _reason(code: str) -> ChoiceOfReason:
    words = rules.REASONS[code]
    return ChoiceOfReason(code=code, label=words.zh, label_en=words.en)


def follow_ups_out(tx: Session, case_id: UUID) -> FollowUpList:
    calls = queries.follow_ups_of(tx, case_id)
    names = identity.names(tx, {call.actor_id for call in calls})
    return FollowUpList(
        items=[
            FollowUpOut.model_validate(
                {
                    "id": call.id, "by": names.get(call.actor_id), "reached": call.reached,
                    "verdict": call.verdict, "text": call.text, "created_at": call.created_at,
                }
            )
            for call in calls
        ]
    )  # fmt: skip


def satisfaction_out(tx: Session, actor: Actor, of: Period) -> SatisfactionOut:
    """The figures of a period. Raises RegionNotFound, PeriodInvalid."""
    queries.require_read(tx, actor, of.region)
    counts = queries.figures(tx, of)
    stars = counts.pop("stars")
    return SatisfactionOut(
        region_code=of.region, first_day=of.first.isoformat(), last_day=of.last.isoformat(),
        average_hundredths=rules.share(stars, counts["ratings"], 100),
        good_permille=rules.share(counts["good"], counts["ratings"], 1000),
        satisfied_permille=rules.share(counts["satisfied"], counts["reached"], 1000),
        **counts,
    )  # fmt: skip


def satisfaction_cases_out(
    tx: Session, actor: Actor, of: Period, limit: int, cursor: str | None
) -> Page[SatisfactionCaseOut]:
    """A page of the cases behind the figures. Raises RegionNotFound, PeriodInvalid."""
    queries.require_read(tx, actor, of.region)
    found = queries.closed_page(tx, actor, of, limit, cursor)
    ids = [row.case_id for row in found.rows]
    stars, verdicts = queries.stars_of(tx, ids), queries.verdicts_of(tx, ids)
    items = [
        SatisfactionCaseOut.model_validate(
            {
                "id": row.case_id, "number": row.number, "closed_at": row.closed_at,
                "stars": stars[row.case_id], "verdict": verdicts.get(row.case_id),
            }
        )
        for row in found.rows
    ]  # fmt: skip
    return Page(items=items, next_cursor=found.next_cursor)


def templates_out(
    tx: Session, actor: Actor, region: str | None, limit: int, cursor: str | None
) -> Page[TemplateOut]:
    found = queries.templates(tx, actor, region, limit, cursor)
    shown = [{name: getattr(row, name) for name in TemplateOut.model_fields} for row in found.rows]
    items = [TemplateOut.model_validate(fields) for fields in shown]
    return Page(items=items, next_cursor=found.next_cursor)


def answers_out(tx: Session, at: Seen, move: str, reason: str | None) -> AnswerList:
    """The templates that fit a case, filled in, the most specific first.

    One that speaks of what the case does not have, such as a category, does not fit.
    """
    category = tx.get(Category, at.case.category_code) if at.case.category_code else None
    occasion = ranking.Occasion(
        move=move, reason=reason, category=category.code if category else None,
        main_category=category.parent_code if category else None, path=queries.codes(at.path),
    )  # fmt: skip
    values = {
        "number": at.case.number, "category": category.name if category else None,
        "grid": at.region_name if at.case.grid_code else None,
    }  # fmt: skip
    fitting = ranking.ranked(queries.candidates(tx, occasion), occasion)
    filled = ((template, rules.fill(template.text, values)) for template in fitting)
    return AnswerList(
        items=[
            AnswerOut(template_id=template.id, name=template.name, text=text)
            for template, text in filled
            if text is not None
        ]
    )

"""What each move changes of a case, and what its row remembers; nothing is written here."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import queries
from app.cases.errors import (
    AssigneeUnknown,
    ChildrenOpen,
    LevelUnknown,
    ReviewDateInvalid,
    UnitUnknown,
)
from app.cases.models import Case
from app.cases.schemas import CaseMoveDraft
from app.cases.seen import Seen
from app.categories import queries as categories
from app.categories import questions
from app.identity.access import Actor
from app.kit import clock
from app.posts.models import Unit
from app.regions.models import Region
from app.regions.queries import root_of
from app.routing import queries as routing

LONGEST_REVIEW = timedelta(days=366)
Data = dict[str, Any]


def apply(tx: Session, actor: Actor | None, at: Seen, name: str, draft: CaseMoveDraft) -> Data:
    """Changes `at.case` as the move says and tells what its row should remember.

    Raises AssigneeUnknown, UnitUnknown, CategoryUnknown, AnswersInvalid, LevelUnknown,
    ReviewDateInvalid.
    """
    change = _CHANGES.get(name)
    return change(tx, actor, at, draft) if change else {}


def _file(tx: Session, _actor: Actor | None, at: Seen, draft: CaseMoveDraft) -> Data:
    case: Case = at.case
    terms = categories.terms(tx, draft.category_code or "", root_of(at.path))
    questions.require(terms.questions, draft.answers or {})
    case.category_code, case.hazard = terms.category_code, terms.hazard
    case.net_code, case.answers = terms.net_code, draft.answers
    if terms.level is not None and case.level_code is None:
        level = routing.handled_at(tx, at.path, terms.level)
        case.level_code = None if level == case.region_code else level
    return {
        "category_code": case.category_code, "terms": terms.version,
        # 立案条件: the words that held, though the district may change them tomorrow.
        "filing_condition": terms.filing_condition,
    }  # fmt: skip


def _dispatch(tx: Session, _actor: Actor | None, at: Seen, draft: CaseMoveDraft) -> Data:
    case: Case = at.case
    if draft.assignee_id is not None:
        case.assignee_id, case.unit_code = _person(tx, at.path, draft.assignee_id), None
        return {"assignee_id": str(draft.assignee_id)}
    case.unit_code, case.assignee_id = _unit(tx, at.path, draft.unit_code or ""), None
    return {"unit_code": case.unit_code}


def _person(tx: Session, path: str, person_id: UUID) -> UUID:
    """Someone who may handle a case in the region with this path. Raises AssigneeUnknown."""
    if person_id not in {row.id for row in queries.assignees(tx, path)}:
        raise AssigneeUnknown
    return person_id


def _unit(tx: Session, path: str, code: str) -> str:
    """A unit in use whose own region lies in the case's district. Raises UnitUnknown."""
    query = select(Region.path).join(Unit, Unit.region_code == Region.code)
    where = tx.scalar(query.where(Unit.code == code, Unit.active))
    if where is None or root_of(where) != root_of(path):
        raise UnitUnknown
    return code


def _accept(_tx: Session, actor: Actor | None, at: Seen, _draft: CaseMoveDraft) -> Data:
    if at.case.assignee_id is None and actor is not None:
        at.case.assignee_id = actor.person_id
    return {"assignee_id": str(at.case.assignee_id)}


def _return(tx: Session, _actor: Actor | None, at: Seen, draft: CaseMoveDraft) -> Data:
    case: Case = at.case
    data: Data = {"reason_code": draft.reason_code, **_released(case)}
    if draft.proposed_id is not None:
        data["proposed_id"] = str(_person(tx, at.path, draft.proposed_id))
    if draft.proposed_unit is not None:
        data["proposed_unit"] = _unit(tx, at.path, draft.proposed_unit)
    case.returns += 1
    return data


def _released(case: Case) -> Data:
    """Takes the case from whoever has it, and tells who that was."""
    had = {
        "assignee_id": str(case.assignee_id) if case.assignee_id else None,
        "unit_code": case.unit_code,
    }
    case.assignee_id = case.unit_code = None
    return had


def _escalate(_tx: Session, _actor: Actor | None, at: Seen, _draft: CaseMoveDraft) -> Data:
    above = at.level_path.strip("/").split("/")[-2]
    at.case.level_code = above
    return {"level_code": above, **_released(at.case)}


def _recall(_tx: Session, _actor: Actor | None, at: Seen, _draft: CaseMoveDraft) -> Data:
    return _released(at.case)


def _hand_down(_tx: Session, _actor: Actor | None, at: Seen, draft: CaseMoveDraft) -> Data:
    below = at.path.removeprefix(at.level_path).strip("/").split("/")
    if draft.region_code not in below:
        raise LevelUnknown
    own = at.path.endswith(f"/{draft.region_code}/")
    at.case.level_code = None if own else draft.region_code
    return {"level_code": draft.region_code}


def _make_safe(_tx: Session, _actor: Actor | None, at: Seen, _draft: CaseMoveDraft) -> Data:
    at.case.made_safe_at = clock.now()
    return {}


def _suspend(_tx: Session, _actor: Actor | None, at: Seen, draft: CaseMoveDraft) -> Data:
    assert draft.review_on is not None
    at.case.review_at = review_at(draft.review_on.isoformat())
    return {"review_on": draft.review_on.isoformat()}


def review_at(day: str) -> datetime:
    """The end of a business day. Raises ReviewDateInvalid unless it lies within a year from now."""
    end = clock.day_start(datetime.fromisoformat(day).date()) + timedelta(days=1)
    if not clock.now() < end <= clock.now() + LONGEST_REVIEW:
        raise ReviewDateInvalid
    return end


def _resume(_tx: Session, _actor: Actor | None, at: Seen, _draft: CaseMoveDraft) -> Data:
    at.case.review_at = None
    return {}


def _rework(_tx: Session, _actor: Actor | None, at: Seen, _draft: CaseMoveDraft) -> Data:
    at.case.rework += 1
    at.case.check_due_at = None
    return {}


def _close(tx: Session, _actor: Actor | None, at: Seen, draft: CaseMoveDraft) -> Data:
    # Asked again under the lock: a part may have been split off while this waited for it.
    if queries.has_open_children(tx, at.case.id):
        raise ChildrenOpen
    at.case.outcome = draft.outcome
    return {"outcome": draft.outcome}


def _reject(_tx: Session, _actor: Actor | None, _at: Seen, draft: CaseMoveDraft) -> Data:
    return {"reason_code": draft.reason_code}


def _reopen(_tx: Session, _actor: Actor | None, at: Seen, _draft: CaseMoveDraft) -> Data:
    was = at.case.outcome
    at.case.outcome = at.case.check_due_at = None
    # Whatever broke again must be guarded again.
    at.case.made_safe_at = at.case.safe_due_at = None
    return {"outcome": was}


_CHANGES: dict[str, Callable[[Session, Actor | None, Seen, CaseMoveDraft], Data]] = {
    "file": _file, "dispatch": _dispatch, "accept": _accept, "return": _return,
    "escalate": _escalate, "recall": _recall, "hand_down": _hand_down, "make_safe": _make_safe,
    "suspend": _suspend, "resume": _resume, "review": _resume, "rework": _rework, "close": _close,
    "reject": _reject, "reopen": _reopen,
}  # fmt: skip

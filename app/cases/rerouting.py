"""A correction (更正) of category or place: the case is routed once more, and the why is kept."""

from typing import Any

from sqlalchemy.orm import Session

from app.cases import indexing, queries
from app.cases.errors import AnotherDistrict, MoveIncomplete
from app.cases.models import Case
from app.cases.schemas import CaseMoveDraft
from app.categories import queries as categories
from app.categories import questions
from app.grids.cells import cell
from app.grids.service import GridCache, to_wgs84
from app.kit import outbox
from app.notify import service as notify
from app.regions.queries import root_of
from app.reports import service as reports
from app.routing import service as routing
from app.routing.schemas import Decision, Spot


def correct(
    tx: Session, grids: GridCache, case: Case, district: str, draft: CaseMoveDraft
) -> dict[str, Any]:
    """Changes category or place of a locked case and routes it again; the caller saves the case.

    `district` is a path within the case's district: it stays there. Raises MoveIncomplete when
    nothing is corrected, CategoryUnknown, AnswersInvalid, RegionNotFound, AnotherDistrict.
    """
    if draft.category_code is None and draft.place is None and draft.region_code is None:
        missing = {"loc": ["body", "category_code"], "code": "missing", "message": "missing"}
        raise MoveIncomplete(errors=[missing])
    was = {"region_code": case.region_code, "category_code": case.category_code}
    if draft.place is not None:
        case.lat, case.lng = to_wgs84(draft.place.lat, draft.place.lng, draft.place.crs)
        case.cell = cell(case.lat, case.lng)
    elif draft.region_code is not None:
        case.lat = case.lng = case.cell = None
    spot = Spot(
        lat=case.lat, lng=case.lng, accuracy_m=draft.place.accuracy_m if draft.place else None,
        region_code=draft.region_code or case.region_code,
        category_code=draft.category_code or case.category_code, net_code=None,
        source=case.source,  # type: ignore[arg-type]
    )  # fmt: skip
    decision = routing.decide(tx, grids, spot)
    if root_of(decision.path) != root_of(district):
        raise AnotherDistrict
    _apply(tx, case, decision, draft)
    _tell(tx, case, decision)
    routing.record(tx, case.id, "corrected", decision)
    return {"was": was, "region_code": case.region_code, "category_code": draft.category_code}


def _apply(tx: Session, case: Case, decision: Decision, draft: CaseMoveDraft) -> None:
    if draft.category_code is not None:
        terms = categories.terms(tx, draft.category_code, root_of(decision.path))
        case.hazard = terms.hazard
        # Before it is filed the category is only what is expected.
        if case.category_code is not None:
            case.category_code = terms.category_code
            case.answers = draft.answers
            questions.require(terms.questions, draft.answers or {})
    case.region_code, case.grid_code = decision.region_code, decision.grid_code
    case.net_code = decision.net_code
    if case.level_code not in decision.path.split("/"):
        # Until it is filed, whoever is nearest looks at it; then its own level handles it. A level
        # to which it was handed up stays.
        case.level_code = decision.level_code if case.status == "filed" else None
    case.routing, case.rerouted = decision.explained, True
    indexing.reindex(tx, [(case, decision.path)])


def _tell(tx: Session, case: Case, decision: Decision) -> None:
    """Whoever has it now hears of it, and every reporter sees the grid it is in."""
    reports.push_down(tx, queries.report_ids(tx, case.id), grid_code=case.grid_code)
    for person_id in decision.person_ids[:1]:
        notify.tell(tx, person_id, "case.given", f"{case.number}/2", number=case.number)
    outbox.enqueue(tx, "case.opened", case_id=case.id)

"""A correction (更正) of category or place: the case is routed once more, and the why is kept."""

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.cases import opening
from app.cases.errors import MoveIncomplete
from app.cases.models import Case, CaseScope, CaseText
from app.cases.schemas import CaseMoveDraft
from app.categories import queries as categories
from app.grids.cells import cell
from app.grids.service import GridCache, to_wgs84
from app.regions.queries import root_of
from app.routing import service as routing
from app.routing.schemas import Decision, Spot


def correct(tx: Session, grids: GridCache, case: Case, draft: CaseMoveDraft) -> dict[str, Any]:
    """Changes category or place of a locked case and routes it again; the caller saves the case.

    Raises MoveIncomplete when nothing is corrected, CategoryUnknown, RegionNotFound.
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
    _apply(tx, case, decision, draft.category_code)
    routing.record(tx, case.id, "corrected", decision)
    return {"was": was, "region_code": case.region_code, "category_code": draft.category_code}


def _apply(tx: Session, case: Case, decision: Decision, category_code: str | None) -> None:
    if category_code is not None:
        terms = categories.terms(tx, category_code, root_of(decision.path))
        case.hazard = terms.hazard
        # Before it is filed the category is only what is expected.
        if case.category_code is not None:
            case.category_code = terms.category_code
    case.region_code, case.grid_code = decision.region_code, decision.grid_code
    case.net_code = decision.net_code
    if case.level_code not in decision.path.split("/"):
        # Until it is filed, whoever is nearest looks at it; then its own level handles it. A level
        # to which it was handed up stays.
        case.level_code = decision.level_code if case.status == "filed" else None
    case.routing, case.rerouted = decision.explained, True
    tx.execute(delete(CaseScope).where(CaseScope.case_id == case.id))
    tx.execute(delete(CaseText).where(CaseText.case_id == case.id))
    opening.index(tx, case, decision.path)

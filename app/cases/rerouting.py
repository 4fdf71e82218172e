"""Routed once more: by a correction (更正), or because it is filed as another category (立案)."""

from dataclasses import replace
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
from app.kit.fields import field_error
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
        raise MoveIncomplete(fields=[field_error("missing", "category_code")])
    was = {"region_code": case.region_code, "category_code": case.category_code}
    if draft.place is not None:
        case.lat, case.lng = to_wgs84(draft.place.lat, draft.place.lng, draft.place.crs)
        case.cell = cell(case.lat, case.lng)
    elif draft.region_code is not None:
        case.lat = case.lng = case.cell = None
    spot = _spot(case, draft.category_code or case.category_code or _expected(case))
    if draft.place is not None or draft.region_code is not None:
        accuracy_m = draft.place.accuracy_m if draft.place else None
        region_code = draft.region_code or case.region_code
        spot = replace(spot, accuracy_m=accuracy_m, region_code=region_code)
    decision = _decide(tx, grids, spot, district)
    if draft.category_code is not None:
        _recategorize(tx, case, decision, draft)
    # Until it is filed, whoever is nearest looks at it; then its own level handles it.
    _go(tx, case, decision, decision.level_code if case.status == "filed" else None)
    case.rerouted = True
    _tell(tx, case, decision, 2)
    routing.record(tx, case.id, "corrected", decision)
    return {"was": was, "region_code": case.region_code, "category_code": draft.category_code}


def file(tx: Session, grids: GridCache, case: Case, district: str) -> dict[str, Any]:
    """Routes a locked case again that was just filed as another category than it was routed by.

    The same spot is asked for; the one correction that a case has is not used up. The caller saves
    the case. Raises AnotherDistrict.
    """
    before, was = _expected(case), case.routing
    if before == case.category_code:
        return {}
    decision = _decide(tx, grids, _spot(case, case.category_code), district)
    _go(tx, case, decision, decision.level_code)
    # The same post was told when the case was opened.
    if any(case.routing[name] != was[name] for name in ("post", "unit")):
        _tell(tx, case, decision, 3)
    routing.record(tx, case.id, "filed", decision)
    return {"expected": before, "region_code": case.region_code}


def _expected(case: Case) -> str | None:
    """The category that a case was routed by, as its explanation says: that costs no statement.

    Where it says nothing, it is the case's own, so that older cases stay where they are.
    """
    code: str | None = case.routing.get("category_code", case.category_code)
    return code


def _spot(case: Case, category_code: str | None) -> Spot:
    return Spot(
        lat=case.lat, lng=case.lng, accuracy_m=case.routing.get("accuracy_m"),
        region_code=case.region_code, category_code=category_code, net_code=None,
        source=case.source,  # type: ignore[arg-type]
    )  # fmt: skip


def _decide(tx: Session, grids: GridCache, spot: Spot, district: str) -> Decision:
    decision = routing.decide(tx, grids, spot)
    if root_of(decision.path) != root_of(district):
        raise AnotherDistrict
    return decision


def _recategorize(tx: Session, case: Case, decision: Decision, draft: CaseMoveDraft) -> None:
    terms = categories.terms(tx, draft.category_code or "", root_of(decision.path))
    case.hazard = terms.hazard
    # Before it is filed the category is only what is expected.
    if case.category_code is not None:
        case.category_code = terms.category_code
        case.answers = draft.answers
        questions.require(terms.questions, draft.answers or {})


def _go(tx: Session, case: Case, decision: Decision, level: str | None) -> None:
    before = case.region_code, case.grid_code
    case.region_code, case.grid_code = decision.region_code, decision.grid_code
    case.net_code, case.routing = decision.net_code, decision.explained
    # A level to which it was handed up stays.
    if case.level_code not in decision.path.split("/"):
        case.level_code = level
    if before == (case.region_code, case.grid_code):
        return
    indexing.reindex(tx, [(case, decision.path)])
    # Every reporter sees the grid it is in, and its groups hear of it.
    reports.push_down(tx, queries.report_ids(tx, case.id), grid_code=case.grid_code)
    outbox.enqueue(tx, "case.opened", case_id=case.id)


def _tell(tx: Session, case: Case, decision: Decision, time: int) -> None:
    """Whoever could be given it now hears of it; `time` tells this from the times before."""
    for person_id in decision.told:
        notify.tell(tx, person_id, "case.given", f"{case.number}/{time}", number=case.number)

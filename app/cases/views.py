"""How a case is shown: its schema, with the moves that this caller may make now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.cases import queries, workflow
from app.cases.models import Case
from app.cases.schemas import CaseBrief, CaseOut, ChoiceOfReason, MoveOffer
from app.cases.workflow import Move, Situation
from app.identity.access import Actor
from app.kit import clock
from app.kit.page import Page, Slice
from app.media.schemas import PlaceOut
from app.media.views import Signer, photos_out
from app.reports.queries import photos_of


def case_out(tx: Session, actor: Actor, row: Row[Any], signer: Signer) -> CaseOut:
    """One case in full."""
    case: Case = row.Case
    at = queries.situations(tx, actor, [row])[case.id]
    reports = queries.report_ids(tx, case.id)
    before = photos_of(tx, reports, signer)
    return CaseOut(
        **_brief(row, at, clock.now()),
        routing=case.routing,
        clock_rule=case.clock_rule,
        reports=len(reports),
        photos=[photo for report_id in reports for photo in before[report_id]],
        after_photos=photos_out(tx, queries.after_photo_ids(tx, case.id), signer),
    )


def queue_out(tx: Session, actor: Actor, found: Slice) -> Page[CaseBrief]:
    """A page of the staff queue."""
    at = queries.situations(tx, actor, found.rows)
    now = clock.now()
    items = [CaseBrief(**_brief(row, at[row.Case.id], now)) for row in found.rows]
    return Page(items=items, next_cursor=found.next_cursor)


def _brief(row: Row[Any], at: Situation, now: datetime) -> dict[str, Any]:
    case: Case = row.Case
    shown = {name: getattr(case, name) for name in _COPIED}
    here = case.lat is not None and case.lng is not None
    return {
        **shown,
        "grid_name": row.region_name if case.grid_code else None,
        "place": PlaceOut(lat=case.lat or 0, lng=case.lng or 0) if here else None,
        "overdue": _overdue(case, now),
        "moves": [_offer(move) for move in workflow.offered(at)],
    }


_COPIED: Sequence[str] = tuple(
    CaseBrief.model_fields.keys() - {"grid_name", "place", "overdue", "moves"}
)


def _overdue(case: Case, now: datetime) -> bool:
    if case.status in {"reported", "verifying", "filed"}:
        return case.accept_due_at < now
    running = case.status in {"dispatched", "in_progress"}
    return running and case.handle_due_at is not None and case.handle_due_at < now


def _offer(move: Move) -> MoveOffer:
    return _OFFERS[id(move)]


def _build(move: Move) -> MoveOffer:
    return MoveOffer.model_validate(
        {
            "move": move.name,
            "label": move.label.zh,
            "label_en": move.label.en,
            "to": move.target,
            "required": list(move.required),
            "optional": list(move.optional),
            "reasons": [
                ChoiceOfReason(code=code, label=words.zh, label_en=words.en)
                for code, words in move.reasons.items()
            ],
        }
    )


# The table does not change while we run, so what it offers is built once.
_OFFERS = {id(move): _build(move) for move in workflow.MOVES if move.offered}

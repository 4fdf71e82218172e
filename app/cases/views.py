"""How a case is shown: its schema, with the moves that this caller may make now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.cases import queries, workflow
from app.cases.queries import Seen
from app.cases.schemas import CaseBrief, CaseOut, ChoiceOfReason, MoveOffer
from app.cases.workflow import Move
from app.identity.access import Actor
from app.kit import clock
from app.kit.page import Page, Slice
from app.media.schemas import PlaceOut
from app.media.views import Signer, photo_out


def case_out(tx: Session, actor: Actor, at: Seen, signer: Signer) -> CaseOut:
    """One case in full."""
    case = at.case
    before = queries.before_photos(tx, case.id)
    return CaseOut(
        **_brief(actor, at, clock.now()),
        routing=case.routing,
        clock_rule=case.clock_rule,
        # Every report has a photo, so the photos name all of them.
        reports=len({photo.report_id for photo in before}),
        photos=[photo_out(photo, signer) for photo in before],
        after_photos=[photo_out(p, signer) for p in queries.after_photos(tx, case.id)],
    )


def queue_out(actor: Actor, found: Slice) -> Page[CaseBrief]:
    """A page of the staff queue."""
    now = clock.now()
    items = [CaseBrief(**_brief(actor, queries.seen(row), now)) for row in found.rows]
    return Page(items=items, next_cursor=found.next_cursor)


def _brief(actor: Actor, at: Seen, now: datetime) -> dict[str, Any]:
    case = at.case
    shown = {name: getattr(case, name) for name in _COPIED}
    here = case.lat is not None and case.lng is not None
    return {
        **shown,
        "grid_name": at.region_name if case.grid_code else None,
        "place": PlaceOut(lat=case.lat, lng=case.lng) if here else None,
        "overdue": _overdue(case, now),
        "moves": [_OFFERS[id(move)] for move in workflow.offered(at.situation(actor))],
    }


_COPIED: Sequence[str] = tuple(
    CaseBrief.model_fields.keys() - {"grid_name", "place", "overdue", "moves"}
)


def _overdue(case: Any, now: datetime) -> bool:
    if case.status in {"reported", "verifying", "filed"}:
        return bool(case.accept_due_at < now)
    running = case.status in {"dispatched", "in_progress"}
    return running and case.handle_due_at is not None and case.handle_due_at < now


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

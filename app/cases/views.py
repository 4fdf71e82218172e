"""How a case is shown: its schema, with the moves that this caller may make now."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from app.cases import photos, queries, workflow
from app.cases.schemas import (
    AssigneeList,
    AssigneeOut,
    CaseBrief,
    CaseOut,
    ChoiceOfReason,
    MoveOffer,
)  # fmt: skip
from app.cases.seen import Seen
from app.cases.workflow import Move
from app.grids.service import GridCache
from app.identity.access import Actor
from app.kit import clock
from app.media.schemas import PlaceOut
from app.media.views import Signer, photo_out, visible
from app.routing import plan
from app.routing.schemas import Spot


def case_out(tx: Session, actor: Actor, at: Seen, signer: Signer) -> CaseOut:
    """One case in full."""
    case = at.case
    before = photos.before(tx, case)
    return CaseOut(
        **brief(actor, at, clock.now()),
        routing=case.routing,
        clock_rule=case.clock_rule,
        answers=case.answers,
        # Every report has a photo, so the photos name all of them.
        reports=len({photo.report_id for photo in before} - {None}),
        photos=[photo_out(photo, signer) for photo in visible(before)],
        after_photos=[photo_out(p, signer) for p in photos.after(tx, case.id)],
    )


def assignees_out(tx: Session, grids: GridCache, at: Seen) -> AssigneeList:
    """Who can be given a case: whom routing would ask now, best first, then the nearest post.

    Asked anew, at the level that has the case: who is on duty is another now than when it came.
    """
    case = at.case
    spot = Spot(
        lat=None, lng=None, accuracy_m=None, region_code=case.region_code,
        # Until it is filed, what the reporter chose says most.
        category_code=case.category_code or case.routing.get("category_code"),
        net_code=case.net_code, source=case.source,
        level_code=at.level_path.strip("/").rpartition("/")[2],
    )  # fmt: skip
    decision = plan.make(tx, grids, spot, clock.now())
    best = {person_id: n for n, person_id in enumerate(decision.person_ids)}
    people = queries.assignees(tx, at.path)
    return AssigneeList(
        unit_code=decision.unit_code,
        items=[
            AssigneeOut(
                id=p.id, name=p.name, role=p.role, region_code=p.region_code, proposed=p.id in best
            )
            for p in sorted(people, key=lambda p: best.get(p.id, len(best)))
        ],
    )


def brief(actor: Actor, at: Seen, now: datetime) -> dict[str, Any]:
    """What a list says of a case, as the fields of CaseBrief."""
    case = at.case
    shown = {name: getattr(case, name) for name in _COPIED}
    here = case.lat is not None and case.lng is not None
    return {
        **shown,
        "grid_name": at.region_name if case.grid_code else None,
        "place": PlaceOut(lat=case.lat, lng=case.lng) if here else None,
        "overdue": case.due_at is not None and case.due_at < now,
        "moves": [_offer(move, case.status) for move in workflow.offered(at.situation(actor))],
    }


_COPIED: Sequence[str] = tuple(
    CaseBrief.model_fields.keys() - {"grid_name", "place", "overdue", "moves"}
)


def _offer(move: Move, status: str) -> MoveOffer:
    # The table does not change while we run, so what it offers is built once for each status.
    return _built(_PLACES[id(move)], status)


@cache
def _built(place: int, status: str) -> MoveOffer:
    move = workflow.MOVES[place]
    return MoveOffer.model_validate(
        {
            "move": move.name,
            "label": move.label.zh,
            "label_en": move.label.en,
            "to": move.target or status,
            "required": list(move.required),
            "one_of": list(move.one_of),
            "optional": list(move.optional),
            "reasons": [
                ChoiceOfReason(code=code, label=words.zh, label_en=words.en)
                for code, words in move.reasons.items()
            ],
        }
    )


_PLACES = {id(move): place for place, move in enumerate(workflow.MOVES)}

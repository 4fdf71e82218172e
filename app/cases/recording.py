"""Writing down a move: its row, its entry of the history, and what it changed of the case."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from app.cases import history, indexing
from app.cases.models import Case, CaseMove
from app.cases.schemas import CaseMoveDraft
from app.cases.workflow import ENDED, Move
from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.columns import IdType
from app.kit.db import core, insert_row
from app.kit.errors import Stale
from app.kit.ids import new_id


def record(
    tx: Session, actor: Actor | None, case: Case, made: Move, draft: CaseMoveDraft, before: str,
    data: dict[str, Any],
) -> UUID:  # fmt: skip
    """One row for the move, one entry of the history, the case as the move left it.

    `before` is the status before it; the case's version becomes the move's number. Raises Stale.
    """
    move_id, now, actor_id = new_id(), clock.now(), actor.person_id if actor else None
    case.version, case.updated_at = case.version + 1, now
    told = {"move": made.name, "version": case.version, "from": before, "to": case.status, **data}
    history.add(
        tx, case, "move", actor_id=actor_id, note=draft.note, public_note=draft.public_note,
        data=told,
    )  # fmt: skip
    _save(tx, case, before)
    insert_row(
        tx, CaseMove, id=move_id, case_id=case.id, version=case.version, move=made.name,
        from_status=before, to_status=case.status, actor_id=actor_id, note=draft.note,
        public_note=draft.public_note, data=data, created_at=now,
    )  # fmt: skip
    actions.record(tx, actor_id, f"case.{made.name}", "case", case.id, version=case.version)
    return move_id


# What a move may change of a case.
_CHANGING = (
    "status", "version", "category_code", "net_code", "hazard", "answers", "assignee_id",
    "unit_code", "level_code", "outcome", "rework", "returns", "round", "merged_into", "review_at",
    "made_safe_at", "rerouted", "region_code", "grid_code", "routing", "lat", "lng", "cell",
    "accept_due_at", "safe_due_at", "handle_due_at", "check_due_at", "due_at", "warn_at",
    "clock_rule", "entries", "chain", "updated_at",
)  # fmt: skip
_SAVE = (
    update(Case.__table__)  # type: ignore[arg-type]
    .where(Case.id == bindparam("this", type_=IdType()), Case.version == bindparam("before"))
    .values({name: bindparam(name) for name in _CHANGING})
)


def _save(tx: Session, case: Case, before: str) -> None:
    """Writes a changed case; the row lock and the version it was read with let one mover win."""
    values = {name: getattr(case, name) for name in _CHANGING}
    given = {**values, "this": case.id, "before": case.version - 1}
    if core(tx).execute(_SAVE, given).rowcount != 1:
        raise Stale
    indexing.keep(tx, case.id)
    if (before in ENDED) != (case.status in ENDED):
        indexing.keep_open(tx, case.id, is_open=case.status not in ENDED)

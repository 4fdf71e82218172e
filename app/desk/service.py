"""Writes of the desk: bulk dispatch, and one's own saved filters."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases import service as cases
from app.cases.schemas import CaseMoveDraft
from app.cases.service import Means
from app.desk import queries, views
from app.desk.errors import FiltersFull
from app.desk.models import SavedFilter
from app.desk.schemas import (
    DispatchDraft,
    DispatchedOut,
    DispatchItem,
    DispatchOut,
    SavedFilterDraft,
    SavedFilterList,
    SavedFilterOut,
)  # fmt: skip
from app.identity.access import Actor
from app.identity.models import Person
from app.kit import actions, clock
from app.kit.errors import AppError
from app.kit.ids import new_id

MOST_FILTERS = 30


def dispatch(tx: Session, actor: Actor, draft: DispatchDraft, means: Means) -> DispatchOut:
    """Gives every case to the same person or unit; a refusal concerns its own case only."""
    done: dict[UUID, DispatchedOut] = {}
    # In the order of their ids, so that two who want the same cases wait and never deadlock.
    for item in sorted(draft.items, key=lambda item: item.case_id):
        done[item.case_id] = _dispatch(tx, actor, item, draft, means)
    items = [done[item.case_id] for item in draft.items]
    return DispatchOut(dispatched=sum(item.ok for item in items), items=items)


def _dispatch(
    tx: Session, actor: Actor, item: DispatchItem, draft: DispatchDraft, means: Means
) -> DispatchedOut:
    move = CaseMoveDraft(
        move="dispatch", assignee_id=draft.assignee_id, unit_code=draft.unit_code,
        note=draft.note, public_note=draft.public_note,
    )  # fmt: skip
    try:
        # Each has a savepoint: what a refused case began is undone, what the others did stays.
        with tx.begin_nested():
            after = cases.move(tx, actor, item.case_id, move, item.version, means)
    except AppError as error:
        return DispatchedOut(
            case_id=item.case_id, ok=False, version=None, code=error.code,
            title=error.title.zh, title_en=error.title.en,
        )  # fmt: skip
    return DispatchedOut(
        case_id=item.case_id, ok=True, version=after.case.version, code=None, title=None,
        title_en=None,
    )  # fmt: skip


def save_filter(tx: Session, actor: Actor, name: str, draft: SavedFilterDraft) -> SavedFilterOut:
    """Saves a filter under a name of one's own, in the place of the one before. FiltersFull."""
    # Two at once of the same person wait here, so that the cap and the name hold.
    tx.execute(
        select(Person.id).where(Person.id == actor.person_id).with_for_update(key_share=True)
    )
    saved = queries.find_saved(tx, actor, name)
    if saved is None:
        own = SavedFilter.person_id == actor.person_id
        amount, last = tx.execute(
            select(func.count(), func.coalesce(func.max(SavedFilter.position), 0)).where(own)
        ).one()
        if amount >= MOST_FILTERS:
            raise FiltersFull
        saved = SavedFilter(
            id=new_id(), person_id=actor.person_id, name=name, position=last + 1,
            created_at=clock.now(),
        )  # fmt: skip
        tx.add(saved)
    saved.filters = draft.filters.model_dump(mode="json")
    saved.position = draft.position or saved.position
    tx.flush()
    actions.record(tx, actor.person_id, "filter.saved", "filter", saved.id)
    return views.saved_out(saved)


def delete_filter(tx: Session, actor: Actor, name: str) -> SavedFilterList:
    """Deletes one of one's own filters and gives those that are left. Raises FilterNotFound."""
    saved = queries.get_saved(tx, actor, name)
    tx.delete(saved)
    tx.flush()
    actions.record(tx, actor.person_id, "filter.deleted", "filter", saved.id)
    return views.saved_list(tx, actor)

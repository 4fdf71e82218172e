"""How the queue and saved filters are shown."""

from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.cases.schemas import CaseBrief
from app.cases.views import brief
from app.desk import queries
from app.desk.models import SavedFilter
from app.desk.schemas import FiltersDraft, FiltersOut, SavedFilterList, SavedFilterOut
from app.identity.access import Actor
from app.kit import clock
from app.kit.page import Page, Slice


def queue_out(actor: Actor, found: Slice) -> Page[CaseBrief]:
    """A page of the staff queue."""
    now = clock.now()
    items = [CaseBrief(**brief(actor, cases.seen(row), now)) for row in found.rows]
    return Page(items=items, next_cursor=found.next_cursor)


def saved_out(saved: SavedFilter) -> SavedFilterOut:
    # As it would be saved now: what it was saved without does not narrow.
    filters = FiltersOut.model_validate(FiltersDraft.model_validate(saved.filters))
    return SavedFilterOut(name=saved.name, position=saved.position, filters=filters)


def saved_list(tx: Session, actor: Actor) -> SavedFilterList:
    """The actor's own, in their order."""
    return SavedFilterList(items=[saved_out(saved) for saved in queries.saved(tx, actor)])

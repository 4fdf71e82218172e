"""How saved filters are shown."""

from sqlalchemy.orm import Session

from app.desk import queries
from app.desk.models import SavedFilter
from app.desk.schemas import FiltersDraft, FiltersOut, SavedFilterList, SavedFilterOut
from app.identity.access import Actor


def saved_out(saved: SavedFilter) -> SavedFilterOut:
    # As it would be saved now: what it was saved without does not narrow.
    filters = FiltersOut.model_validate(FiltersDraft.model_validate(saved.filters))
    return SavedFilterOut(name=saved.name, position=saved.position, filters=filters)


def saved_list(tx: Session, actor: Actor) -> SavedFilterList:
    """The actor's own, in their order."""
    return SavedFilterList(items=[saved_out(saved) for saved in queries.saved(tx, actor)])

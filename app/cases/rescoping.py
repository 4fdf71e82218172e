"""Puts cases under the regions that stand above them now, after a region has moved in the tree."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import indexing
from app.cases.models import Case
from app.kit import outbox
from app.regions.models import Region
from app.regions.queries import get_region, under

# So many at a time: whoever moves one of these cases meanwhile waits for a moment only.
BATCH = 200


def rescope(tx: Session, code: str, after: UUID | None) -> None:
    """Indexes the cases of a region's subtree anew, after the case with this id, in their order.

    Asks for a job of its own for the rest of them. Again is no harm. Raises RegionNotFound.
    """
    query = (
        select(Case, Region.path)
        .join(Region, Region.code == Case.region_code)
        .where(under(Region.path, get_region(tx, code).path))
        .order_by(Case.id)
        .limit(BATCH)
        # As every move does; a case changes its status here and in the index together.
        .with_for_update(of=Case, key_share=True)
    )
    if after is not None:
        query = query.where(Case.id > after)
    rows = [(case, path) for case, path in tx.execute(query)]
    indexing.reindex(tx, rows)
    if len(rows) == BATCH:
        outbox.enqueue(tx, "regions.moved", code=code, after=rows[-1][0].id)

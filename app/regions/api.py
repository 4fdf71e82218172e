"""The region tree over HTTP: public, so that a reporter without GPS can choose a place."""

from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.regions import queries
from app.regions.errors import RegionNotFound
from app.regions.schemas import RegionList, RegionOut

router = Router(prefix="/v1/regions", tags=["regions 区域"])


@router.get("")
@in_transaction
def list_regions(
    tx: Session, parent: Annotated[Code | None, Query(description="Code; roots when absent")] = None
) -> RegionList:
    """The regions right below a parent."""
    rows = queries.children(tx, parent)
    return RegionList(items=[RegionOut.model_validate(r) for r in rows])


@router.get("/{code}", responses=raises(RegionNotFound))
@in_transaction
def get_region(tx: Session, code: Code) -> RegionOut:
    """One region."""
    return RegionOut.model_validate(queries.get_region(tx, code))

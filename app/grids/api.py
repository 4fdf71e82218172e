"""Which grid owns a spot, and what a grid is."""

from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from app.grids import queries, service
from app.grids.errors import GridNotFound
from app.grids.schemas import Crs, GridOut, LocationOut
from app.grids.service import Grids
from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Latitude, Longitude

router = Router(prefix="/v1/grids", tags=["grids 网格"])


@router.get("/locate")
@in_transaction
def locate(
    tx: Session,
    grids: Grids,
    lat: Annotated[Latitude, Query(examples=[30.205552])],
    lng: Annotated[Longitude, Query(examples=[105.841065])],
    crs: Annotated[Crs, Query(description="Which system the pair is in; there is no default")],
    accuracy_m: Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False)] = 0,
) -> LocationOut:
    """The grid that owns a spot, with neighbours inside the accuracy circle."""
    wgs84 = service.to_wgs84(lat, lng, crs)
    return service.location_out(tx, service.locate(tx, grids, *wgs84, accuracy_m))


@router.get("/{code}", responses=raises(GridNotFound))
@in_transaction
def get_grid(tx: Session, code: Code) -> GridOut:
    """One grid."""
    return queries.get_grid(tx, code)

"""The grid index of this process, and the import that replaces it."""

import threading
from collections.abc import Sequence
from typing import Annotated

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.grids import gcj02, queries
from app.grids.imports import GridDraft
from app.grids.locate import GridIndex, GridShape, Hit
from app.grids.models import Grid, GridVersion
from app.grids.schemas import CandidateOut, Crs, LocationOut
from app.kit import actions, clock
from app.kit.marks import FromApp
from app.regions import service as regions
from app.regions.schemas import RegionDraft


class GridCache:
    """The index in memory; it is built again when the version in the database has grown."""

    def __init__(self) -> None:
        self._index = GridIndex([], 0)
        self._guard = threading.Lock()

    @property
    def latest(self) -> GridIndex:
        """The index as it was last built here; `version` says whether the map is another by now."""
        return self._index

    def current(self, tx: Session) -> GridIndex:
        """The index of the grids that this transaction sees: one small read, seldom a rebuild."""
        wanted = queries.version(tx)
        if self._index.version != wanted:
            with self._guard:
                if self._index.version != wanted:
                    shapes = [GridShape(code, wkb) for code, wkb in queries.shapes(tx)]
                    self._index = GridIndex(shapes, wanted)
        return self._index


# What an endpoint takes as its map.
Grids = Annotated[GridCache, FromApp("grids")]


def to_wgs84(lat: float, lng: float, crs: Crs) -> tuple[float, float]:
    """A raw pair as WGS-84, unrounded: rounding before locating would move border points."""
    return gcj02.to_wgs84(lat, lng) if crs == "gcj02" else (lat, lng)


def locate(tx: Session, grids: GridCache, lat: float, lng: float, accuracy_m: float) -> Hit:
    """The grid that owns a WGS-84 spot, and its neighbours within `accuracy_m` metres."""
    return grids.current(tx).locate(lat, lng, accuracy_m)


def location_out(tx: Session, hit: Hit) -> LocationOut:
    names = queries.names(tx, [c.code for c in hit.candidates] + [hit.grid or ""])
    return LocationOut(
        grid=hit.grid,
        name=names.get(hit.grid or ""),
        on_border=hit.on_border,
        border_m=None if hit.border_m is None else round(hit.border_m, 1),
        candidates=[
            CandidateOut(code=c.code, name=names[c.code], distance_m=round(c.distance_m, 1))
            for c in hit.candidates
        ],
    )


def import_grids(tx: Session, drafts: Sequence[GridDraft]) -> int:
    """Adds or reshapes checked grids, each as a region too, and raises the version of the set.

    Says how many were written. Grids that the file does not name stay as they are.
    """
    regions.import_regions(
        tx,
        [
            RegionDraft(d.code, d.name, d.name, d.level, "网格", d.parent)
            for d in sorted(drafts, key=lambda d: (d.level, d.code))
        ],
    )
    known = {grid.code: grid for grid in tx.scalars(select(Grid))}
    for draft in drafts:
        grid = known.get(draft.code) or Grid(code=draft.code)
        grid.net, grid.shape, grid.updated_at = draft.net, draft.wkb, clock.now()
        tx.add(grid)
    tx.flush()
    if queries.version(tx) == 0:
        tx.execute(insert(GridVersion).values(id=1, version=1))
    else:
        tx.execute(update(GridVersion).values(version=GridVersion.version + 1))
    actions.record(tx, None, "grids.imported", "grids", "all", count=len(drafts))
    return len(drafts)

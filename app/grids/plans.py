"""What importing grids would change, grid by grid, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any, Literal

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.grids.imports import METRES_PER_DEGREE, GridDraft
from app.grids.models import Grid
from app.regions.models import Region

# A ring that starts elsewhere or runs the other way round is the same border; so is a rounding.
SAME_M2 = 0.1


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one grid; areas in m², on a plane at its own latitude (0.5 %).

    `area_change_m2` is how much larger it becomes (negative: smaller), `redrawn_m2` how much land
    it gains and loses together; a grid that only wanders keeps its area.
    """

    code: str
    kind: Literal["added", "reshaped", "changed", "unchanged"]
    area_m2: float
    area_change_m2: float = 0.0
    redrawn_m2: float = 0.0


def plan(tx: Session, drafts: Sequence[GridDraft]) -> list[Change]:
    """What importing these checked drafts would do; nothing is written.

    Grids that the file leaves out stay as they are. `changed` is a name, parent, level or net.
    """
    known = {row.code: row for row in stored(tx)}
    return [_change(known.get(draft.code), draft) for draft in drafts]


def stored(tx: Session) -> Sequence[Any]:
    """Rows of code, name, level, parent, net and shape (WKB) of every grid, by code."""
    query = select(
        Grid.code, Region.name, Region.level, Region.parent_code.label("parent"), Grid.net,
        Grid.shape,
    )  # fmt: skip
    return tx.execute(query.join(Region, Region.code == Grid.code).order_by(Grid.code)).all()


def _change(old: Any, draft: GridDraft) -> Change:
    new = _on_plane(draft.shape)
    if old is None:
        return Change(draft.code, "added", new.area, new.area)
    before = _on_plane(shapely.from_wkb(old.shape))
    redrawn = 0.0 if before.equals(new) else shapely.symmetric_difference(before, new).area
    words = (old.name, old.level, old.parent, old.net)
    if redrawn > SAME_M2:
        return Change(draft.code, "reshaped", new.area, new.area - before.area, redrawn)
    same = words == (draft.name, draft.level, draft.parent, draft.net)
    return Change(draft.code, "unchanged" if same else "changed", new.area)


def _on_plane(shape: Any) -> Any:
    _, south, _, north = shape.bounds
    scale = np.array([cos(radians((south + north) / 2)), 1.0]) * METRES_PER_DEGREE
    return shapely.transform(shape, lambda lng_lat: lng_lat * scale)

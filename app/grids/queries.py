"""Reads of grids."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.grids.errors import GridNotFound
from app.grids.models import Grid, GridVersion
from app.grids.schemas import GridOut
from app.kit.db import core
from app.regions.models import Region

# Built once: every routing asks whether the map has changed.
_VERSION = select(GridVersion.version)


def version(tx: Session) -> int:
    """The version of the whole set; 0 before the first import."""
    return core(tx).execute(_VERSION).scalar() or 0


def shapes(tx: Session) -> list[tuple[str, bytes]]:
    """Code and WKB of every grid, in the order of the codes."""
    rows = tx.execute(select(Grid.code, Grid.shape).order_by(Grid.code))
    return [(row.code, row.shape) for row in rows]


def get_grid(tx: Session, code: str) -> GridOut:
    """Raises GridNotFound."""
    query = select(Grid.code, Region.name, Region.parent_code, Grid.net).join(
        Region, Region.code == Grid.code
    )
    row = tx.execute(query.where(Grid.code == code)).first()
    if row is None:
        raise GridNotFound
    return GridOut.model_validate(row)


def names(tx: Session, codes: list[str]) -> dict[str, str]:
    rows = tx.execute(select(Region.code, Region.name).where(Region.code.in_(codes)))
    return {row.code: row.name for row in rows}

"""The region tree as rows of a file that the import reads again."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.regions import imports
from app.regions.models import Region


def rows(tx: Session) -> Iterator[dict[str, Any]]:
    """Every region, grids too (their borders have a file of their own), parents first."""
    query = select(Region).order_by(Region.level, Region.code)
    return (asdict(draft) for draft in imports.drafts_of(tx.scalars(query)))

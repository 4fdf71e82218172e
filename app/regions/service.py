"""Writes to the region tree."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import clock
from app.regions.errors import RegionNotFound
from app.regions.models import Region
from app.regions.schemas import RegionDraft


def import_regions(tx: Session, drafts: Iterable[RegionDraft]) -> int:
    """Adds or renames regions, parents first, and says how many changed.

    A region that moved below another parent takes everything below it along, grids too. Raises
    RegionNotFound for an absent parent.
    """
    known = {region.code: region for region in tx.scalars(select(Region))}
    changed = 0
    for draft in drafts:
        parent = known.get(draft.parent) if draft.parent else None
        if draft.parent is not None and parent is None:
            raise RegionNotFound
        path = f"{parent.path if parent else '/'}{draft.code}/"
        values = {
            "parent_code": draft.parent, "path": path, "level": draft.level, "kind": draft.kind,
            "name": draft.name, "official_name": draft.official_name,
        }  # fmt: skip
        if draft.code not in known:
            known[draft.code] = Region(code=draft.code)
            tx.add(known[draft.code])
        elif known[draft.code].path != path:
            # Its new parent may be new itself, and a flush writes changes before additions.
            tx.flush()
            _move_below(known, known[draft.code].path, path)
        changed += _put(known[draft.code], values)
    tx.flush()
    return changed


def _move_below(known: dict[str, Region], old: str, new: str) -> None:
    """Moves all that lies below a region along with it: roles and cases follow the paths."""
    for region in known.values():
        if region.path and region.path.startswith(old) and region.path != old:
            region.path = new + region.path.removeprefix(old)
            region.updated_at = clock.now()


def _put(region: Region, values: dict[str, Any]) -> bool:
    different = {key: value for key, value in values.items() if getattr(region, key) != value}
    for key, value in different.items():
        setattr(region, key, value)
    if different:
        region.updated_at = clock.now()
    return bool(different)

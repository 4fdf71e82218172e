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

    A region that moved below another parent takes its own new path; its children follow when the
    file lists them, which a whole-district file does. Raises RegionNotFound for an absent parent.
    """
    known = {region.code: region for region in tx.scalars(select(Region))}
    changed = 0
    for draft in drafts:
        parent = known.get(draft.parent) if draft.parent else None
        if draft.parent is not None and parent is None:
            raise RegionNotFound
        values = {
            "parent_code": draft.parent, "path": f"{parent.path if parent else '/'}{draft.code}/",
            "level": draft.level, "kind": draft.kind, "name": draft.name,
            "official_name": draft.official_name,
        }  # fmt: skip
        if draft.code not in known:
            known[draft.code] = Region(code=draft.code)
            tx.add(known[draft.code])
        changed += _put(known[draft.code], values)
    tx.flush()
    return changed


def _put(region: Region, values: dict[str, Any]) -> bool:
    different = {key: value for key, value in values.items() if getattr(region, key) != value}
    for key, value in different.items():
        setattr(region, key, value)
    if different:
        region.updated_at = clock.now()
    return bool(different)

"""Writes to the region tree."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.kit import clock
from app.regions import queries
from app.regions.errors import RegionNotFound
from app.regions.models import Region
from app.regions.schemas import RegionDraft


def import_regions(tx: Session, drafts: Iterable[RegionDraft]) -> int:
    """Adds or renames regions, parents first, and says how many changed.

    A region that moved below another parent takes its own new path; its children follow when the
    file lists them, which a whole-district file does. Raises RegionNotFound for an absent parent.
    """
    paths = queries.all_paths(tx)
    changed = 0
    for draft in drafts:
        if draft.parent is not None and draft.parent not in paths:
            raise RegionNotFound
        path = f"{paths[draft.parent] if draft.parent else '/'}{draft.code}/"
        paths[draft.code] = path
        changed += _put(tx, draft, path)
    tx.flush()
    return changed


def _put(tx: Session, draft: RegionDraft, path: str) -> bool:
    values = {
        "parent_code": draft.parent, "path": path, "level": draft.level, "kind": draft.kind,
        "name": draft.name, "official_name": draft.official_name,
    }  # fmt: skip
    region = tx.get(Region, draft.code)
    if region is None:
        tx.add(Region(code=draft.code, updated_at=clock.now(), **values))
        return True
    different = {key: value for key, value in values.items() if getattr(region, key) != value}
    for key, value in different.items():
        setattr(region, key, value)
    if different:
        region.updated_at = clock.now()
    return bool(different)

"""Writes to the region tree."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.kit import clock, outbox
from app.regions.errors import MemberOutside, RegionNotFound, RegionUnknown
from app.regions.models import Grouping, GroupingRegion, Region
from app.regions.schemas import GroupingDraft, RegionDraft


def import_regions(tx: Session, drafts: Iterable[RegionDraft]) -> int:
    """Adds or renames regions, parents first, and says how many changed.

    A region that moved below another parent takes everything below it along, grids too. Raises
    RegionNotFound for an absent parent. The worker gets a job for each region that moved, because
    cases are kept by the regions above them.
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
            once = f"regions.moved:{draft.code}:{clock.now().isoformat()}"
            outbox.enqueue(tx, "regions.moved", unique=once, code=draft.code)
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


def put_grouping(tx: Session, code: str, draft: GroupingDraft) -> None:
    """Adds or replaces a grouping and its members.

    Raises RegionUnknown (a district or member that is nowhere), MemberOutside (of the district).
    """
    wanted = set(draft.region_codes)
    district = tx.get(Region, draft.district)
    found = list(tx.scalars(select(Region).where(Region.code.in_(wanted))))
    if district is None or len(found) != len(wanted):
        raise RegionUnknown
    if not all(region.path.startswith(district.path) for region in found):
        raise MemberOutside
    # Locked, so that who is appointed to it meanwhile waits for its new members.
    grouping = tx.get(Grouping, code, with_for_update={"key_share": True})
    if grouping is None:
        grouping = Grouping(code=code)
        tx.add(grouping)
    grouping.name, grouping.kind, grouping.district = draft.name, draft.kind, draft.district
    grouping.updated_at = clock.now()
    tx.flush()
    tx.execute(delete(GroupingRegion).where(GroupingRegion.grouping_code == code))
    tx.add_all(GroupingRegion(grouping_code=code, region_code=region) for region in sorted(wanted))
    tx.flush()

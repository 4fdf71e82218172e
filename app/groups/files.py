"""Grid groups as a file, never with their robots: its columns, and what stands in the tables."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.groups.errors import GridsApart, GridUnknown
from app.groups.models import Group, GroupGrid
from app.groups.schemas import GroupDraft
from app.kit import drafts
from app.kit.drafts import Form, Meaning, Meant, Table
from app.regions import queries as regions

FORMS: dict[str, Form] = {"members": "whole", "grid_codes": "set", "active": "flag"}
# A robot's address is a key: it goes over the API only, and is in no file.
TABLE = Table(
    GroupDraft,
    ("name", "members", "grid_codes"),
    ("id", "active"),
    FORMS,
    {GridUnknown: "grid_codes", GridsApart: "grid_codes"},
)


def current(tx: Session) -> dict[UUID, dict[str, Any]]:
    """Every group as cells, by its id."""
    grids: defaultdict[UUID, list[str]] = defaultdict(list)
    for member in tx.scalars(select(GroupGrid)):
        grids[member.group_id].append(member.region_code)
    query = select(Group.id, Group.name, Group.members, Group.active).order_by(Group.id)
    found = {}
    for group_id, *values in tx.execute(query):
        named = dict(zip(("name", "members", "active"), values, strict=True))
        found[group_id] = drafts.cells(TABLE, named | {"grid_codes": grids[group_id]})
    return found


def meant(tx: Session) -> Meaning:
    """A row means the group of its id, else the one of its name in its grids' district."""
    paths = regions.all_paths(tx)
    named: defaultdict[tuple[str | None, str], list[UUID]] = defaultdict(list)
    ids = {}
    for group_id, region_code, name in tx.execute(select(Group.id, Group.region_code, Group.name)):
        ids[str(group_id)] = group_id
        named[_district(paths, [region_code]), name].append(group_id)

    def mean(words: dict[str, Any]) -> Meant:
        given, name = str(words.pop("id", "")), str(words.get("name", ""))
        if given in ids:
            return Meant(given, ids[given])
        # An id of another installation says nothing here.
        district = _district(paths, words.get("grid_codes", []))
        same = named[district, name]
        if len(same) > 1:
            return Meant(name, None, ("id: 同名的群不止一个 several groups have this name",))
        return Meant(str(same[0]), same[0]) if same else Meant(f"{district} {name}")

    return mean


def _district(paths: dict[str, str], codes: list[str]) -> str | None:
    """The district that the first of the codes lies in."""
    path = paths.get(codes[0]) if codes else None
    return regions.root_of(path) if path is not None else None


def rows(tx: Session) -> Iterator[dict[str, Any]]:
    """The rows of a file; `TABLE` has the columns."""
    for group_id, cells in current(tx).items():
        yield {"id": str(group_id)} | cells

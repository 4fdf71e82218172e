"""Reading a region file (CSV, XLSX): what is wrong with it, and what importing it would change."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import sheets
from app.kit.schema import CONTROL
from app.kit.sheets import Sheet
from app.regions.models import Region
from app.regions.schemas import RegionDraft

CODE, LEVEL = re.compile("[0-9A-Za-z._-]{1,40}"), re.compile("[0-9]")
COLUMNS = ("code", "name", "official_name", "level", "parent", "kind")


class RegionFileInvalid(Exception):
    """The file cannot be imported; `findings` says why, line by line."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one region; `old` is None for one that is added.

    A region that moves may get a new name as well: `old` and `new` tell everything.
    """

    code: str
    kind: Literal["added", "moved", "renamed", "changed", "unchanged"]
    old: RegionDraft | None
    new: RegionDraft

    @property
    def fields(self) -> dict[str, tuple[object, object]]:
        """The words that differ, old and new."""
        old, new = asdict(self.old) if self.old else {}, asdict(self.new)
        return {key: (old.get(key), new[key]) for key in new if old.get(key) != new[key]}


def read_csv(path: Path) -> list[RegionDraft]:
    """Reads and checks a region file, CSV or XLSX, parents first. Raises RegionFileInvalid."""
    sheet = sheets.read(path, path.name)
    if sheet.findings:
        raise RegionFileInvalid(sheet.findings)
    missing = set(COLUMNS) - set(sheet.columns)
    if missing:
        raise RegionFileInvalid([f"缺少列 missing columns: {', '.join(sorted(missing))}"])
    drafts, findings = _read_rows(sheet)
    findings += check(drafts)
    if findings:
        raise RegionFileInvalid(findings)
    return sorted(drafts, key=lambda draft: (draft.level, draft.code))


def _read_rows(sheet: Sheet) -> tuple[list[RegionDraft], list[str]]:
    drafts: list[RegionDraft] = []
    findings: list[str] = []
    for number, given in sheet.numbered():
        row = {column: given[column].strip() for column in COLUMNS}
        if CONTROL.search("".join(row.values())):
            findings.append(f"第 {number} 行有控制字符 control characters are not text")
            continue
        if not (CODE.fullmatch(row["code"]) and LEVEL.fullmatch(row["level"]) and row["name"]):
            findings.append(f"第 {number} 行 code、level 或 name 无效 invalid code, level or name")
            continue
        drafts.append(
            RegionDraft(
                row["code"], row["name"], row["official_name"] or row["name"], int(row["level"]),
                row["kind"], row["parent"] or None,
            )
        )  # fmt: skip
    return drafts, findings


def check(drafts: list[RegionDraft]) -> list[str]:
    """Duplicates, unknown parents and levels that do not step down by one."""
    levels = {draft.code: draft.level for draft in drafts}
    findings = []
    if len(levels) != len(drafts):
        findings.append("有重复的 code duplicate codes")
    for draft in drafts:
        if draft.level == 0 and draft.parent is None:
            continue
        above = levels.get(draft.parent or "")
        if above is None:
            findings.append(f"{draft.code}: 上级不存在 unknown parent {draft.parent}")
        elif above >= draft.level:
            findings.append(f"{draft.code}: 级别不低于上级 not below its parent")
    return findings


def drafts_of(regions: Iterable[Region]) -> list[RegionDraft]:
    """Stored regions in the words of a file."""
    return [
        RegionDraft(r.code, r.name, r.official_name, r.level, r.kind, r.parent_code)
        for r in regions
    ]


def plan(tx: Session, drafts: Sequence[RegionDraft]) -> list[Change]:
    """What importing these drafts would do, region by region; nothing is written.

    Regions that the file leaves out stay as they are, and what lies below a moved region moves too.
    """
    known = {draft.code: draft for draft in drafts_of(tx.scalars(select(Region)))}
    return [_change(known.get(draft.code), draft) for draft in drafts]


def _change(old: RegionDraft | None, new: RegionDraft) -> Change:
    if old is None:
        return Change(new.code, "added", None, new)
    if old == new:
        return Change(new.code, "unchanged", old, new)
    if old.parent != new.parent:
        return Change(new.code, "moved", old, new)
    named = (old.name, old.official_name) != (new.name, new.official_name)
    return Change(new.code, "renamed" if named else "changed", old, new)

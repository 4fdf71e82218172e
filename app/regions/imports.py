"""Reading a region file (CSV) and saying what is wrong with it, all at once."""

import csv
from collections.abc import Iterable
from pathlib import Path

from app.regions.schemas import RegionDraft

COLUMNS = frozenset({"code", "name", "official_name", "level", "parent", "kind"})


class RegionFileInvalid(Exception):
    """The file cannot be imported; `findings` says why, line by line."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


def read_csv(path: Path) -> list[RegionDraft]:
    """Reads and checks a region file, parents first. Raises RegionFileInvalid."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = COLUMNS - set(reader.fieldnames or ())
        if missing:
            raise RegionFileInvalid([f"缺少列 missing columns: {', '.join(sorted(missing))}"])
        drafts, findings = _read_rows(reader)
    findings += check(drafts)
    if findings:
        raise RegionFileInvalid(findings)
    return sorted(drafts, key=lambda draft: (draft.level, draft.code))


def _read_rows(rows: Iterable[dict[str, str]]) -> tuple[list[RegionDraft], list[str]]:
    drafts: list[RegionDraft] = []
    findings: list[str] = []
    for number, row in enumerate(rows, start=2):
        if not (row["code"].isalnum() and row["level"].isdecimal() and row["name"].strip()):
            findings.append(f"第 {number} 行 code、level 或 name 无效 invalid code, level or name")
            continue
        drafts.append(
            RegionDraft(
                row["code"], row["name"].strip(), row["official_name"].strip() or row["name"],
                int(row["level"]), row["kind"], row["parent"] or None,
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

"""Reading a region file (CSV) and saying what is wrong with it, all at once."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from app.regions.schemas import RegionDraft

CODE, LEVEL = re.compile("[0-9A-Za-z]{1,40}"), re.compile("[0-9]")
COLUMNS = frozenset({"code", "name", "official_name", "level", "parent", "kind"})


class RegionFileInvalid(Exception):
    """The file cannot be imported; `findings` says why, line by line."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


def read_csv(path: Path) -> list[RegionDraft]:
    """Reads and checks a region file, parents first. Raises RegionFileInvalid."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RegionFileInvalid(["不是 UTF-8 文件 not a UTF-8 file"]) from error
    # A row that ends too soon has empty fields, which are found below.
    reader = csv.DictReader(text.splitlines(), restval="")
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
        if not (
            CODE.fullmatch(row["code"]) and LEVEL.fullmatch(row["level"]) and row["name"].strip()
        ):
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

"""Categories as CSV: the seed that ships with the service, and a district's own files."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.categories import queries
from app.categories.models import Category

SEED = files("app.categories") / "seed"
COLUMNS = (
    "code", "parent_code", "national_code", "kind", "name", "name_en", "hazard", "clock",
    "accept_hours", "safe_hours", "due_hours", "check_hours", "net_code", "duplicate_radius_m",
    "filing_condition", "version", "source", "verified", "active",
)  # fmt: skip
NUMBERS = frozenset({
    "due_hours", "accept_hours", "safe_hours", "check_hours", "duplicate_radius_m", "version",
    "position",
})  # fmt: skip
FLAGS = frozenset({"hazard", "verified", "active"})
MAYBE = frozenset({"parent_code", "safe_hours", "net_code"})
CODE, NUMBER = re.compile(r"[0-9A-Za-z._-]{1,40}"), re.compile("[0-9]{1,4}")
KINDS, CLOCKS = ("component", "event"), ("working", "continuous")
# A spreadsheet would run a text that begins so as a formula; a quote before it keeps it a text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = dict[str, Any]


class CategoryFileInvalid(Exception):
    """The rows cannot be imported; `findings` says why, one by one."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one category: kind is added, changed or unchanged."""

    code: str
    kind: str
    fields: tuple[str, ...] = ()


def read_seed(name: str) -> list[Row]:
    """The rows of `categories`, `choices` or `keywords`, typed as their tables are."""
    text = (SEED / f"{name}.csv").read_text(encoding="utf-8")
    return [_typed(row) for row in csv.DictReader(text.splitlines())]


def read_csv(text: str) -> tuple[list[Row], list[str]]:
    """The good rows of a file and what is wrong with the others, line by line.

    Whether parents and nets exist is for `plan`, which sees the database.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restval="")
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        return [], [f"缺少列 missing columns: {', '.join(missing)}"]
    rows, findings = [], []
    for row in reader:
        given = {name: _unquoted(row[name]) for name in COLUMNS}
        faults = _faults(given)
        if faults or None in row:
            names = ", ".join(faults) or "列数 number of columns"
            findings.append(f"第 {reader.line_num} 行无效 invalid: {names}")
        else:
            rows.append(_typed(given))
    repeated = [c for c, n in Counter(row["code"] for row in rows).items() if n > 1]
    findings += [f"{code}: 重复的 code duplicate code" for code in repeated]
    return rows, findings


def _unquoted(text: str) -> str:
    plain = text.strip()
    return plain[1:] if plain.startswith("'") and plain[1:].startswith(FORMULA) else plain


def _faults(row: dict[str, str]) -> list[str]:
    """The columns of a row whose values cannot be taken."""
    faults = [n for n in ("code", "national_code") if not CODE.fullmatch(row[n])]
    faults += [n for n in ("parent_code", "net_code") if row[n] and not CODE.fullmatch(row[n])]
    faults += [n for n in sorted(NUMBERS & row.keys()) if not _is_number(n, row[n])]
    faults += [n for n in sorted(FLAGS) if row[n] not in {"0", "1"}]
    faults += [n for n in ("name", "name_en", "source") if not 0 < len(row[n]) <= 200]  # noqa: PLR2004
    faults += [n for n, among in (("kind", KINDS), ("clock", CLOCKS)) if row[n] not in among]
    return faults


def _is_number(name: str, text: str) -> bool:
    if not text:
        return name in MAYBE
    least = 0 if name == "duplicate_radius_m" else 1
    return NUMBER.fullmatch(text) is not None and int(text) >= least


def _typed(row: dict[str, str]) -> Row:
    typed: Row = {key: value or None if key in MAYBE else value for key, value in row.items()}
    for key in row.keys() & NUMBERS:
        typed[key] = int(row[key]) if row[key] else None
    for key in row.keys() & FLAGS:
        typed[key] = row[key] == "1"
    if "weight" in row:
        typed["weight"] = float(row["weight"])
    return typed


def plan(tx: Session, rows: Sequence[Row]) -> list[Change]:
    """What importing the rows would do, code by code; nothing is written.

    Categories that the file leaves out stay as they are. Raises CategoryFileInvalid for parents,
    nets and national codes that do not fit what is there.
    """
    known = {category.code: category for category in tx.scalars(select(Category))}
    after = {code: _as_row(category) for code, category in known.items()}
    after |= {row["code"]: row for row in rows}
    findings = _misfits(rows, after, queries.net_codes(tx))
    if findings:
        raise CategoryFileInvalid(findings)
    return [_change(row, known.get(row["code"])) for row in rows]


def _misfits(rows: Iterable[Row], after: dict[str, Row], nets: set[str]) -> list[str]:
    taken = Counter((row["kind"], row["national_code"]) for row in after.values())
    parents = {row["parent_code"] for row in after.values()}
    findings = []
    for row in rows:
        code, parent = row["code"], after.get(row["parent_code"] or "")
        if row["parent_code"] and (parent is None or parent["parent_code"]):
            findings.append(f"{code}: 上级不是大类 the parent is no main category")
        if row["parent_code"] and code in parents:
            findings.append(f"{code}: 大类不能有上级 a main category has no parent")
        if parent is not None and parent["kind"] != row["kind"]:
            findings.append(f"{code}: 与上级类型不同 of another kind than its parent")
        if row["net_code"] and row["net_code"] not in nets:
            findings.append(f"{code}: 没有这张网 unknown net {row['net_code']}")
        if taken[row["kind"], row["national_code"]] > 1:
            findings.append(f"{code}: 国标代码重复 national code taken {row['national_code']}")
    return findings


def _as_row(category: Category) -> Row:
    return {name: getattr(category, name) for name in COLUMNS}


def _change(row: Row, known: Category | None) -> Change:
    if known is None:
        return Change(row["code"], "added")
    # The version counts changes, so it is none itself.
    names = (name for name in COLUMNS if name != "version")
    fields = tuple(name for name in names if getattr(known, name) != row[name])
    return Change(row["code"], "changed" if fields else "unchanged", fields)


def export_csv(tx: Session) -> str:
    """All categories as a file that `read_csv` takes back as it was; main categories first."""
    out = io.StringIO()
    sheet = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    sheet.writeheader()
    categories = tx.scalars(select(Category).order_by(Category.code))
    for category in sorted(categories, key=lambda c: c.parent_code is not None):
        sheet.writerow({name: _cell(getattr(category, name)) for name in COLUMNS})
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text

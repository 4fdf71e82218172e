"""Nets, units, posts, groupings and appointments as rows of a file: cells into drafts and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from app.kit.schema import Draft
from app.kit.sheets import Sheet
from app.posts.schemas import AppointmentDraft, NetDraft, PostDraft, UnitDraft
from app.regions.schemas import GroupingDraft

CODE = re.compile("[0-9A-Za-z._-]{1,40}")
Kind = Literal["nets", "units", "posts", "groupings", "appointments"]
WHOLE = frozenset({"position", "level", "rung"})
FLAGS = frozenset({"active", "on_board"})
LISTS = frozenset({"duties", "region_codes"})
YES, NO = frozenset({"1", "true", "yes", "是"}), frozenset({"0", "false", "no", "否"})
# Between the parts of a list in one cell; no duty and no code holds one.
BAR = "|"


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a kind of file; those of `needed` must be there, others may be left out."""

    draft: type[Draft]
    needed: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return self.needed + self.more


TABLES: dict[Kind, Table] = {
    "nets": Table(NetDraft, ("code", "name", "name_en", "position")),
    "units": Table(UnitDraft, ("code", "name", "region_code"), ("active",)),
    "posts": Table(
        PostDraft,
        ("code", "name", "name_en", "role", "position", "duties"),
        ("level", "net_code", "rung", "on_board", "active"),
    ),
    "groupings": Table(GroupingDraft, ("code", "name", "kind", "district", "region_codes")),
    "appointments": Table(
        AppointmentDraft,
        ("post_code", "starts_on"),
        # Whoever is appointed is named by one of the first two; `name` is for people's eyes only.
        ("username", "member_no", "name", "region_code", "grouping_code", "unit_code", "ends_on",
         "phone"),
    ),
}  # fmt: skip
PERSON = frozenset({"username", "member_no", "name"})


class Line(NamedTuple):
    """A good row: where it stood, which object it means, and what is to be."""

    number: int
    key: str
    draft: Any


class Lines(NamedTuple):
    """The good rows of a file, and what is wrong with the others, line by line."""

    good: list[Line]
    findings: list[str]


Finder = Callable[[str, str], UUID | None]


def read(kind: Kind, sheet: Sheet, person: Finder) -> Lines:
    """Each row as a draft; `person` finds somebody by user name or member number.

    Further columns are left alone. Whether regions, nets or posts exist is for the writer.
    """
    table = TABLES[kind]
    missing = sorted(set(table.needed) - set(sheet.columns))
    if sheet.findings or missing:
        words = [f"缺少列 missing columns: {', '.join(missing)}"] if missing else []
        return Lines([], sheet.findings or words)
    good, findings, seen = [], [], set()
    for number, row in sheet.numbered():
        line, faults = _line(kind, number, row, person)
        if line is not None and line.key in seen:
            faults = [f"{line.key} 重复 occurs twice"]
        findings += [f"第 {number} 行 line {number}: {fault}" for fault in faults]
        if line is not None and not faults:
            seen.add(line.key)
            good.append(line)
    return Lines(good, findings)


def _line(
    kind: Kind, number: int, row: Mapping[str, str], person: Finder
) -> tuple[Line | None, list[str]]:
    given = {name: row[name].strip() for name in TABLES[kind].columns if name in row}
    words = {name: _value(name, text) for name, text in given.items() if text or name in LISTS}
    key, faults = words.pop("code", ""), []
    if kind == "appointments":
        who = person(str(words.get("username", "")), str(words.get("member_no", "")))
        faults = [] if who else ["查无此人 no such person: username / member_no"]
        words = {name: word for name, word in words.items() if name not in PERSON}
        words["person_id"] = who or UUID(int=0)
    elif not CODE.fullmatch(key):
        faults = ["code 缺失或格式不对 missing or malformed"]
    try:
        draft = TABLES[kind].draft.model_validate(words)
    except ValidationError as refusal:
        fields = sorted({str(fault["loc"][0]) for fault in refusal.errors()})
        return None, [*faults, *(f"{name} 缺失或格式不对 missing or malformed" for name in fields)]
    return Line(number, key or appointment_key(draft), draft), faults


def appointment_key(draft: Any) -> str:
    """What makes an appointment the same one: who, which post, where, and from when."""
    where = draft.region_code or draft.grouping_code
    return f"{draft.person_id} {draft.post_code} {where} {draft.starts_on}"


def _value(name: str, text: str) -> Any:
    """The value that the draft's field takes; what cannot be one stays text and is refused."""
    if name in WHOLE and text.removeprefix("-").isdecimal():
        return int(text)
    if name in FLAGS and text.lower() in YES | NO:
        return text.lower() in YES
    if name in LISTS:
        parts = [part.strip() for part in text.split(BAR) if part.strip()]
        # Duties stand in their order; regions have none.
        return parts if name == "duties" else sorted(set(parts))
    return text


def cells(key: str, draft: Any) -> dict[str, Any]:
    """The row of a draft, as `read` takes it back."""
    row = {"code": key} | draft.model_dump()
    return {name: BAR.join(word) if name in LISTS else word for name, word in row.items()}

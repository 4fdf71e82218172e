"""Rows of a file as drafts and back, and what bringing them in changes; knows no kind of file."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.kit.errors import AppError
from app.kit.fields import of_pydantic
from app.kit.schema import Draft
from app.kit.sheets import Sheet

CODE = re.compile("[0-9A-Za-z._-]{1,40}")
WHOLE = re.compile(r"\s*-?[0-9]{1,9}\s*")
YES, NO = frozenset({"1", "true", "yes", "是"}), frozenset({"0", "false", "no", "否"})
# Between the parts of a list in one cell; no duty and no code holds one.
BAR = "|"
# What a cell holds that is no text: `list` keeps its order, `set` and `numbers` have none.
Form = Literal["whole", "flag", "list", "set", "numbers", "json"]


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a kind of file; those of `needed` must be there, others may be left out.

    `blamed` names the column that a refusal of the services is about.
    """

    draft: type[Draft]
    needed: tuple[str, ...]
    more: tuple[str, ...] = ()
    forms: Mapping[str, Form] = field(default_factory=dict)
    blamed: Mapping[type[AppError], str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.needed + self.more


class Meant(NamedTuple):
    """Which object a row means: its key in the file, and `of`, what the writer knows it by."""

    key: str
    of: Any = None
    faults: Sequence[str] = ()


class Line(NamedTuple):
    """A good row: where it stood, which object it means, what is to be, and that in cells."""

    number: int
    key: str
    of: Any
    draft: Any
    cells: Mapping[str, Any]


class Lines(NamedTuple):
    """The good rows of a file, and what is wrong with the others, line by line."""

    good: list[Line]
    findings: list[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one object: `kind` is added, changed or unchanged.

    `fields` has old and new of what differs, or None where only that it does is told.
    """

    key: str
    kind: str
    fields: Mapping[str, tuple[Any, Any] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loading:
    """What was done, and why some of it could not be: with any finding, do not commit.

    `notes` are worth knowing and stop nothing.
    """

    changes: list[Change]
    findings: list[str]
    notes: Sequence[str] = ()


# Takes out of a row's words what is no part of its draft, and says whom or what they name.
Meaning = Callable[[dict[str, Any]], Meant]
Blame = Callable[[Line, AppError], Iterable[str]]


def coded(words: dict[str, Any]) -> Meant:
    """The meaning of rows that stand for what their `code` says."""
    code = str(words.pop("code", ""))
    if CODE.fullmatch(code):
        return Meant(code, code)
    return Meant(code, faults=("code 缺失或格式不对 missing or malformed",))


def read(table: Table, sheet: Sheet, meaning: Meaning = coded) -> Lines:
    """Each row as a draft; further columns are left alone.

    Whether what a row names exists is for the writer.
    """
    missing = sorted(set(table.needed) - set(sheet.columns))
    if sheet.findings or missing:
        words = [f"缺少列 missing columns: {', '.join(missing)}"] if missing else []
        return Lines([], sheet.findings or words)
    good, findings, seen = [], [], set()
    for number, row in sheet.numbered():
        line, faults = _line(table, number, row, meaning)
        if line is not None and line.key in seen:
            faults = [f"{line.key} 重复 occurs twice"]
        findings += [at(number, fault) for fault in faults]
        if line is not None and not faults:
            seen.add(line.key)
            good.append(line)
    return Lines(good, findings)


def at(number: int, fault: str) -> str:
    """A fault behind the line where it stands."""
    return f"第 {number} 行 line {number}: {fault}"


def _line(
    table: Table, number: int, row: Mapping[str, str], meaning: Meaning
) -> tuple[Line | None, list[str]]:
    given = {name: row[name].strip() for name in table.columns if name in row}
    forms = {name: table.forms.get(name) for name in given}
    words = {
        name: _value(forms[name], text)
        for name, text in given.items()
        if text or forms[name] in {"list", "set"}
    }
    key, of, faults = meaning(words)
    try:
        draft = table.draft.model_validate(words)
    except ValidationError as refusal:
        return None, [*faults, *dict.fromkeys(map(_fault, refusal.errors()))]
    return Line(number, key, of, draft, cells(table, draft.model_dump())), list(faults)


def _fault(error: Any) -> str:
    if not error["loc"]:
        # The columns, taken together: the words name them.
        words = of_pydantic(error).words
        return f"各列不相符 columns do not fit: {words.zh} {words.en}"
    return f"{'.'.join(map(str, error['loc']))} 缺失或格式不对 missing or malformed"


def _value(form: Form | None, text: str) -> Any:
    """The value that the draft's field takes; what cannot be one stays text and is refused."""
    match form:
        case "whole" if WHOLE.fullmatch(text):
            return int(text)
        case "flag" if text.lower() in YES | NO:
            return text.lower() in YES
        case "list" | "set":
            parts = [part.strip() for part in text.split(BAR) if part.strip()]
            return parts if form == "list" else sorted(set(parts))
        case "numbers" if all(map(WHOLE.fullmatch, text.split(BAR))):
            return sorted(int(part) for part in text.split(BAR))
        case "json":
            return _parsed(text)
        case _:
            return text


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def cells(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of an object's values, as `read` takes them back."""
    return {
        name: _cell(table.forms.get(name), values[name]) for name in table.columns if name in values
    }


def _cell(form: Form | None, value: Any) -> Any:
    match form:
        case "list":
            return BAR.join(value)
        case "set" | "numbers":
            return BAR.join(map(str, sorted(value)))
        case "json":
            return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else None
        case _:
            return value


def load(
    tx: Session,
    lines: Lines,
    known: Mapping[str, Mapping[str, Any]],
    write: Callable[[Line], object],
    blame: Blame,
) -> Loading:
    """Writes the lines that differ from what is known by their keys, and tells what it did.

    Objects that the file leaves out stay as they are. Never raises for what the file holds; the
    caller rolls back for a finding, or to see only what would happen.
    """
    changes = [_change(known.get(line.key), line) for line in lines.good]
    findings = list(lines.findings)
    for change, line in zip(changes, lines.good, strict=True):
        if change.kind == "unchanged":
            continue
        try:
            # What is refused leaves no trace, so that the next row is judged alone.
            with tx.begin_nested():
                write(line)
        except AppError as error:
            findings += blame(line, error)
    return Loading(changes, findings)


def blaming(table: Table) -> Blame:
    """Names line, column and situation of what a service refused."""

    def blame(line: Line, error: AppError) -> list[str]:
        title, column = type(error).title, table.blamed.get(type(error))
        return [at(line.number, f"{column + ': ' if column else ''}{title.zh} {title.en}")]

    return blame


def _change(old: Mapping[str, Any] | None, line: Line) -> Change:
    if old is None:
        return Change(line.key, "added")
    names = dict.fromkeys([*old, *line.cells])
    pairs = {name: (old.get(name), line.cells.get(name)) for name in names}
    fields = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return Change(line.key, "changed" if fields else "unchanged", fields)

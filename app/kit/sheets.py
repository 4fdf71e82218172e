"""Tables as files (CSV, XLSX): read with faults named, written so that no cell can calculate."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter

from app.kit import clock, workbooks
from app.kit.workbooks import SheetRefused

MOST_ROWS, MOST_COLUMNS = 200_000, 200
MOST_BYTES = 50 * 2**20
# XLSX holds no more in one cell.
MOST_CHARACTERS = 32_767
ZIP_MAGIC, OLD_EXCEL_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# What makes a spreadsheet calculate, half and full width (OWASP, "CSV Injection"). Apostrophes in
# front count too, so that taking ours away again gives exactly what was written.
LIVE = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
# Control characters and lone surrogates are in no text of ours, and XML cannot hold them.
UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
BAD_TITLE = re.compile(r"[\[\]:*?/\\']")

Columns = Sequence[str] | Mapping[str, str]
Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Sheet:
    """A table as text: a row is a dict of all columns, `lines` says where each stood in the file.

    Where `findings` (in Chinese and English) is not empty, the table is not to be used.
    """

    columns: tuple[str, ...] = ()
    rows: list[dict[str, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def numbered(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Each row behind the number of its line, as a spreadsheet counts (the head is 1)."""
        return zip(self.lines, self.rows, strict=True)


def read(source: Path | bytes, name: str) -> Sheet:
    """The table in a CSV file (UTF-8 or GB18030) or in the first sheet of an XLSX file.

    Never raises for what the file holds; OSError if the path cannot be read. `name` is what people
    call the file. Empty lines are left out, a row that ends too soon has empty fields.
    """
    try:
        data = _bytes(source)
        if data.startswith(ZIP_MAGIC):
            rows = workbooks.rows(data, MOST_ROWS, MOST_COLUMNS)
        else:
            rows = _csv_rows(data)
        return _sheet(rows)
    except SheetRefused as refusal:
        return Sheet(findings=[f"{name}: {finding}" for finding in refusal.findings])


def write_csv(rows: Rows, columns: Columns) -> bytes:
    """A CSV file in UTF-8 with a byte order mark, by which Excel knows the encoding.

    `columns` names the keys in order, or maps each to its heading. A cell that a spreadsheet could
    take for a formula gets an apostrophe in front, which `read` takes away again.
    """
    text = io.StringIO(newline="")
    # All fields are quoted: where a spreadsheet splits at `;`, text must not become a new cell.
    rows_out = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for cells in _table(rows, columns):
        rows_out.writerow([_harmless(_text(cell)) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(rows: Rows, columns: Columns, title: str) -> bytes:
    """An XLSX file of one sheet; text stays text, whatever it begins with, and numbers numbers."""
    return write_book([(title, rows, columns)], title)


def write_book(tables: Iterable[tuple[str, Rows, Columns]], title: str) -> bytes:
    """An XLSX file of several sheets, each with its title, as `write_xlsx`."""
    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": title, "created": clock.now().replace(tzinfo=None)})
        for name, rows, columns in tables:
            sheet = book.add_worksheet(BAD_TITLE.sub(" ", name)[:31].strip() or None)
            sheet.freeze_panes(1, 0)
            for number, cells in enumerate(_table(rows, columns)):
                for column, cell in enumerate(cells):
                    _put(sheet, number, column, cell)
    return file.getvalue()


def _bytes(source: Path | bytes) -> bytes:
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > MOST_BYTES:
        raise SheetRefused(f"超过 {MOST_BYTES:,} 字节 larger than {MOST_BYTES:,} bytes")
    data = source if isinstance(source, bytes) else source.read_bytes()
    if data.startswith(OLD_EXCEL_MAGIC):
        raise SheetRefused("旧版 XLS，请另存为 XLSX an old XLS file, save it as XLSX")
    return data


def _csv_rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [_meant(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise SheetRefused(f"第 {line} 行不是有效的 CSV not valid CSV: {error}") from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise SheetRefused("不是 UTF-8 或 GB18030 文本 neither UTF-8 nor GB18030 text")


def _sheet(numbered: Iterator[tuple[int, list[str]]]) -> Sheet:
    _, head = next(numbered, (1, []))
    columns = _columns(head)
    sheet = Sheet(columns)
    for line, cells in numbered:
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            raise SheetRefused(f"第 {line} 行比表头长 line {line} is longer than the head")
        if len(sheet.rows) == MOST_ROWS:
            raise SheetRefused(f"超过 {MOST_ROWS:,} 行 more than {MOST_ROWS:,} rows")
        filled = cells[: len(columns)] + [""] * (len(columns) - len(cells))
        sheet.rows.append(dict(zip(columns, filled, strict=True)))
        sheet.lines.append(line)
    return sheet


def _columns(head: list[str]) -> tuple[str, ...]:
    names = [name.strip() for name in head]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise SheetRefused(f"超过 {MOST_COLUMNS} 列 more than {MOST_COLUMNS} columns")
    twice = sorted({name or "-" for name in names if names.count(name) > 1 or not name})
    if twice:
        words = ", ".join(twice)
        raise SheetRefused(f"表头重复或为空 repeated or empty column names: {words}")
    return tuple(names)


def _table(rows: Rows, columns: Columns) -> Iterator[list[Any]]:
    keys = list(columns)
    yield [columns[key] for key in keys] if isinstance(columns, Mapping) else keys
    for row in rows:
        yield [row.get(key) for key in keys]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    text = str(int(cell)) if isinstance(cell, bool) else str(cell)
    text = UNWRITABLE.sub(" ", text)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _harmless(text: str) -> str:
    return "'" + text if LIVE.match(text) and not PLAIN_NUMBER.fullmatch(text) else text


def _meant(text: str) -> str:
    return text[1:] if text.startswith("'") and LIVE.match(text) else text


def _put(sheet: Any, row: int, column: int, cell: Any) -> None:
    # Beyond 15 digits a spreadsheet rounds, so such numbers are better off as text.
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) < 10**15:
        sheet.write_number(row, column, cell)
        return
    text = _text(cell)
    if text.startswith("<r>"):
        # The library takes this for markup of its own and would write it unescaped.
        sheet.write_rich_string(row, column, text[0], text[1], text[2:])
    elif text:
        sheet.write_string(row, column, text)

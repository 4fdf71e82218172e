"""The first sheet of an XLSX file as rows of text, within limits, with no formula left to guess."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import openpyxl

MOST_UNPACKED_BYTES = 500 * 2**20
# From here on a spreadsheet has rounded the number: a code of 18 digits has lost its last ones.
EXACT_UP_TO = 10**15
MIDNIGHT = time()
# Excel escapes a control character, and an underscore before what looks like an escape.
ESCAPED = re.compile("_x005F_(?=x)|_x000D_")


class SheetRefused(Exception):
    """The file cannot be read as a table; `findings` says why, in Chinese and English."""

    def __init__(self, *findings: str) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


def rows(data: bytes, most_rows: int, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line. Raises SheetRefused."""
    _refuse_bomb(data)
    with warnings.catch_warnings():
        # The reader warns of styles and charts that it drops; only values are asked for.
        warnings.simplefilter("ignore")
        try:
            yield from _rows(data, most_rows, most_columns)
        except SheetRefused:
            raise
        # A damaged workbook makes the reader fail in many ways, and all mean the same to people.
        except Exception as error:
            text = "XLSX 文件损坏，无法读取 the XLSX file is damaged"
            raise SheetRefused(f"{text}: {type(error).__name__}") from error


def _refuse_bomb(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
    except zipfile.BadZipFile as error:
        raise SheetRefused("不是有效的 XLSX not a valid XLSX file") from error
    if unpacked > MOST_UNPACKED_BYTES:
        limit = f"{MOST_UNPACKED_BYTES:,}"
        raise SheetRefused(f"解压后超过 {limit} 字节 larger than {limit} bytes unpacked")


def _rows(data: bytes, most_rows: int, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    # One row and column more than allowed, so that the caller sees that there are too many.
    limits = {"max_row": most_rows + 2, "max_col": most_columns + 1}
    written, computed = _lines(data, limits, values=False), None
    for number, cells in enumerate(written, start=1):
        if any(cell.data_type == "f" for cell in cells) and computed is None:
            computed = _Computed(data, limits)
        values = computed.line(number) if computed else [cell.value for cell in cells]
        yield number, [_text(value, cell) for value, cell in zip(values, cells, strict=True)]


def _lines(data: bytes, limits: dict[str, int], *, values: bool) -> Iterator[Any]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values)
    sheet = book.worksheets[0]
    # A file may claim a size that it has not; the reader would trust it.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(**limits))


class _Computed:
    """What the spreadsheet last computed, read beside the formulas from the first one on."""

    def __init__(self, data: bytes, limits: dict[str, int]) -> None:
        self._lines = enumerate(_lines(data, limits, values=True), start=1)

    def line(self, wanted: int) -> list[Any]:
        cells = next(cells for number, cells in self._lines if number == wanted)
        return [cell.value for cell in cells]


def _text(value: Any, cell: Any) -> str:
    if cell.data_type == "f" and value is None:
        raise SheetRefused(
            f"{cell.coordinate} 的公式没有结果，请在电子表格中打开并保存 "
            "the formula has no stored result; open and save the file in a spreadsheet"
        )
    if cell.data_type == "e" or (cell.data_type == "f" and str(value).startswith("#")):
        raise SheetRefused(f"{cell.coordinate} 是错误值 is an error value: {value}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, cell)
    if isinstance(value, datetime | date | time):
        return _instant(value)
    text = "" if value is None else str(int(value) if isinstance(value, bool) else value)
    return ESCAPED.sub(lambda found: "_" if found[0] == "_x005F_" else "", text)


def _instant(value: date | time) -> str:
    """2026-11-02, 08:30, or both."""
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, datetime) and value.time() == MIDNIGHT:
        return value.date().isoformat()
    return str(value)


def _number(value: float, cell: Any) -> str:
    if abs(value) >= EXACT_UP_TO:
        raise SheetRefused(
            f"{cell.coordinate} 的数字超过 15 位，已被舍入，请设为文本 "
            "a number of more than 15 digits has been rounded; format the column as text"
        )
    return str(int(value)) if value == int(value) else repr(value)

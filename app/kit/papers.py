"""Statements and reports on paper: facts and headed tables as PDF (A4), XLSX or CSV.

The font is the reader's own (STSong-Light, a standard font of PDF for simplified Chinese), so that
a file is small and no font has to be shipped.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any, Literal

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate
from typing_extensions import override

from app.kit import clock, sheets
from app.kit.sheets import UNWRITABLE

Format = Literal["csv", "xlsx", "pdf"]
FONT = "STSong-Light"
MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
PADDING = 3
LINES = [
    ("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), PADDING), ("RIGHTPADDING", (0, 0), (-1, -1), PADDING),
    ("FONT", (0, 0), (-1, -1), FONT, 8.5, 12),
]  # fmt: skip
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=8.5, leading=12, wordWrap="CJK")
HEAD = ParagraphStyle("head", TEXT, fontSize=11, leading=17, spaceBefore=8, spaceAfter=3)
TITLE = ParagraphStyle("title", TEXT, fontSize=16, leading=24, alignment=1)
FACTS = {"fact": "项目", "value": "内容"}

pdfmetrics.registerFont(UnicodeCIDFont(FONT))


@dataclass(frozen=True)
class Yuan:
    """An amount of fen that is written in yuan: 1234.50; -0.05."""

    fen: int

    @override
    def __str__(self) -> str:
        whole, rest = divmod(abs(self.fen), 100)
        return f"{'-' if self.fen < 0 else ''}{whole}.{rest:02}"


@dataclass(frozen=True)
class Part:
    """A headed table. `columns` maps keys to headings; `widths` are shares of the page's width."""

    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    widths: Sequence[int] = ()


@dataclass(frozen=True)
class Paper:
    """What a file holds, in whatever format: its title, a few facts, and tables."""

    title: str
    # What the file is called, without its ending; ASCII.
    name: str
    facts: Sequence[tuple[str, Any]] = ()
    parts: Sequence[Part] = ()
    made_at: datetime = field(default_factory=clock.now)


def render(paper: Paper, kind: Format) -> bytes:
    """The paper as a file in which nothing can calculate; a CSV holds its first table alone."""
    match kind:
        case "csv":
            return sheets.write_csv(paper.parts[0].rows, paper.parts[0].columns)
        case "xlsx":
            facts = [{"fact": fact, "value": value} for fact, value in paper.facts]
            tables = [("概要", facts, FACTS), *((p.title, p.rows, p.columns) for p in paper.parts)]
            counted = [(title, _counted(rows), columns) for title, rows, columns in tables]
            return sheets.write_book(counted, paper.title)
        case "pdf":
            return _pdf(paper)


def _counted(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows as a spreadsheet wants them: it can add amounts up."""
    for row in rows:
        yield {k: v.fen / 100 if isinstance(v, Yuan) else v for k, v in row.items()}


def moment(at: datetime | None) -> str:
    """An instant as people here read it, to the minute; nothing for None."""
    return "" if at is None else at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _pdf(paper: Paper) -> bytes:
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file, pagesize=A4, title=paper.title, author="", creator="xinxin-ejia",
        leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
    )  # fmt: skip
    document.build(list(_story(paper)), canvasmaker=_numbered(paper))
    return file.getvalue()


def _story(paper: Paper) -> Iterator[Any]:
    yield _text(paper.title, TITLE)
    if paper.facts:
        rows = [[fact, str(value)] for fact, value in paper.facts]
        yield _table(rows, [WIDTH * 0.24, WIDTH * 0.76])
    for part in paper.parts:
        yield _text(part.title, HEAD)
        yield _part(part)


def _part(part: Part) -> LongTable:
    head = list(part.columns.values())
    shares = list(part.widths) or [1] * len(head)
    widths = [WIDTH * share / sum(shares) for share in shares]
    lines = [[_cell(row.get(key)) for key in part.columns] for row in part.rows]
    return _table([head, *lines], widths, heads=1)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float], heads: int = 0) -> LongTable:
    cells = [[_fit(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    # The head stands on every page. What somebody wrote may be longer than a page, so a row may go
    # on over the next.
    return LongTable(cells, colWidths=widths, style=LINES, splitInRow=1, repeatRows=heads)


def _fit(text: str, width: float) -> Any:
    """A cell: what fits on its line is drawn as it is, which costs a tenth of laying it out."""
    plain = UNWRITABLE.sub(" ", text)
    fits = "\n" not in plain and stringWidth(plain, FONT, TEXT.fontSize) <= width - 2 * PADDING
    return plain if fits else _text(plain)


def _text(text: str, style: ParagraphStyle = TEXT) -> Paragraph:
    return Paragraph(escape(UNWRITABLE.sub(" ", text)).replace("\n", "<br/>"), style)


def _numbered(paper: Paper) -> type[Canvas]:
    """A canvas that knows how many pages there are once all of them are drawn."""
    foot = f"{paper.title}　制表于 {moment(paper.made_at)}"

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **how: Any) -> None:
            super().__init__(*args, **how)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - the library's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self.setFont(FONT, 8)
                self.drawString(MARGIN, 9 * mm, foot)
                words = f"第 {number} 页，共 {len(self._pages)} 页"
                self.drawRightString(A4[0] - MARGIN, 9 * mm, words)
                super().showPage()
            super().save()

    return Numbered

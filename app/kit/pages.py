"""PDF pages: texts, ruled tables and a numbered foot, for whoever prints.

The font is the reader's own (STSong-Light, a standard font of PDF for simplified Chinese), so that
a file is small and no font has to be shipped.
"""

import io
from collections.abc import Sequence
from html import escape
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate

from app.kit.sheets import UNWRITABLE

FONT = "STSong-Light"
MARGIN = 16 * mm
# What a line of an A4 page holds.
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

pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def pdf(title: str, story: Sequence[Any], foot: str, page: tuple[float, float] = A4) -> bytes:
    """The bytes of a document; every page has `foot` and its number on it."""
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file, pagesize=page, title=title, author="", creator="xinxin-ejia",
        leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
    )  # fmt: skip
    document.build(list(story), canvasmaker=_numbered(foot, page[0]))
    return file.getvalue()


def text(words: str, style: ParagraphStyle = TEXT) -> Paragraph:
    """What somebody wrote, which is never markup."""
    return Paragraph(escape(UNWRITABLE.sub(" ", words)).replace("\n", "<br/>"), style)


def table(rows: Sequence[Sequence[str]], widths: Sequence[float], heads: int = 0) -> LongTable:
    """A ruled table whose first `heads` rows stand on every page; `widths` in points."""
    cells = [[_fit(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    # What somebody wrote may be longer than a page, so a row may go on over the next.
    return LongTable(cells, colWidths=widths, style=LINES, splitInRow=1, repeatRows=heads)


def _fit(cell: str, width: float) -> Any:
    """A cell: what fits on its line is drawn as it is, which costs a tenth of laying it out."""
    plain = UNWRITABLE.sub(" ", cell)
    fits = "\n" not in plain and stringWidth(plain, FONT, TEXT.fontSize) <= width - 2 * PADDING
    return plain if fits else text(plain)


def _numbered(foot: str, width: float) -> type[Canvas]:
    """A canvas that knows how many pages there are once all of them are drawn."""

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
                self.drawRightString(width - MARGIN, 9 * mm, words)
                super().showPage()
            super().save()

    return Numbered

"""The print sheet as PDF, A4: slow work that no transaction waits for.

The font is the reader's own (STSong-Light, a standard font of PDF for simplified Chinese), so that
a sheet is small and no font has to be shipped.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any
from uuid import UUID

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Table

from app.desk import texts
from app.desk.sheet import Facts

FONT = "STSong-Light"
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
# A photo's box; two stand side by side.
PHOTO_WIDTH, PHOTO_HEIGHT = 84 * mm, 63 * mm
LINES = [
    ("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
]  # fmt: skip
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=9, leading=13, wordWrap="CJK")
HEAD = ParagraphStyle("head", TEXT, fontSize=12, leading=18, spaceBefore=8, spaceAfter=3)
TITLE = ParagraphStyle("title", TEXT, fontSize=18, leading=26, alignment=1)
ReadPhoto = Callable[[UUID], bytes]

pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def render(facts: Facts, read_photo: ReadPhoto) -> bytes:
    """The sheet's bytes. `read_photo` gives a JPEG, or raises FileNotFoundError."""
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file, pagesize=A4, title=f"案件办理单 {facts.number}", author="", creator="xinxin-ejia",
        leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
    )  # fmt: skip
    document.build(list(_story(facts, read_photo)), canvasmaker=_numbered(facts))
    return file.getvalue()


def _story(facts: Facts, read_photo: ReadPhoto) -> Iterator[Any]:
    yield Paragraph("案件办理单", TITLE)
    yield _table([*facts.facts], (26 * mm, WIDTH - 26 * mm))
    yield Paragraph("分派说明", HEAD)
    yield from (_text(sentence) for sentence in facts.routing)
    if facts.clocks:
        yield Paragraph("计时", HEAD)
        head = ("时钟", "开始", "时限", "状态", "结束")
        yield _table([head, *facts.clocks], (26 * mm, 38 * mm, 38 * mm, 32 * mm, 40 * mm))
    yield from _photos("处置前照片", facts.before, read_photo)
    yield from _photos("处置后照片", facts.after, read_photo)
    if facts.left_out:
        yield _text(f"另有 {facts.left_out} 张照片未打印，请在系统中查看。")
    yield Paragraph("办理记录", HEAD)
    head6 = ("序号", "时间", "事项", "经办人", "说明", "哈希")
    widths = (11 * mm, 30 * mm, 26 * mm, 22 * mm, WIDTH - 116 * mm, 27 * mm)
    yield _table([head6, *facts.history], widths)


def _photos(title: str, ids: Sequence[UUID], read_photo: ReadPhoto) -> Iterator[Any]:
    if not ids:
        return
    shown = [_photo(photo_id, read_photo) for photo_id in ids]
    rows = [shown[n : n + 2] for n in range(0, len(shown), 2)]
    rows[-1] += [""] * (2 - len(rows[-1]))
    first, *others = [Table([row], colWidths=(WIDTH / 2, WIDTH / 2)) for row in rows]
    # A heading is never left alone at the foot of a page.
    yield KeepTogether([Paragraph(title, HEAD), first])
    yield from others


def _photo(photo_id: UUID, read_photo: ReadPhoto) -> Any:
    try:
        data = read_photo(photo_id)
    except FileNotFoundError:
        return _text("照片文件缺失")
    # A JPEG goes into the file as it is: nothing is decoded here.
    image = Image(io.BytesIO(data), kind="proportional", width=PHOTO_WIDTH, height=PHOTO_HEIGHT)
    image.hAlign = "LEFT"
    return image


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
    # What somebody wrote may be longer than a page, so a row may go on over the next.
    cells = [[_text(cell) for cell in row] for row in rows]
    return Table(cells, colWidths=widths, style=LINES, splitInRow=1)


def _text(text: str) -> Paragraph:
    return Paragraph(escape(text).replace("\n", "<br/>"), TEXT)


def _numbered(facts: Facts) -> type[Canvas]:
    """A canvas that knows how many pages there are once all of them are drawn."""
    foot = f"{facts.number}　打印于 {texts.moment(facts.printed_at)}"

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
                self.drawString(MARGIN, 10 * mm, foot)
                words = f"第 {number} 页，共 {len(self._pages)} 页"
                self.drawRightString(A4[0] - MARGIN, 10 * mm, words)
                super().showPage()
            super().save()

    return Numbered

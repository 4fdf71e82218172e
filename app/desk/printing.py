"""The print sheet as PDF, A4: slow work that no transaction waits for."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from reportlab.lib.units import mm
from reportlab.platypus import Image, KeepTogether, Table

from app.desk.sheet import Facts
from app.kit import pages
from app.kit.clock import moment
from app.kit.pages import HEAD, TITLE, WIDTH

# A photo's box; two stand side by side.
PHOTO_WIDTH, PHOTO_HEIGHT = 84 * mm, 63 * mm
ReadPhoto = Callable[[UUID], bytes]


def render(facts: Facts, read_photo: ReadPhoto) -> bytes:
    """The sheet's bytes. `read_photo` gives a JPEG, or raises FileNotFoundError."""
    foot = f"{facts.number}　打印于 {moment(facts.printed_at)}"
    return pages.pdf(f"案件办理单 {facts.number}", [*_story(facts, read_photo)], foot)


def _story(facts: Facts, read_photo: ReadPhoto) -> Iterator[Any]:
    yield pages.text("案件办理单", TITLE)
    yield pages.table([*facts.facts], (26 * mm, WIDTH - 26 * mm))
    yield pages.text("分派说明", HEAD)
    yield from (pages.text(sentence) for sentence in facts.routing)
    if facts.clocks:
        yield pages.text("计时", HEAD)
        head = ("时钟", "开始", "时限", "状态", "结束")
        yield pages.table(
            [head, *facts.clocks], (30 * mm, 38 * mm, 38 * mm, 32 * mm, 40 * mm), heads=1
        )
    yield from _photos("处置前照片", facts.before, read_photo)
    yield from _photos("处置后照片", facts.after, read_photo)
    if facts.left_out:
        yield pages.text(f"另有 {facts.left_out} 张照片未打印，请在系统中查看。")
    yield pages.text("办理记录", HEAD)
    head6 = ("序号", "时间", "事项", "经办人", "说明", "哈希")
    widths = (11 * mm, 30 * mm, 26 * mm, 22 * mm, WIDTH - 116 * mm, 27 * mm)
    yield pages.table([head6, *facts.history], widths, heads=1)


def _photos(title: str, ids: Sequence[UUID], read_photo: ReadPhoto) -> Iterator[Any]:
    if not ids:
        return
    shown = [_photo(photo_id, read_photo) for photo_id in ids]
    rows = [shown[n : n + 2] for n in range(0, len(shown), 2)]
    rows[-1] += [""] * (2 - len(rows[-1]))
    first, *others = [Table([row], colWidths=(WIDTH / 2, WIDTH / 2)) for row in rows]
    # A heading is never left alone at the foot of a page.
    yield KeepTogether([pages.text(title, HEAD), first])
    yield from others


def _photo(photo_id: UUID, read_photo: ReadPhoto) -> Any:
    try:
        data = read_photo(photo_id)
    except FileNotFoundError:
        return pages.text("照片文件缺失")
    # A JPEG goes into the file as it is: nothing is decoded here.
    image = Image(io.BytesIO(data), kind="proportional", width=PHOTO_WIDTH, height=PHOTO_HEIGHT)
    image.hAlign = "LEFT"
    return image

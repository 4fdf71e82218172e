"""The receipt (收据) as PDF, A5 across: slow work that no transaction waits for."""

from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.lib.pagesizes import A5, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer

from app.kit import clock, pages
from app.ledger.models import Contributor
from app.ledger.schemas import ReceiptOut

PAGE = landscape(A5)
HEADS = 28 * mm
TITLE = ParagraphStyle("title", pages.TITLE, fontSize=18, leading=26)
QR = 24 * mm
RIGHT = ParagraphStyle("right", pages.TEXT, alignment=2)
TRACE = ParagraphStyle("trace", RIGHT, fontSize=9)
KINDS = {
    Contributor.GOVERNMENT: "政府", Contributor.VILLAGE: "村（社区）",
    Contributor.JOINT_VILLAGES: "联村集体经济", Contributor.BENEFACTOR: "成功人士",
    Contributor.VILLAGER: "村民个人",
}  # fmt: skip
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES, _GROUPS = ("", "拾", "佰", "仟"), ("", "万", "亿", "万亿")


def render(receipt: ReceiptOut) -> bytes:
    """The bytes of a receipt."""
    rows = (
        ("注资方", f"{receipt.contributor}（{KINDS[receipt.kind]}）"),
        ("资金池", f"{receipt.fund_name}（{receipt.fund_code}）"),
        ("用途", receipt.purpose),
        ("金额", f"人民币{in_words(receipt.fen)}　￥{receipt.fen // 100:,}.{receipt.fen % 100:02}"),
        ("备注", receipt.note or "—"),
        ("经办 / 审批", f"{receipt.handled_by}　/　{receipt.approved_by}"),
    )
    day = clock.business_day(receipt.received_at)
    story = (
        pages.text("收　据", TITLE),
        pages.text(f"编号 {receipt.receipt_no}　　日期 {day}", RIGHT),
        Spacer(1, 3 * mm),
        pages.table(rows, (HEADS, PAGE[0] - 2 * pages.MARGIN - HEADS)),
        *_trace(receipt.trace_code),
    )
    title = f"收据 {receipt.receipt_no}"
    return pages.pdf(title, story, title, PAGE)


def _trace(code: str | None) -> tuple[Flowable, ...]:
    """With what the giver follows the money: the code to type, and to scan."""
    if code is None:
        return ()
    words = pages.text(f"凭查询码可查看这笔资金的去向：{code}", TRACE)
    picture = createBarcodeDrawing("QR", value=code, barLevel="M", width=QR, height=QR)
    picture.hAlign = "RIGHT"
    # On one page, however long the rows above are.
    return (KeepTogether([Spacer(1, 3 * mm), words, picture]),)


def in_words(fen: int) -> str:
    """An amount in the capital numerals of receipts (人民币大写), below 10^16 yuan.

    After 《支付结算办法》 annex 1: zeros between digits are read once, 整 follows whole amounts.
    """
    yuan, rest = divmod(fen, 100)
    jiao, cents = divmod(rest, 10)
    words = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{words or '零元'}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif words:
        words += "零"
    return words + (f"{_DIGITS[cents]}分" if cents else "整")


def _whole(number: int) -> str:
    """Groups of four digits; a zero is read where digits are left out between two others."""
    words, gap = "", False
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place % 4]
        gap = not digit
        if place % 4 == 0 and number // 10**place % 10_000:
            words += _GROUPS[place // 4]
    return words

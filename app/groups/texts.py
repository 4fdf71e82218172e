"""What robots say: single messages, and the digest of a burst; short, in Chinese, in bytes."""

from collections.abc import Sequence

LINE = 60
ELLIPSIS = "…"
# What markdown would read as markup or as a call to everyone, in forms that it does not read.
PLAIN = str.maketrans("<>[]()*#`_~\\", "＜＞［］（）＊＃｀＿～＼")
CASE = "【{title}】{number}\n类别：{category}\n网格：{grid}\n位置：{place}"
NEW, HAZARD = "新案件", "紧急案件"


def case_text(*, number: str, hazard: bool, category: str, grid: str, place: str) -> str:
    """A new case: nothing of what the reporter wrote, nor the exact spot."""
    title = HAZARD if hazard else NEW
    return CASE.format(title=title, number=number, category=category, grid=grid, place=place)


def notice_text(text: str) -> str:
    return f"【通知】\n{text}"


def cut(text: str, most_bytes: int) -> str:
    """The text, shortened at a character's border to at most so many bytes of UTF-8."""
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    room = most_bytes - len(ELLIPSIS.encode())
    return raw[:room].decode(errors="ignore") + ELLIPSIS


def digest(texts: Sequence[str], most_bytes: int) -> tuple[str, int]:
    """Several messages as one, a line each, and how many of them, from the first on, it shows.

    Those that do not fit are counted, 另有 n 条待发, and have still to be said.
    """
    head = f"**网格消息汇总（{len(texts)} 条）**"
    lines = [f"> {_line(text)}" for text in texts]
    # The last line is kept free for the largest count that it may have to tell.
    room = most_bytes - len(head.encode()) - len(_rest(len(texts)).encode())
    shown: list[str] = []
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        shown.append(line)
    left = len(lines) - len(shown)
    return "\n".join([head, *shown]) + (_rest(left) if left else ""), len(shown)


def _rest(count: int) -> str:
    return f"\n另有 {count} 条待发"


def _line(text: str) -> str:
    flat = " ".join(text.split()).translate(PLAIN)
    return flat if len(flat) <= LINE else flat[: LINE - 1] + ELLIPSIS

"""The fields of WeChat's message templates: what each kind holds, and how a text is cut to fit.

Source: WeChat, "订阅消息参数值内容限制说明".
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

MOST_THING, MOST_STRING, MOST_PHRASE = 20, 32, 5
# What WeChat takes where there is nothing to say: an empty field is refused (47003).
NOTHING = {
    "thing": "-", "character_string": "-", "number": "0", "phrase": "消息",
}  # fmt: skip
FIELD = r"(thing|character_string|number|time|date|phrase)[0-9]{1,2}"

_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d:\d\d))?")
_STOP = re.compile(r"[，。；：、！？,;:!?\s]")
_WORD = re.compile(r"[0-9A-Za-z-]+$")


def fit(field: str, text: str, told_at: str) -> str:
    """A text as a field such as `thing1` takes it, never empty.

    `told_at` is the message's own time as `clock.moment` writes it; it stands in a field of time
    whose text is none.
    """
    kind = field.rstrip("0123456789")
    if kind in {"time", "date"}:
        return _moment(text, kind) or _moment(told_at, kind)
    return _FITTED[kind](text) or NOTHING[kind]


def cut(text: str, most: int) -> str:
    """At most `most` characters as UTF-16 counts them; what was cut off leaves a "…" behind.

    It is cut behind a stop or a space if one stands in the last third, never inside a sign that is
    made of several (an emoji with its parts, a letter with its accent), and not inside a word or
    number unless that is more than half of it all.
    """
    text = " ".join(text.split())
    if _length(text) <= most:
        return text
    start = ""
    for sign in _signs(text):
        if _length(start + sign) > most - 1:
            break
        start += sign
    # Nothing may be opened, or joined on, that is not there.
    return _behind_a_boundary(start, text[len(start) :]).rstrip(" -(（“「《") + "…"


def _behind_a_boundary(start: str, rest: str) -> str:
    stops = [found.start() for found in _STOP.finditer(start + rest[:1])]
    if stops and stops[-1] * 3 >= len(start) * 2:
        return start[: stops[-1]]
    word = _WORD.search(start)
    if word is not None and re.match(r"[0-9A-Za-z]", rest) and word.start() * 2 > len(start):
        return start[: word.start()].rstrip()
    return start


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _signs(text: str) -> Iterator[str]:
    """What a reader takes for one sign each, near enough to UAX #29."""
    sign = ""
    for char in text:
        if sign and not _belongs(sign, char):
            yield sign
            sign = ""
        sign += char
    if sign:
        yield sign


def _belongs(sign: str, char: str) -> bool:
    joined = char == "\u200d" or sign.endswith("\u200d")
    # Colours of skin, and the tags of a region's flag.
    modified = "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f"
    flag = _is_half_a_flag(sign) and _is_half_a_flag(char)
    return joined or modified or flag or unicodedata.category(char).startswith("M")


def _is_half_a_flag(sign: str) -> bool:
    return len(sign) == 1 and "\U0001f1e6" <= sign <= "\U0001f1ff"


def _moment(text: str, kind: str) -> str:
    """2026年11月2日 15:01; of a date, whatever it says of the hour."""
    found = _MOMENT.search(text)
    if found is None:
        return ""
    year, month, day, hour = found.groups()
    hour = hour or ("00:00" if kind == "time" else None)
    return f"{year}年{int(month)}月{int(day)}日" + (f" {hour}" if hour else "")


def _number(text: str) -> str:
    found = re.search(r"[0-9]{1,20}(\.[0-9]{1,8})?", text)
    return found.group() if found else ""


_FITTED: dict[str, Callable[[str], str]] = {
    "thing": lambda text: cut(text, MOST_THING),
    # No Chinese and no "…" either, so it is simply cut.
    "character_string": lambda text: "".join(re.findall(r"[!-~]", text))[:MOST_STRING],
    "number": _number,
    "phrase": lambda text: "".join(re.findall(r"[\u4e00-\u9fff]", text))[:MOST_PHRASE],
}

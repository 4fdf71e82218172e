"""The texts of messages, by kind, in Chinese and English; `{name}` is filled from the data."""

from string import Formatter
from typing import Any

from app.kit.errors import Words
from app.notify.texts import accounts, cases, conduct, points, safety

# One copy in the place of many; in the inbox there are the many.
GATHERED = "messages.gathered"
TEXTS: dict[str, tuple[Words, Words]] = {
    **accounts.TEXTS,
    **cases.TEXTS,
    **conduct.TEXTS,
    **points.TEXTS,
    **safety.TEXTS,
    GATHERED: (
        Words("您有新消息", "News for you"),
        Words(
            "您有 {count} 条新消息，最新一条：{latest}。",
            "{count} messages wait for you, the latest: {latest}.",
        ),
    ),
}


def render(kind: str, data: dict[str, Any], language: str) -> tuple[str, str]:
    """Title and text. A value may be a pair `{"zh": .., "en": ..}`; a missing one is empty."""
    title, text = TEXTS[kind]
    filled = _Blank(values(data, language))
    return title.in_language(language), text.in_language(language).format_map(filled).strip()


def values(data: dict[str, Any], language: str) -> dict[str, Any]:
    """The data with each pair in one language."""
    return {k: v.get(language, "") if isinstance(v, dict) else v for k, v in data.items()}


def names(kind: str) -> frozenset[str]:
    """What the texts of a kind are filled from."""
    _, text = TEXTS[kind]
    return frozenset(name for words in text for _, name, _, _ in Formatter().parse(words) if name)


class _Blank(dict[str, Any]):
    def __missing__(self, _key: str) -> str:
        return ""

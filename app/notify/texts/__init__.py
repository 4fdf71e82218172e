"""The texts of messages, by kind, in Chinese and English; `{name}` is filled from the data."""

from typing import Any

from app.kit.errors import Words
from app.notify.texts import cases, points

TEXTS: dict[str, tuple[Words, Words]] = {**cases.TEXTS, **points.TEXTS}


def render(kind: str, data: dict[str, Any], language: str) -> tuple[str, str]:
    """Title and text. A value may be a pair `{"zh": .., "en": ..}`; a missing one is empty."""
    title, text = TEXTS[kind]
    filled = _Blank({k: v.get(language, "") if isinstance(v, dict) else v for k, v in data.items()})
    return title.in_language(language), text.in_language(language).format_map(filled).strip()


class _Blank(dict[str, Any]):
    def __missing__(self, _key: str) -> str:
        return ""

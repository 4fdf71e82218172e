"""Taking a person's own name and numbers out of texts."""

from collections.abc import Collection

GONE = "已注销"
# A name that everybody starts with names nobody.
NOBODY = {"微信用户", GONE}
BLOT = "***"
# How fields end that hold somebody's name.
NAMING = ("name", "_by", "actor")


def telling(*words: str | None) -> list[str]:
    """The words that would tell who somebody is, longest first; one character tells nothing."""
    told = {word for word in words if word and len(word) > 1 and word not in NOBODY}
    return sorted(told, key=len, reverse=True)


def blotted(text: str, words: Collection[str]) -> str:
    """The text with each of the words blotted out."""
    for word in words:
        text = text.replace(word, BLOT)
    return text

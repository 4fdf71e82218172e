"""Chinese text as words for a full-text index: pairs of characters, which need no dictionary."""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 32
_RUNS = re.compile("[\u3400-\u9fff]+|[a-z0-9]+")


def words(text: str) -> list[str]:
    """The words to index, each once: "井盖坏" is 井盖, 盖坏 and, so that it can be asked for, 坏.

    Latin letters and digits are whole words, in lower case, without accents.
    """
    found = dict.fromkeys(word for run in _runs(text) for word in _split(run, last=True))
    return list(found)


def asked(text: str) -> list[str]:
    """The words that a text must hold to be found; a lone character stands for what begins so."""
    return list(dict.fromkeys(word for run in _runs(text) for word in _split(run, last=False)))


def is_prefix(word: str) -> bool:
    """Whether an asked word is one Chinese character, which is looked for as a prefix."""
    return len(word) == 1 and word > "z"


def _runs(text: str) -> Iterator[str]:
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in apart if not unicodedata.combining(c)).casefold()
    return (match.group() for match in _RUNS.finditer(plain))


def _split(run: str, *, last: bool) -> Iterator[str]:
    if run[0] <= "z":
        yield run[:LONGEST]
        return
    yield from (run[i : i + 2] for i in range(len(run) - 1))
    if last or len(run) == 1:
        yield run[-1]

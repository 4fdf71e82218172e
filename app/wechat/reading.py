"""Reading what WeChat pushes: XML or JSON into the same dictionary, nothing fetched or expanded."""

import json
from typing import Any
from xml.parsers import expat

from app.kit.schema import CONTROL

DEEPEST = 8


class NotReadable(Exception):
    """Neither XML nor JSON of the kind that WeChat sends."""


def read(body: bytes) -> dict[str, Any]:
    """The fields of a push by WeChat's names; numbers as text. Raises NotReadable."""
    try:
        found = json.loads(body) if body.lstrip()[:1] == b"{" else _Xml().read(body)
        fields: dict[str, Any] = _plain(found)
    except (ValueError, RecursionError, expat.ExpatError) as error:
        raise NotReadable from error
    return fields


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as any database keeps it: text without controls, and nothing nested without end."""
    if depth > DEEPEST:
        raise ValueError("too deep")
    match value:
        case dict():
            return {CONTROL.sub("", key): _plain(v, depth + 1) for key, v in value.items()}
        case list():
            return [_plain(v, depth + 1) for v in value]
        case str():
            return CONTROL.sub("", value)
        case int() | float():
            # XML knows text alone, so a handler need not care which of both was sent.
            return str(value)
        case _:
            return None


class _Xml:
    """Elements by name, repeated ones as a list; a document type, and so any entity, is refused."""

    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, Any]]] = []
        self._text: list[str] = []
        self._root: Any = None

    def read(self, body: bytes) -> dict[str, Any]:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(body, True)
        if not isinstance(self._root, dict):
            raise ValueError("no elements")  # noqa: TRY004 - what was sent is wrong, not our type
        return self._root

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) > DEEPEST:
            raise ValueError("too deep")
        self._open.append((name, {}))
        self._text.clear()

    def _end(self, _name: str) -> None:
        name, children = self._open.pop()
        value: Any = children or "".join(self._text).strip()
        self._text.clear()
        if not self._open:
            self._root = value
            return
        siblings = self._open[-1][1]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]


def _refuse(*_declared: Any) -> None:
    raise ValueError("a document type")

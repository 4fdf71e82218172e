"""Records the SQL of an endpoint, and makes from it units that the bare driver can run.

The statements are the endpoint's own, whatever they are today: one real request is recorded at the
driver's door, with its idempotency rows. In each copy, the ids that the request was about are
exchanged for others, and ids and hashes that it made anew are made anew.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.kit.ids import new_id

# Ids, and hashes of 64 hex digits.
MADE = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}"
Values = Mapping[str, str]
Changes = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter: fixed, an id, or text in which ids are written out (`parts` has both)."""

    fixed: Any = None
    parts: tuple[str, ...] = ()
    is_id: bool = False

    def fill(self, values: Values) -> Any:
        if not self.parts:
            return self.fixed
        if self.is_id:
            return UUID(values[self.parts[0]])
        # Even parts are plain text, odd ones are to be exchanged.
        return "".join(values[p] if i % 2 else p for i, p in enumerate(self.parts))


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    rows: tuple[dict[str, Slot] | tuple[Slot, ...], ...]
    many: bool

    def parameters(self, values: Values) -> Any:
        rows = [
            {name: slot.fill(values) for name, slot in row.items()}
            if isinstance(row, dict)
            else tuple(slot.fill(values) for slot in row)
            for row in self.rows
        ]
        return rows if self.many else rows[0]


@dataclass(frozen=True)
class Recipe:
    """The transactions of one request or pair, and which tokens each copy makes anew."""

    units: tuple[tuple[Statement, ...], ...]
    fresh: tuple[str, ...]

    def values(self, known: Values) -> dict[str, str]:
        """What stands for what in one copy."""
        made = {t: str(new_id()) if "-" in t else secrets.token_hex(32) for t in self.fresh}
        return {**made, **known}


class Tape:
    """Listens at an engine; `units` grows by one list of statements for each commit.

    Ids that were made since `since_ms` (Unix time) belong to what is recorded.
    """

    def __init__(self, engine: Engine, since_ms: int) -> None:
        self.units: list[list[tuple[str, Any, bool]]] = []
        self._now: list[tuple[str, Any, bool]] = []
        self._engine = engine
        self._since_ms = since_ms
        self._listeners: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._statement, "commit": self._commit,
        }  # fmt: skip

    def __enter__(self) -> "Tape":
        for name, listener in self._listeners.items():
            event.listen(self._engine, name, listener)
        return self

    def __exit__(self, *_error: object) -> None:
        for name, listener in self._listeners.items():
            event.remove(self._engine, name, listener)

    def _statement(self, *given: Any) -> None:
        _connection, _cursor, sql, parameters, _context, many = given
        self._now.append((sql, parameters, many))

    def _commit(self, _connection: Any) -> None:
        self.units.append(self._now)
        self._now = []

    def recipe(self, known: Iterable[str]) -> Recipe:
        """What was recorded, ready to be copied; `known` are the ids that each copy is told."""
        told, fresh = set(known), dict[str, None]()
        tokens = re.compile("|".join([*map(re.escape, sorted(told)), MADE]))

        def changes(token: str) -> bool:
            if token in told:
                return True
            if len(token) == 64 or _made_at_ms(token) >= self._since_ms:
                fresh[token] = None
                return True
            return False

        units = tuple(
            tuple(_statement(recorded, tokens, changes) for recorded in unit) for unit in self.units
        )
        return Recipe(units, tuple(fresh))


def _made_at_ms(token: str) -> int:
    return int(token[:8] + token[9:13], 16) if token[14] == "7" else 0


def _statement(
    recorded: tuple[str, Any, bool], tokens: re.Pattern[str], changes: Changes
) -> Statement:
    sql, parameters, many = recorded
    rows = parameters if many else [parameters]
    return Statement(sql, tuple(_row(row, tokens, changes) for row in rows), many)


def _row(row: Any, tokens: re.Pattern[str], changes: Changes) -> dict[str, Slot] | tuple[Slot, ...]:
    if isinstance(row, Mapping):
        return {name: _slot(value, tokens, changes) for name, value in row.items()}
    return tuple(_slot(value, tokens, changes) for value in row)


def _slot(value: Any, tokens: re.Pattern[str], changes: Changes) -> Slot:
    if isinstance(value, UUID):
        return Slot(parts=(str(value),), is_id=True) if changes(str(value)) else Slot(value)
    # psycopg's JSON wrapper; the statement casts its text all the same.
    text = json.dumps(value.obj, ensure_ascii=False) if hasattr(value, "obj") else value
    if not isinstance(text, str):
        return Slot(value)
    parts, end = [""], 0
    for found in tokens.finditer(text):
        if changes(found[0]):
            parts[-1] += text[end : found.start()]
            parts += [found[0], ""]
            end = found.end()
    parts[-1] += text[end:]
    return Slot(parts=tuple(parts)) if len(parts) > 1 else Slot(text)

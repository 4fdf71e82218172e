"""Cursor pages: opaque, tied to the filter they were made for, stable while rows arrive."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, bindparam, literal_column, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.kit.db import core
from app.kit.errors import Invalid, Words
from app.kit.schema import Out

T = TypeVar("T")
SortKey = ColumnElement[Any] | InstrumentedAttribute[Any]


class CursorInvalid(Invalid):
    code = "cursor_invalid"
    title = Words(
        "翻页参数无效或与筛选条件不符", "The cursor is not valid or belongs to another filter"
    )


class Page(Out, Generic[T]):
    """A page of a list; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page")


@dataclass(frozen=True)
class Slice:
    """The rows of one page, before they are shown."""

    rows: Sequence[Any]
    next_cursor: str | None


def cut(
    tx: Session,
    query: Any,
    keys: tuple[SortKey, SortKey],
    *,
    limit: int,
    cursor: str | None,
    filters: Sequence[Any] = (),
    given: Mapping[str, Any] | None = None,
) -> Slice:
    """Reads one page of `query`, newest first, by the sort key and the id in `keys`.

    `given` are the values of the query's own parameters.

    Raises CursorInvalid for a cursor of another filter or a forged one.
    """
    return merged(tx, [(query, keys)], limit=limit, cursor=cursor, filters=filters, given=given)


def merged(
    tx: Session,
    queries: Sequence[tuple[Any, tuple[SortKey, SortKey]]],
    *,
    limit: int,
    cursor: str | None,
    filters: Sequence[Any] = (),
    given: Mapping[str, Any] | None = None,
) -> Slice:
    """One page of several queries of the same columns, each row once, as `cut`.

    Each of them walks its own index; one query with OR between them could walk none.
    """
    begin = place(cursor, filters)
    found: dict[UUID, Any] = {}
    for query, keys in queries:
        statement = limited(query, keys, limit, later=bool(begin))
        for row in tx.execute(statement, {**(given or {}), **begin}):
            found[row.page_id] = row
    return _sliced(found, limit, filters)


@dataclass(frozen=True)
class Walk:
    """A query of a page whose statements are built once: what `limited` gives, and its values.

    `statement(later=.., ended=..)` is asked for it.
    """

    statement: Callable[..., Any]
    given: Mapping[str, Any]


class Gathering:
    """A page of several walks, as `merged`: columns only, by statements with the limit built in.

    `begin` is the page's `place`. A walk after those that have filled the page goes no further back
    than to its `end`.
    """

    def __init__(self, tx: Session, limit: int, begin: Mapping[str, Any]) -> None:
        self._tx, self._limit, self._begin = tx, limit, begin
        self._found: dict[UUID, Any] = {}
        # Where the page ends, as an `ended` statement takes it; empty until it is full.
        self.end: dict[str, Any] = {}

    def take(self, walks: Iterable[Walk]) -> None:
        """Takes what each of the walks gives."""
        for walk in walks:
            statement = walk.statement(later=bool(self._begin), ended=bool(self.end))
            given = {**walk.given, **self._begin, **self.end}
            for row in core(self._tx).execute(statement, given):
                self._found[row.page_id] = row
            if len(self._found) > self._limit:
                last = _newest_first(self._found)[self._limit - 1]
                self.end = {"page_end": last.page_key, "page_end_id": last.page_id}

    def slice(self, filters: Sequence[Any]) -> Slice:
        """The page, with a cursor for these filters."""
        return _sliced(self._found, self._limit, filters)


def _newest_first(found: Mapping[UUID, Any]) -> list[Any]:
    return sorted(found.values(), key=lambda row: (row.page_key, str(row.page_id)), reverse=True)


def _sliced(found: Mapping[UUID, Any], limit: int, filters: Sequence[Any]) -> Slice:
    rows = _newest_first(found)
    last = rows[limit - 1] if len(rows) > limit else None
    return Slice(rows[:limit], _encode(last.page_key, last.page_id, filters) if last else None)


def limited(
    query: Any, keys: tuple[SortKey, SortKey], limit: int, *, later: bool, ended: bool = False
) -> Any:
    """A page of `query`, newest first, and one row more; a `later` one begins after a place, an
    `ended` one ends before another."""
    key, row_id = keys
    query = query.add_columns(key.label("page_key"), row_id.label("page_id"))
    if later:
        query = query.where(tuple_(key, row_id) < _place_of(keys, "page_after", "page_id_after"))
    if ended:
        query = query.where(tuple_(key, row_id) > _place_of(keys, "page_end", "page_end_id"))
    # The number itself: planners guess badly of a page whose size they do not know.
    return query.order_by(key.desc(), row_id.desc()).limit(literal_column(str(limit + 1)))


def _place_of(keys: tuple[SortKey, SortKey], at: str, row_id: str) -> Any:
    return tuple_(bindparam(at, type_=keys[0].type), bindparam(row_id, type_=keys[1].type))


def place(cursor: str | None, filters: Sequence[Any]) -> dict[str, Any]:
    """Where a page begins, as a `later` statement takes it; nothing for the first one.

    Raises CursorInvalid for a cursor of another filter or a forged one.
    """
    if cursor is None:
        return {}
    at, last_id = _decode(cursor, filters)
    return {"page_after": at, "page_id_after": last_id}


def page(
    tx: Session, query: Any, keys: tuple[SortKey, SortKey], *, build: Callable[[Any], T], **how: Any
) -> Page[T]:
    """A page whose rows are shown one by one by `build`; `how` as for `cut`."""
    found = cut(tx, query, keys, **how)
    return Page(items=[build(row) for row in found.rows], next_cursor=found.next_cursor)


def _filter_hash(filters: Sequence[Any]) -> str:
    return hashlib.sha256(repr([str(f) for f in filters]).encode()).hexdigest()[:12]


def _encode(key: datetime, row_id: UUID, filters: Sequence[Any]) -> str:
    text = json.dumps([key.isoformat(), str(row_id), _filter_hash(filters)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, filters: Sequence[Any]) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key, row_id, belongs_to = json.loads(text)
        at, last_id = datetime.fromisoformat(key), UUID(row_id)
        # An instant at the edge of the calendar has no UTC; a number has no `replace`.
        instant = at.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CursorInvalid from error
    if belongs_to != _filter_hash(filters) or at.tzinfo is None:
        raise CursorInvalid
    return instant, last_id

"""The words of the full-text index: how a search is asked on each engine, and how often it hits.

What a search finds seldom is taken by its ids; what it finds often is looked for along the queue's
own walk, which meets a page of it soon. Where nothing but words narrows the queue, rows alone order
what the index finds: SQLite's is walked backwards itself, and PostgreSQL counts what it finds and
tells the newest at once. Either way a page costs the same among any number of cases.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.cases.models import CaseScope, CaseText
from app.kit import bigrams
from app.kit.columns import FreeText, IdType
from app.kit.db import core

# Up to here the matches of a search are taken by their ids. A page of more is soon met on a walk:
# at these numbers both ways read about as many, among 100,000 cases and 5,000 open ones.
SELDOM, SELDOM_OPEN = 900, 300
# Up to here all matches are listed first, so that a walk need not read its texts. PostgreSQL reads
# the text of each match to make the list, SQLite its index alone.
MANY = {"sqlite": 5_000, "postgresql": 2_000}
# SQLite's index cannot leap when it is read backwards: that pays where a scope has many cases.
LARGE = 2_000
_IDS = postgresql.ARRAY(IdType())
# Cases whose rows and instants stand in another order, by the moments between two of our clocks.
SLACK = 20


def match(tx: Session, asked: Sequence[str], scopes: Sequence[str]) -> str:
    """The search of every word in any of the scopes, in the words of the engine."""
    if is_sqlite(tx):
        terms = [f'"{word}"*' if bigrams.is_prefix(word) else f'"{word}"' for word in asked]
        either, both = " OR ", " AND "
    else:
        terms = [f"'{word}':*" if bigrams.is_prefix(word) else f"'{word}'" for word in asked]
        either, both = " | ", " & "
    if scopes:
        # First, for the scope is what the fewest cases have.
        terms.insert(0, f"({either.join(scopes)})")
    return both.join(terms)


def is_large(tx: Session, scope: str | Sequence[str]) -> bool:
    """Whether more than LARGE cases lie in a region, or in several."""
    codes = [scope] if isinstance(scope, str) else scope
    lying = select(CaseScope.case_id).where(CaseScope.region_code.in_(codes)).limit(LARGE + 1)
    return (tx.scalar(select(func.count()).select_from(lying.subquery())) or 0) > LARGE


def many(*, sqlite: bool) -> int:
    """How many matches are listed at most, by the engine."""
    return MANY["sqlite" if sqlite else "postgresql"]


class Hits(NamedTuple):
    """How many cases a search finds, up to one more than MANY.

    With the ids of a page of the newest and a little more, where they were asked for.
    """

    amount: int
    newest: Sequence[UUID] | None = None


def hits(tx: Session, newest: int, given: Mapping[str, Any]) -> Hits:
    """What the search `:match` of the values finds; the ids as `counted` gives them."""
    sqlite, later = is_sqlite(tx), "page_after" in given
    query = _hits(newest, many(sqlite=sqlite), sqlite=sqlite, later=later)
    return Hits(*core(tx).execute(query, given).one())


@lru_cache
def _hits(newest: int, most: int, *, sqlite: bool, later: bool) -> Select[Any]:
    return select(*counted(newest, most, sqlite=sqlite, later=later))


def counted(newest: int, most: int, *, sqlite: bool, later: bool) -> list[Any]:
    """The columns of `Hits`; the ids on PostgreSQL alone, for a page of so many, or none for 0."""
    found = (_rows(most) if sqlite else _found(most, "row")).subquery()
    amount = select(func.count()).select_from(found).scalar_subquery()
    if sqlite or not newest:
        return [amount]
    ids = select(found.c.case_id).order_by(found.c.row.desc()).limit(_enough(newest))
    if later:
        ids = ids.where(_goes_on(found.c.row))
    return [amount, select(func.array_agg(ids.subquery().c.case_id)).scalar_subquery()]


def _rows(most: int) -> Any:
    matched = text("case_words MATCH :match").bindparams(bindparam("match", type_=FreeText))
    rows: Any = select(literal_column("rowid")).select_from(table("case_words"))
    # Limited in here: outside, every match would be fetched first.
    return rows.where(matched).limit(literal_column(str(most + 1)))


@lru_cache
def found_ids(*, sqlite: bool) -> Select[Any]:
    """The ids of what the search `:match` finds, one more than SELDOM at most."""
    if sqlite:
        return select(CaseText.case_id).where(CaseText.row.in_(_rows(SELDOM)))
    return _found(SELDOM)


def _found(most: int, *more: str) -> Select[Any]:
    """As `found_ids` on PostgreSQL, of any number of them, and more columns of theirs."""
    # The words of a query are cut already: a cast takes them as they are. The vector is written as
    # the index has it, without a parameter, or the index is not used.
    vector: Any = literal_column("array_to_tsvector(string_to_array(case_texts.words, ' '))")
    matched = vector.op("@@", is_comparison=True)(
        cast(bindparam("match", type_=FreeText), postgresql.TSQUERY)
    )
    # Apart, or a scan of all texts seems the way to so few: it takes ten times as long.
    found = select(CaseText.case_id, CaseText.row).where(matched).cte("found")
    found = found.prefix_with("MATERIALIZED")
    columns = found.c.case_id, *(found.c[name] for name in more)
    return select(*columns).limit(literal_column(str(most + 1)))


@lru_cache
def newest_ids(limit: int, *, later: bool) -> Select[Any]:
    """The ids of the newest that `:match` finds on SQLite, a page and a little more.

    Rows are numbered as cases are opened, and keep their numbers; so a page is the end of a list,
    however long that is. A `later` one goes on from the case `:page_id_after`.
    """
    row: Any = literal_column("rowid")
    matched = text("case_words MATCH :match").bindparams(bindparam("match", type_=FreeText))
    rows: Any = select(row).select_from(table("case_words")).where(matched)
    if later:
        rows = rows.where(_goes_on(row))
    rows = rows.order_by(row.desc()).limit(_enough(limit))
    return select(CaseText.case_id).where(CaseText.row.in_(rows))


def _enough(limit: int) -> Any:
    return literal_column(str(limit + 1 + 2 * SLACK))


def _goes_on(row: Any) -> Any:
    """Whether a row may stand on a later page."""
    last = CaseText.case_id == bindparam("page_id_after", type_=IdType())
    return row < select(CaseText.row + SLACK).where(last).scalar_subquery()


def is_listed(case_id: Any, *, sqlite: bool) -> ColumnElement[bool]:
    """Whether a case is among those that `:match` finds, MANY at most."""
    if not sqlite:
        # Asked whether it is true, a list is made once and looked into on the walk; a condition
        # alone would be taken for the way to the cases.
        return case_id.in_(_found(many(sqlite=False))).is_(true())  # type: ignore[no-any-return]
    row = select(CaseText.row).where(CaseText.case_id == case_id).correlate(case_id.table)
    return row.scalar_subquery().in_(_rows(many(sqlite=True)))


def is_told(case_id: Any) -> ColumnElement[bool]:
    """Whether a case is among `:newest`, which PostgreSQL has told before."""
    return case_id == func.any(bindparam("newest", type_=_IDS))  # type: ignore[no-any-return]


def holds(case_id: Any, amount: int, *, sqlite: bool) -> ColumnElement[bool]:
    """Whether the words of a case hold so many others, which `held` gives."""
    place = func.instr if sqlite else func.strpos
    text_of: Any = literal_column("' ' || case_texts.words || ' '")
    each = (place(text_of, bindparam(f"word_{n}", type_=FreeText)) > 0 for n in range(amount))
    # The text is looked up once, and tested for every word.
    query = select(and_(*each)).select_from(CaseText).where(CaseText.case_id == case_id)
    return query.correlate(case_id.table).scalar_subquery()


def held(asked: Sequence[str]) -> dict[str, str]:
    """The values of `holds`: a whole word ends with a space, a prefix does not."""
    return {
        f"word_{n}": f" {word}" if bigrams.is_prefix(word) else f" {word} "
        for n, word in enumerate(asked)
    }


def is_sqlite(tx: Session) -> bool:
    return tx.get_bind().dialect.name == "sqlite"

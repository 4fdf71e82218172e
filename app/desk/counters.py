"""The desk's counters: how much waits for whom."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    bindparam,
    func,
    literal_column,
    select,
    text,
    union,
)
from sqlalchemy.orm import Session

from app.cases.models import SURELY_OPEN, Case, CaseScope
from app.desk import queue
from app.desk.schemas import MOST_COUNTED, CountersOut
from app.desk.search import is_sqlite
from app.desk.walks import FLAGS
from app.identity.access import Actor
from app.kit import clock
from app.kit.columns import CodeText, IdType, InstantType
from app.kit.db import core
from app.posts import queries as posts
from app.regions.models import Region


def counters(tx: Session, actor: Actor, region: str | None) -> CountersOut:
    """How many open cases wait for what: of the actor's regions, and given to them elsewhere.

    Each is what a page of the queue shows, counted in an index and up to MOST_COUNTED, so that it
    costs the same among any number of cases. `region` is a code, with its subtree; `mine` counts in
    whichever region.
    """
    now = clock.now()
    codes = queue.scopes(tx, actor, region)
    given = {
        "codes": codes, "now": now, "person": actor.person_id,
        "units": posts.units_of(tx, actor.person_id, now),
    }  # fmt: skip
    query = _counters(sqlite=is_sqlite(tx))
    found = dict(core(tx).execute(query, given).one()._mapping)  # noqa: SLF001
    # Whoever holds the whole of what is counted has met every case of it already.
    if not queue.holds_all(tx, codes, region):
        places = queue.within(tx, region) if region else {}
        query = _elsewhere(within=region is not None)
        own = core(tx).execute(query, {**given, **places}).one()._mapping  # noqa: SLF001
        found |= {name: min(found[name] + own[name], MOST_COUNTED) for name in own}
    return CountersOut(counted_to=MOST_COUNTED, **found)


_CASE: Any = Case.__table__.c
_SCOPE: Any = CaseScope.__table__.c
_CODES = bindparam("codes", type_=CodeText, expanding=True)
_NOW = bindparam("now", type_=InstantType())


def _kinds(table: str) -> dict[str, list[ColumnElement[bool]]]:
    """What each counter counts; what partial indexes name is spelled as they have it."""

    def of(name: str) -> Any:
        return literal_column(f"{table}.{name}", _SCOPE[name].type)

    is_open: ColumnElement[bool] = literal_column(f"{table}.{SURELY_OPEN}")
    return {
        "to_verify": [of("status").in_(("reported", "verifying"))],
        "to_dispatch": [of("status") == "filed"],
        "to_sign": [of("status") == "dispatched"],
        "in_progress": [of("status") == "in_progress"],
        "to_check": [of("status") == "resolved"],
        "suspended": [of("status") == "suspended"],
        # Only what is open has a deadline.
        "due_soon": [of("due_at") >= _NOW, of("warn_at") <= _NOW],
        "overdue": [of("due_at") < _NOW],
        **{flag: [literal_column(f"{table}.{flag}"), is_open] for flag in FLAGS},
    }


@cache
def _counters(*, sqlite: bool) -> Any:
    region = literal_column("case_scopes.region_code", CodeText)
    counts = []
    for name, conditions in _kinds("case_scopes").items():
        # SQLite keeps no statistics here, and would as soon count a flag along any other index.
        by = f"INDEXED BY ix_case_scopes_{name}" if sqlite and name in FLAGS else ""
        rows: Any = select(literal_column("1")).select_from(text(f"case_scopes {by}"))
        counts.append(_counted(rows.where(region.in_(_CODES), *conditions)).label(name))
    return select(*counts, _counted(_mine()).label("mine"))


@cache
def _elsewhere(*, within: bool) -> Any:
    """The same of the cases that are given to the actor in regions that they do not read."""
    # Asked by IN: an EXISTS would be answered by hashing every case of the regions.
    own = _SCOPE.case_id == _CASE.id, _SCOPE.region_code.in_(_CODES)
    scoped = _CASE.id.in_(select(_SCOPE.case_id).where(*own))
    counts = [
        func.count().filter(*conditions).label(name) for name, conditions in _kinds("cases").items()
    ]
    query = select(*counts).select_from(Case).where(_CASE.id.in_(_mine(~scoped)))
    if within:
        place = Region.path >= bindparam("within_from"), Region.path < bindparam("within_to")
        query = query.join(Region, Region.code == _CASE.region_code).where(*place)
    return query


def _mine(*narrowed: ColumnElement[bool]) -> Any:
    # Two walks of two indexes; one condition with OR between them could use neither.
    given = (
        _CASE.assignee_id == bindparam("person", type_=IdType()),
        _CASE.unit_code.in_(bindparam("units", type_=CodeText, expanding=True)),
    )
    is_open: ColumnElement[bool] = literal_column(f"cases.{SURELY_OPEN}")
    walks = (_up_to(select(_CASE.id).where(mine, is_open, *narrowed)) for mine in given)
    return union(*(select(walk) for walk in walks))


def _counted(rows: Any) -> ScalarSelect[int]:
    return select(func.count()).select_from(_up_to(rows)).scalar_subquery()


def _up_to(rows: Any) -> Any:
    return rows.limit(literal_column(str(MOST_COUNTED))).subquery()

"""Engines of one kind in a process share their dialect, and so all that was compiled for it.

Each test opens databases of its own; what is compiled for one engine is of no use to another, and
doing it anew for every test was a seventh of the suite's time.
"""

from typing import Any

import sqlalchemy
from sqlalchemy import URL, Engine

from app.kit import db

_first: dict[tuple[str, str | None], Engine] = {}


def create_engine(url: URL, **given: Any) -> Engine:
    """As SQLAlchemy's; but for the dialect its engines stay apart, with pools of their own."""
    engine = sqlalchemy.create_engine(url, **given)
    kind = (engine.dialect.name, given.get("isolation_level"))
    first = _first.setdefault(kind, engine)
    if first.dialect.server_version_info is None:
        # It never connected, and so knows nothing of its server.
        _first[kind] = engine
    else:
        engine.dialect = engine.pool._dialect = first.dialect
        engine._compiled_cache = first._compiled_cache
    return engine


def share() -> None:
    db.create_engine = create_engine

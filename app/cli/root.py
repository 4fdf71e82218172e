"""The Typer application that every command joins, and the unit of work that most of them need."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from sqlalchemy.orm import Session

from app.kit import db as kit_db
from app.settings import Settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def unhurried(url: str) -> kit_db.Database:
    """A database that cuts off no statement: an operator waits, and no request does."""
    return kit_db.make_database(url, pool_size=2, statement_timeout_s=0, lock_timeout_s=60)


@contextmanager
def unit(*, write: bool = True, hurried: bool = True) -> Iterator[Session]:
    """One unit of work on the configured database; unhurried, it may take as long as it takes."""
    url = Settings().database_url
    db = kit_db.make_database(url, pool_size=2) if hurried else unhurried(url)
    try:
        with kit_db.work(db, write=write) as tx:
            yield tx
    finally:
        db.close()

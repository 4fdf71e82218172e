"""The Typer application that every command joins, and the unit of work that most of them need."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from sqlalchemy.orm import Session

from app.kit import db as kit_db
from app.settings import Settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@contextmanager
def unit(*, write: bool = True) -> Iterator[Session]:
    """One unit of work on the configured database."""
    db = kit_db.make_database(Settings().database_url, pool_size=2)
    try:
        with kit_db.work(db, write=write) as tx:
            yield tx
    finally:
        db.close()

"""What a database refuses or cannot do, in the house's own errors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.kit.errors import AppError, NoSpace, Unavailable

T = TypeVar("T")
# PostgreSQL's words for what lost to another unit of the same moment: a key that was taken, locks
# in a circle, a snapshot too old. SQLite's writers take turns: there it is our fault.
LOST = frozenset({"23505", "40P01", "40001"})
MOST_AGAIN = 2


def persistent(tx: Session, do: Callable[[], T], again: int = MOST_AGAIN) -> T:
    """Does it in a savepoint, so that a refusal leaves no trace and can be committed.

    What loses to a rival is taken back, with its locks, so that the rival goes on; then it is done
    again, and finds what the other one did as if it had begun a moment later.
    """
    try:
        with tx.begin_nested():
            return do()
    except DBAPIError as error:
        if not again or getattr(error.orig, "sqlstate", None) not in LOST:
            raise
    return persistent(tx, do, again - 1)


@contextmanager
def translated() -> Iterator[None]:
    """Turns what a lost, busy or full database throws into `Unavailable` or `NoSpace`."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable from error
    except DBAPIError as error:
        _translate(error)


# What SQLite says of a file that cannot be written for now.
AWAY = ("database is locked", "disk I/O", "readonly database", "unable to open")


def _translate(error: DBAPIError) -> NoReturn:
    original = error.orig
    lost = error.connection_invalidated or isinstance(
        original,
        (
            psycopg.errors.ConnectionTimeout, psycopg.errors.QueryCanceled,
            psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected,
            psycopg.errors.AdminShutdown, psycopg.errors.CannotConnectNow,
            psycopg.errors.TooManyConnections, psycopg.errors.ReadOnlySqlTransaction,
        ),
    )  # fmt: skip
    plain_operational = type(original) is psycopg.OperationalError
    text = str(original)
    if isinstance(original, psycopg.errors.DiskFull) or "disk is full" in text:
        raise NoSpace from error
    if lost or plain_operational or any(words in text for words in AWAY):
        raise Unavailable from error
    raise error


@contextmanager
def constraints(errors: Mapping[str, type[AppError]]) -> Iterator[None]:
    """Turns the violation of a named constraint into the feature's own error; others pass."""
    try:
        yield
    except IntegrityError as error:
        name = violated(error)
        for constraint, refusal in errors.items():
            if constraint == name or constraint in name:
                raise refusal from error
        raise


def violated(error: IntegrityError) -> str:
    """The name of the broken constraint (SQLite names columns for UNIQUE and CHECKs by name)."""
    diagnostic = getattr(error.orig, "diag", None)
    return str(getattr(diagnostic, "constraint_name", None) or error.orig)

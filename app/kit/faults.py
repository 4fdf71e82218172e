"""What a database refuses or cannot do, in the house's own errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kit.errors import AppError, NoSpace, Unavailable


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

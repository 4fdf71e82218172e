"""A full or read-only disk is 507 or 503, never a 500 (the driver's own errors, mapped)."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.kit.errors import NoSpace, Unavailable
from app.kit.faults import translated


@pytest.mark.parametrize(
    ("original", "answer"),
    [
        (sqlite3.OperationalError("database or disk is full"), NoSpace),
        (psycopg.errors.DiskFull("could not extend file"), NoSpace),
        (sqlite3.OperationalError("attempt to write a readonly database"), Unavailable),
        (sqlite3.OperationalError("unable to open database file"), Unavailable),
        (sqlite3.OperationalError("no such table: people"), OperationalError),
    ],
)
def test_is_answered_for_what_it_is(original, answer):
    with pytest.raises(answer), translated():
        raise OperationalError("INSERT", {}, original)

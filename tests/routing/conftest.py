"""One stage a module and engine; what a test of decisions makes is rolled back at its end."""

import pytest
from cast import make_map
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from routing.build import Town
from sqlalchemy.orm import Session

from app.categories import service as categories
from app.grids.service import GridCache
from app.kit.db import work
from app.posts import service as posts


@pytest.fixture(scope="module")
def mapped(db):
    """The cast's map, the seeds, and nobody."""
    with work(db, write=True) as tx:
        make_map(tx)
        posts.load_seed(tx)
        categories.load_seed(tx)
    return db


@pytest.fixture(scope="module")
def grids():
    return GridCache()


@pytest.fixture
def town(mapped, grids):
    """People, posts and rules of one test, in a transaction that never ends well."""
    with mapped.writers, Session(mapped.writer, expire_on_commit=False) as tx:
        yield Town(tx, grids)
        tx.rollback()

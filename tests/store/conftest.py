"""The shop of most tests here: whatever happens, the audit finds nothing afterwards."""

import pytest
from ledger.build import broken, points
from store.build import make_shop, stock

from app.kit.db import work


@pytest.fixture
def shop(db):
    """Liu Bo has 30 points."""
    with work(db, write=True) as tx:
        built = make_shop(tx, points=30)
    yield built
    assert broken(db) == []


@pytest.fixture
def look(db, shop):
    """What is on the shelf and on Liu Bo's account."""

    def now():
        with work(db, write=False) as tx:
            return stock(tx, shop.soap), points(tx, shop.liu_bo)

    return now

"""One stage a module and engine, where each test of settling has a station of its own."""

import pytest
from cast import contribute
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from settlements.build import Office, Shop

from app.kit.db import work


@pytest.fixture(scope="module")
def _money(db, cast):
    with work(db, write=True) as tx:
        contribute(tx, cast.fund.id, cast.ma, cast.wu, 100_000_000)


@pytest.fixture
def open_shop(client, db, cast, as_, newcomer, _money):
    return lambda **how: Shop(client, db, cast, as_, newcomer, **how)


@pytest.fixture
def shop(open_shop):
    return open_shop()


@pytest.fixture
def office(client, as_, cast):
    return Office(client, as_, cast)

"""This folder's tests share one stage a module and engine, with the seed of posts loaded."""

import pytest
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from posts.build import Office

from app.kit.db import work
from app.posts import service


@pytest.fixture(scope="module")
def office(client, db, cast, as_, newcomer):
    """The administrator's desk: appoints newcomers and puts them on leave."""
    with work(db, write=True) as tx:
        service.load_seed(tx)
    return Office(client, cast, as_, newcomer)

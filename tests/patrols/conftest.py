"""This folder's tests share one stage a module and engine."""

from types import SimpleNamespace

import pytest
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401


@pytest.fixture
def desk(cast, as_, _in_the_morning):
    """Fresh headers of the staff: these tests move the clock further than a token lives."""
    staff = {name: as_(getattr(cast, name)) for name in ("wang", "zhao", "qian", "sun")}
    return SimpleNamespace(**staff)

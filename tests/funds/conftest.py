"""This folder's tests share one stage a module and engine."""

import pytest
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401


@pytest.fixture(scope="module")
def ma(as_, cast):
    """Headers of the fund manager."""
    return as_(cast.ma)


@pytest.fixture(scope="module")
def wu(as_, cast):
    """Headers of the fund approver."""
    return as_(cast.wu)

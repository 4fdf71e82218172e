"""This folder's tests share one stage a module and engine."""

from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from matrix.world import ask, world  # noqa: F401

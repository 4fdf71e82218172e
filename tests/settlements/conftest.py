"""This folder's tests share one stage a module and engine; each has a station of its own."""

from settlements.shops import *  # noqa: F403 - fixtures are found by their names
from settlements.shops import _money, _quick  # noqa: F401

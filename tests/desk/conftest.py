"""The stage of the matrix, for the staff's desk."""

from matrix.stage import *  # noqa: F403
from matrix.stage import _quick  # noqa: F401

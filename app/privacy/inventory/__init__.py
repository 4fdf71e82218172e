"""The inventory of personal data: what every column of every table says, and of whom.

A copy of somebody's data, its end and its sealing are driven by it, and a house test fails for a
column that is not in it.
"""

from app.privacy.inventory.common import COMMON
from app.privacy.inventory.own import OWN
from app.privacy.inventory.sheet import Sheet

TABLES: dict[str, Sheet] = {**OWN, **COMMON}

# Every field of a log line: none names a person, no address, no path as it was asked for.
LOG_FIELDS = frozenset(
    {
        "request_id", "method", "route", "status", "ms", "count", "counts", "position", "chain",
        "message", "errcode", "error", "exc_info", "job",
    }
)  # fmt: skip

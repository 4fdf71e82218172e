"""Units that race for points: each commits, or the ledger refuses it."""

from collections.abc import Callable
from typing import Any

from app.kit.db import Database, work
from app.ledger.errors import HoldResolved, PointsInsufficient, PoolExhausted

REFUSED = (PointsInsufficient, PoolExhausted, HoldResolved)


def unit(db: Database, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """One committed unit; what it gave, or what refused it. A deadlock would be an error."""
    try:
        with work(db, write=True) as tx:
            return function(tx, *args, **named)
    except REFUSED as refusal:
        return type(refusal).__name__

"""Points and funds over HTTP: points first, for they are the busiest."""

from app.ledger.api import funds, points, returns

router = points.router
others = (funds.router, returns.router)

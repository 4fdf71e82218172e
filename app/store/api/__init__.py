"""The points store over HTTP: redeeming first, for it is the busiest."""

from app.store.api import counter, goods, redeeming, shelves

router = redeeming.router
others = (goods.router, shelves.router, counter.router)

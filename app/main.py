"""The server: `create_app(settings)` puts the whole house together."""

import gc
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, FastAPI

from app import tables
from app.accounts import api as accounts
from app.approvals import api as approvals
from app.calendars import api as calendars
from app.cases import api as cases
from app.categories import api as categories
from app.conduct import api as conduct
from app.corrections import api as corrections
from app.desk import api as desk
from app.feedback import api as feedback
from app.furniture import furnish, tools_of
from app.grids import api as grids
from app.groups import api as groups
from app.home import api as home
from app.households import api as households
from app.identity import api as identity
from app.identity import queries as identity_queries
from app.kit import docs, guard, health, logs, memory, migrate, openapi, problems
from app.kit.db import Database, work
from app.kit.rates import Rates
from app.kit.unit import UNSAFE
from app.ledger import api as ledger
from app.media import api as media
from app.mini import api as mini
from app.notify import api as notify
from app.patrols import api as patrols
from app.posts import api as posts
from app.privacy import api as privacy
from app.proofs import api as proofs
from app.regions import api as regions
from app.relations import api as relations
from app.reports import api as reports
from app.rewards import api as rewards
from app.routing import api as routing
from app.safety import api as safety
from app.settings import Settings
from app.settlements import api as settlements
from app.statements import api as statements
from app.store import api as store
from app.supervision import api as supervision
from app.till import api as till
from app.tracing import api as tracing
from app.uploads import api as uploads
from app.webhooks import api as webhooks
from app.worker import Worker, make_handlers

T = TypeVar("T")
VERSION = "0.1.0"
DESCRIPTION = """新新e家: couriers and riders report what is broken in the street (随手拍), see it
fixed, and are thanked with points (积分) that buy daily goods. Errors are RFC 9457 problems with a
stable `code`; every write takes an `Idempotency-Key`; lists are cursor pages."""
ROUTERS: tuple[APIRouter, ...] = (
    # Matched in this order, so the busiest come first.
    # Relations stand before reports, or `nearby` would be taken for the id of a report.
    ledger.router, relations.router, reports.router, cases.router, home.router, store.router,
    desk.router, notify.mine,
    media.router, identity.router, notify.router, grids.router, categories.router, regions.router,
    rewards.router, calendars.router, posts.router, routing.router,
    feedback.router, uploads.router,
    *ledger.others, *store.others, *rewards.others, approvals.router, supervision.router,
    patrols.router, groups.router, till.router, proofs.router, households.router,
    corrections.router, settlements.router, statements.router, tracing.router, webhooks.router,
    conduct.router, mini.router, safety.router, privacy.router, *privacy.others, *accounts.routers,
    health.router,
)  # fmt: skip


def create_app(settings: Settings) -> FastAPI:
    """The application for these settings; nothing is opened before it starts."""
    return fit_out(build(settings), settings)


def build(settings: Settings) -> FastAPI:
    """The bare house: everything that can be asked, and how it refuses."""
    app = FastAPI(
        title="新新e家 xinxin-ejia", version=VERSION, description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=None,
    )  # fmt: skip
    for router in routers_of(settings):
        app.include_router(router)
    problems.install(app)
    openapi.install(app)
    if settings.serves_docs:
        docs.install(app)
    return app


def routers_of(settings: Settings) -> list[APIRouter]:
    return [*ROUTERS, identity.development] if settings.in_development else list(ROUTERS)


def fit_out(app: FastAPI, settings: Settings) -> FastAPI:
    """Furnishes the house and sets its guard at the door."""
    furnish(app, settings)
    app.add_middleware(
        guard.Guard,
        verify=app.state.token_keys.verify,
        open_writes=frozenset(_open_writes(routers_of(settings))),
        upload_paths={"/v1/photos"},
        rates=Rates(**settings.rates),
    )
    return app


def _open_writes(routers: list[APIRouter]) -> Iterator[str]:
    """The paths that anyone may post to: writes without an actor."""
    for router in routers:
        for route in router.routes:
            unit: Any = getattr(getattr(route, "endpoint", None), "unit", None)
            writes = UNSAFE & set(getattr(route, "methods", ()))
            # A path that anyone may read can still be one that few may write to.
            if unit is not None and unit.resolver is None and writes:
                yield getattr(route, "path", "")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Refuses to serve on a wrong schema; runs the worker beside the server unless told not to."""
    state, settings = app.state, app.state.settings
    await anyio.to_thread.run_sync(refuse_wrong_database, state.db, settings)
    for pool in {state.decoder, state.coverer}:
        await pool.start()
    worker = Worker(state.db, make_handlers(tools_of(state)))
    thread = threading.Thread(target=worker.run, name="worker")
    if settings.worker == "embedded":
        thread.start()
    # Routes are made ready when first asked, which costs half a second: now, and nobody waits.
    for route in app.router.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "headers": []})
    settle_memory()
    try:
        yield
    finally:
        worker.stop()
        if thread.is_alive():
            await anyio.to_thread.run_sync(thread.join)
        for pool in {state.decoder, state.coverer}:
            await pool.stop()
        await state.wechat.aclose()
        await anyio.to_thread.run_sync(state.errands.close)
        state.robots.close()
        state.db.close()


def settle_memory() -> None:
    """What was built at start lives for ever: the collector need not look at it again."""
    gc.collect()
    gc.freeze()


def refuse_wrong_database(db: Database, settings: Settings) -> None:
    """Raises SchemaWrong, or RuntimeError for a demo's database in production."""
    migrate.check(db, tables.GUARDED)
    if not settings.in_development:
        refuse_development_accounts(db)


def refuse_development_accounts(db: Database) -> None:
    """Raises RuntimeError when the demo's accounts are in a database that is to be real."""
    with work(db, write=False) as tx:
        if identity_queries.has_development_accounts(tx):
            raise RuntimeError("this database holds development accounts: use another one")


def from_environment() -> FastAPI:
    """The factory for `uvicorn --factory app.main:from_environment`."""
    memory.give_back()
    settings = Settings()
    logs.configure(settings.log_level)
    return create_app(settings)

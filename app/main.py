"""The server: `create_app(settings)` puts the whole house together."""

import gc
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, FastAPI

from app import tables
from app.approvals import api as approvals
from app.calendars import api as calendars
from app.cases import api as cases
from app.cases import deeds
from app.categories import api as categories
from app.corrections import api as corrections
from app.desk import api as desk
from app.feedback import api as feedback
from app.grids import api as grids
from app.grids.service import GridCache
from app.groups import api as groups
from app.home import api as home
from app.households import api as households
from app.identity import api as identity
from app.identity import queries as identity_queries
from app.identity.tokens import TokenKeys, key_id
from app.kit import docs, guard, health, logs, migrate, openapi, problems
from app.kit.db import Database, make_database, work
from app.kit.idempotency import InFlight
from app.kit.seal import Seal
from app.ledger import api as ledger
from app.ledger.codes import TraceCodes
from app.media import api as media
from app.media.bucket import LocalBucket
from app.media.decoder import Decoder
from app.media.views import Signer
from app.notify import api as notify
from app.patrols import api as patrols
from app.posts import api as posts
from app.proofs import api as proofs
from app.regions import api as regions
from app.relations import api as relations
from app.reports import api as reports
from app.rewards import api as rewards
from app.routing import api as routing
from app.settings import Settings
from app.settlements import api as settlements
from app.statements import api as statements
from app.store import api as store
from app.store.codes import Codes
from app.supervision import api as supervision
from app.till import api as till
from app.till.codes import MemberCodes
from app.tracing import api as tracing
from app.webhooks import api as webhooks
from app.webhooks.carrier import Carrier
from app.webhooks.rules import Reach
from app.wechat.client import WechatClient
from app.wechat.robots import Robots
from app.worker import Tools, Worker, make_handlers

VERSION = "0.1.0"
DESCRIPTION = """新新e家: couriers and riders report what is broken in the street (随手拍), see it
fixed, and are thanked with points (积分) that buy daily goods. Errors are RFC 9457 problems with a
stable `code`; every write takes an `Idempotency-Key`; lists are cursor pages."""
ROUTERS: tuple[APIRouter, ...] = (
    # Matched in this order, so the busiest come first.
    # Relations stand before reports, or `nearby` would be taken for the id of a report.
    ledger.router, relations.router, reports.router, cases.router, home.router, store.router,
    desk.router,
    media.router, identity.router, notify.router, grids.router, categories.router, regions.router,
    rewards.router, calendars.router, posts.router, routing.router,
    feedback.router,
    *ledger.others, *store.others, *rewards.others, approvals.router, supervision.router,
    patrols.router, groups.router, till.router, proofs.router, households.router,
    corrections.router, settlements.router, statements.router, tracing.router, webhooks.router,
    health.router,
)  # fmt: skip


def create_app(settings: Settings) -> FastAPI:
    """The application for these settings; nothing is opened before it starts."""
    app = FastAPI(
        title="新新e家 xinxin-ejia", version=VERSION, description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=None,
    )  # fmt: skip
    routers = [*ROUTERS, identity.development] if settings.in_development else list(ROUTERS)
    for router in routers:
        app.include_router(router)
    problems.install(app)
    openapi.install(app)
    if settings.serves_docs:
        docs.install(app)
    furnish(app, settings)
    app.add_middleware(
        guard.Guard,
        verify=app.state.token_keys.verify,
        open_writes=frozenset(_open_writes(routers)),
        upload_paths={"/v1/photos"},
    )
    return app


def furnish(app: FastAPI, settings: Settings) -> None:
    """Puts what endpoints take by `FromApp` on the application's state."""
    state = app.state
    state.settings = settings
    state.strict = False
    state.db = make_database(settings.database_url, pool_size=settings.pool_size)
    # As many threads as connections: a thread that waits for one would stall its holder's commit.
    state.threads = anyio.CapacityLimiter(settings.pool_size)
    state.hashing = anyio.CapacityLimiter(2)
    state.printing = anyio.CapacityLimiter(1)
    state.in_flight = InFlight()
    state.token_keys = TokenKeys(_token_secrets(settings))
    state.wechat_appid = settings.wechat_appid
    state.wechat = WechatClient(
        settings.wechat_appid, settings.wechat_secret.get_secret_value(), settings.wechat_url
    )
    state.bucket = LocalBucket(settings.data_dir)
    state.decoder = Decoder(settings.decoders)
    media_secret = settings.media_secret.get_secret_value().encode()
    state.signer = Signer(media_secret, timedelta(minutes=settings.media_url_minutes))
    state.grids = GridCache()
    code_secret = settings.code_secret.get_secret_value().encode()
    state.codes = Codes(
        code_secret,
        timedelta(minutes=settings.redemption_minutes),
        timedelta(minutes=settings.offline_minutes),
    )
    state.member_codes = MemberCodes(code_secret)
    state.trace_codes = TraceCodes(code_secret)
    state.seal = Seal(settings.seal_secret.get_secret_value())
    state.webhook_reach = reach_of(settings)
    state.carrier = Carrier(state.seal, state.webhook_reach)
    state.robots = Robots(state.seal, settings.wecom_url)
    state.objection = timedelta(hours=settings.objection_hours)
    # Previews of rules stand below the cases that tell what was done.
    state.deeds = deeds.deeds
    state.refund_grace = timedelta(days=settings.refund_grace_days)


def reach_of(settings: Settings) -> Reach:
    """Whom webhooks may reach here: over https and in the open, unless this is development."""
    return Reach(plain=settings.in_development, private=settings.webhook_private_allowed)


def _token_secrets(settings: Settings) -> dict[str, str]:
    keys = [settings.token_secret, settings.token_secret_previous]
    values = [key.get_secret_value() for key in keys if key is not None]
    # The key id names the secret without giving it away, so either order of rotation works.
    return {key_id(value): value for value in values}


def _open_writes(routers: list[APIRouter]) -> Iterator[str]:
    """The paths that anyone may post to: endpoints without an actor."""
    for router in routers:
        for route in router.routes:
            unit: Any = getattr(getattr(route, "endpoint", None), "unit", None)
            if unit is not None and unit.resolver is None:
                yield getattr(route, "path", "")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Refuses to serve on a wrong schema; runs the worker beside the server unless told not to."""
    state, settings = app.state, app.state.settings
    await anyio.to_thread.run_sync(refuse_wrong_database, state.db, settings)
    await state.decoder.start()
    worker = Worker(state.db, make_handlers(tools_of(state)))
    thread = threading.Thread(target=worker.run, name="worker")
    if settings.worker == "embedded":
        thread.start()
    # What was built at start lives for ever: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        worker.stop()
        if thread.is_alive():
            await anyio.to_thread.run_sync(thread.join)
        await state.decoder.stop()
        await state.wechat.aclose()
        state.robots.close()
        state.db.close()


def tools_of(state: Any) -> Tools:
    """What the worker beside this server works with."""
    return Tools(
        state.db, state.bucket, state.grids, state.robots, carrier=state.carrier,
        objection=state.objection, trace_codes=state.trace_codes,
    )  # fmt: skip


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
    settings = Settings()
    logs.configure(settings.log_level)
    return create_app(settings)

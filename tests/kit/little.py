"""A little house: one endpoint of each kind on kit alone, so that its promises need no feature.

A test says what happens inside a unit by setting `app.state.during`; effects are counted in kit's
own table of attempts.
"""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

import anyio
import structlog
from fastapi import FastAPI, Request
from pydantic import field_serializer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit import attempts, guard, problems
from app.kit.attempts import Attempt
from app.kit.db import Database, work
from app.kit.errors import Conflict, Invalid, TooMany, Unauthenticated, Unavailable, Words
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.idempotency import InFlight
from app.kit.marks import Claims, FromApp, Resolver
from app.kit.outbox import Job
from app.kit.page import Page, page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Draft, Name, Out
from app.kit.unit import Prepared

ENDED = "ended"


class Refused(Conflict):
    code = "refused"
    title = Words("不行", "No")


class Bounced(TooMany):
    code = "bounced"
    title = Words("太频繁", "Too often")


def who(_tx: Session, claims: Claims) -> str:
    """The caller is the token itself; one of them has lost its session."""
    if claims["sub"].startswith(ENDED):
        raise Unauthenticated
    return str(claims["sub"])


def verify(token: str) -> Claims:
    """Every token is good but an empty or a bad one."""
    if not token or token.startswith("bad"):
        raise Unauthenticated
    return {"sub": token}


Caller = Annotated[str, Resolver(who)]
During = Annotated[Callable[[Session], None], FromApp("during")]


class Order(Draft):
    name: Name = "soap"


class Count(Out):
    subject: str
    count: int


class Unserialisable(Out):
    subject: str

    @field_serializer("subject")
    def fails(self, _value: str) -> str:
        raise ValueError("an answer that cannot be built")


class JobOut(Out):
    id: str
    kind: str


def add(tx: Session, subject: str, during: Callable[[Session], None]) -> Count:
    """One effect, and whatever the test wants to happen after it."""
    count = attempts.add(tx, subject)
    during(tx)
    return Count(subject=subject, count=count)


router = Router(prefix="/v1")
REFUSALS = raises(Refused, Bounced, Invalid, Unavailable)


@router.post("/things", responses=REFUSALS)
@in_transaction(status=201)
def make_thing(tx: Session, actor: Caller, during: During, body: Order) -> Count:
    return add(tx, body.name, during)


@router.post("/keyed", responses=REFUSALS)
@in_transaction(status=201, key_required=True)
def make_keyed(tx: Session, actor: Caller, during: During, body: Order) -> Count:
    return add(tx, body.name, during)


@router.put("/things", responses=REFUSALS)
@in_transaction
def put_thing(tx: Session, actor: Caller, during: During, body: Order) -> Count:
    return add(tx, body.name, during)


@router.delete("/things/{name}", responses=REFUSALS)
@in_transaction
def delete_thing(tx: Session, actor: Caller, during: During, name: str) -> None:
    add(tx, name, during)


@router.get("/looked", responses=REFUSALS)
@in_transaction(write=True)
def look(tx: Session, actor: Caller, during: During, name: str = "soap") -> Count:
    """A read that writes: looking at masked data is logged."""
    return add(tx, name, during)


@router.post("/open", responses=REFUSALS)
@in_transaction
def make_open(tx: Session, during: During, body: Order) -> Count:
    return add(tx, body.name, during)


async def prepare(request: Request, body: Order) -> Prepared:
    request.app.state.prepared.append(body.name)

    async def undo() -> None:
        request.app.state.prepared.remove(body.name)

    return Prepared({"name": body.name}, body.name.encode(), undo)


@router.post("/prepared", responses=REFUSALS)
@in_transaction(status=201, first=prepare)
def make_prepared(tx: Session, actor: Caller, during: During, name: str) -> Count:
    return add(tx, name, during)


@router.post("/unserialisable", responses=REFUSALS)
@in_transaction
def make_unserialisable(tx: Session, actor: Caller, body: Order) -> Unserialisable:
    attempts.add(tx, body.name)
    return Unserialisable(subject=body.name)


@router.get("/things", responses=REFUSALS)
@in_transaction
def get_things(tx: Session, during: During) -> Count:
    during(tx)
    return Count(subject="soap", count=attempts.made(tx, "soap"))


@router.get("/jobs", responses=REFUSALS)
@in_transaction
def list_jobs(
    tx: Session, actor: Caller, kind: Name, limit: Limit = 20, cursor: Cursor = None
) -> Page[JobOut]:
    return page(
        tx,
        select(Job).where(Job.kind == kind),
        (Job.created_at, Job.id),
        limit=limit,
        cursor=cursor,
        filters=(actor, kind),
        build=lambda row: JobOut(id=str(row.Job.id), kind=row.Job.kind),
    )


@router.get("/broken")
async def get_broken() -> Count:
    raise RuntimeError("SELECT secret FROM people WHERE phone = '13812348000'")


# One request of each kind of writing endpoint.
WRITES = (
    ("POST", "/v1/things"),
    ("POST", "/v1/keyed"),
    ("PUT", "/v1/things"),
    ("DELETE", "/v1/things/soap"),
    ("GET", "/v1/looked"),
    ("POST", "/v1/open"),
    ("POST", "/v1/prepared"),
)


def little_app(db: Database) -> FastAPI:
    """The application over `db`, furnished as app.main furnishes the real one."""
    structlog.configure(processors=[structlog.processors.format_exc_info, _quiet])
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    problems.install(app)
    app.state.db = db
    app.state.threads = anyio.CapacityLimiter(db.pool_size)
    app.state.in_flight = InFlight()
    app.state.strict = True
    app.state.during = lambda _tx: None
    app.state.prepared = []
    app.add_middleware(guard.Guard, verify=verify, open_writes={"/v1/open"})
    return app


def _quiet(_logger: Any, _method: str, event: Any) -> str:
    # The renderer for consoles draws a traceback with all locals, a second for each 500.
    return str(event.get("event"))


def signed(caller: str = "liu-bo", key: str | None = None) -> dict[str, str]:
    """Headers of a caller, with an idempotency key if there is one."""
    given = {"Idempotency-Key": key} if key else {}
    return {"Authorization": f"Bearer {caller}", **given}


def send(client: Any, method: str, path: str, **headers: str) -> Any:
    """One of WRITES as a request with a key of its own."""
    body = {"json": {"name": "soap"}} if method in {"POST", "PUT"} else {}
    key = {} if method == "GET" else {"Idempotency-Key": str(uuid4())}
    return client.request(method, path, headers={**signed(), **key, **headers}, **body)


def effects(db: Database, subject: str = "soap") -> int:
    """How often the subject's effect stands in the database."""
    with work(db, write=False) as tx:
        total = select(func.coalesce(func.sum(Attempt.count), 0))
        return int(tx.scalar(total.where(Attempt.subject == subject)) or 0)

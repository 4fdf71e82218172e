"""`in_transaction`: one request, one unit, one thread hop, committed before it is answered.

The whole unit (who asks, the function, the built answer, the idempotent record, the commit) runs in
one worker thread and ends in a finished `Response`: nothing is validated, serialised or committed
after the answer was chosen. `Router` reads from the decorated endpoint what the document must say.
"""

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, TypeVar, get_args, get_origin, overload

import anyio.to_thread
from fastapi import Header, Query, Request, Response
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from app.kit import idempotency, problems
from app.kit.db import Database, work
from app.kit.errors import (
    AppError,
    Invalid,
    MissingPrecondition,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
    Words,
)  # fmt: skip
from app.kit.marks import Claims, FromApp, Resolver
from app.kit.page import CursorInvalid
from app.kit.schema import Out

T = TypeVar("T")
Endpoint = Callable[..., Awaitable[Response]]
UNSAFE = frozenset({"POST", "PUT", "DELETE"})
# A refusal of these kinds is about the moment, not the request: a retry must try again.
NOT_REPLAYED = (Unauthenticated, TooMany, Unavailable, idempotency.IdempotencyInProgress)
ALWAYS_POSSIBLE = (
    *NOT_REPLAYED, idempotency.IdempotencyKeyMissing, idempotency.IdempotencyKeyReused, Stale,
    MissingPrecondition, CursorInvalid,
)  # fmt: skip

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A fresh UUID for each intended effect; a retry with it has one effect",
    ),
]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag of the version that was read")
]
Limit = Annotated[int, Query(ge=1, le=100, description="Rows a page")]
Cursor = Annotated[
    str | None,
    StringConstraints(max_length=400),
    Query(description="`next_cursor` of the last page"),
]


class IdempotencyKeyInvalid(Invalid):
    code = "idempotency_key_invalid"
    title = Words("Idempotency-Key 格式不对", "Idempotency-Key must be 8-100 visible characters")


@dataclass(frozen=True)
class Prepared:
    """What the slow part hands to the unit; `undo` runs when the unit does not take it over."""

    given: dict[str, Any]
    fingerprint: bytes = b""
    undo: Callable[[], Awaitable[None]] | None = None


@dataclass
class Unit:
    """What `in_transaction` knows of an endpoint; the router and the house tests read it."""

    function: Callable[..., Any]
    status: int
    write: bool | None
    key_required: bool
    replay: Callable[..., Out] | None
    actor: str | None
    resolver: Resolver | None
    answers: Any
    first: Callable[..., Awaitable[Prepared]] | None = None
    held: dict[str, str] = field(default_factory=dict)
    declared: tuple[type[AppError], ...] = field(default=())


@overload
def in_transaction(function: Callable[..., Any]) -> Endpoint: ...
@overload
def in_transaction(
    *,
    status: int = ...,
    write: bool | None = ...,
    key_required: bool = ...,
    replay: Callable[..., Out] | None = ...,
    first: Callable[..., Awaitable[Prepared]] | None = ...,
) -> Callable[[Callable[..., Any]], Endpoint]: ...
def in_transaction(
    function: Callable[..., Any] | None = None,
    *,
    status: int = 200,
    write: bool | None = None,
    key_required: bool = False,
    replay: Callable[..., Out] | None = None,
    first: Callable[..., Awaitable[Prepared]] | None = None,
) -> Endpoint | Callable[[Callable[..., Any]], Endpoint]:
    """Wraps `(tx, actor, ..) -> Out` as an endpoint of one unit and one hop.

    A unit writes when the method is POST, PUT or DELETE, unless `write` says otherwise. `replay`
    is `(tx, actor, stored, ..) -> Out` and fills in what a stored answer must not hold. `first`
    is `async (request, ..) -> Prepared`: slow or outside work that no transaction may wait for.
    """

    def wrap(function: Callable[..., Any]) -> Endpoint:
        signature = inspect.signature(function)
        actor, resolver = next(_marked(signature, Resolver), (None, None))
        held = {name: mark.name for name, mark in _marked(signature, FromApp)}
        answers = signature.return_annotation
        unit = Unit(
            function, status, write, key_required, replay, actor, resolver, answers, first, held
        )
        return _endpoint(unit)

    return wrap if function is None else wrap(function)


def _endpoint(unit: Unit) -> Endpoint:
    async def endpoint(request: Request, **given: Any) -> Response:
        key = given.pop("idempotency_key", None)
        if key is None and unit.key_required:
            raise idempotency.IdempotencyKeyMissing
        if unit.first is not None:
            return await _prepared(request, unit, await unit.first(request, **given), key)
        keyed = keyed_request(request, key, await request.body()) if key is not None else None
        return await hop(request, partial(run, request, unit, given, keyed))

    endpoint.__name__ = unit.function.__name__
    endpoint.__doc__ = unit.function.__doc__
    endpoint.unit = unit  # type: ignore[attr-defined]
    return endpoint


async def hop(request: Request, function: Callable[[], Response]) -> Response:
    """Runs a whole unit in a worker thread; never more threads than database connections."""
    return await anyio.to_thread.run_sync(function, limiter=request.app.state.threads)


@dataclass(frozen=True)
class KeyedRequest:
    """An idempotency key and the digest of the request it was sent with."""

    key: str
    fingerprint: str


async def _prepared(request: Request, unit: Unit, prepared: Prepared, key: str | None) -> Response:
    """The unit after its slow part, which is undone unless the unit made something of it."""
    keyed = keyed_request(request, key, prepared.fingerprint) if key is not None else None
    made = False
    try:
        response = await hop(request, partial(run, request, unit, prepared.given, keyed))
        made = response.status_code < 300 and "idempotency-replayed" not in response.headers  # noqa: PLR2004
    except Unavailable:
        # A connection lost at COMMIT: the row may stand, so its files must; the sweeper sees.
        made = True
        raise
    finally:
        if prepared.undo is not None and not made:
            await prepared.undo()
    return response


async def apart(request: Request, function: Callable[[Session], T], *, write: bool) -> T:
    """A small unit before the endpoint's own, for `first` (count an attempt, read a hash)."""

    def unit() -> T:
        with work(request.app.state.db, write=write) as tx:
            return function(tx)

    return await anyio.to_thread.run_sync(unit, limiter=request.app.state.threads)


def keyed_request(request: Request, key: str, body: bytes) -> KeyedRequest:
    """Binds a key to method, path, query and body. Raises IdempotencyKeyInvalid."""
    if not (8 <= len(key) <= 100 and key.isascii() and key.isprintable()):  # noqa: PLR2004
        raise IdempotencyKeyInvalid
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(body)
    return KeyedRequest(key, digest.hexdigest())


def run(
    request: Request, unit: Unit, given: dict[str, Any], keyed: KeyedRequest | None
) -> Response:
    """The unit itself, in the worker thread: resolve, do, build, store, commit."""
    db: Database = request.app.state.db
    write = request.method in UNSAFE if unit.write is None else unit.write
    if keyed is None or unit.resolver is None:
        with work(db, write=write) as tx:
            actor = _resolve(tx, request, unit)
            do = _attempt if write else _read
            return do(tx, request, unit, actor, given)
    caller = _claims(request)["sub"]
    with request.app.state.in_flight.hold(f"{caller}\n{keyed.key}"), work(db, write=True) as tx:
        actor = _resolve(tx, request, unit)
        stored = idempotency.find(tx, db, caller, keyed.key, keyed.fingerprint)
        if stored is not None:
            return _replayed(tx, request, unit, actor, stored)
        response = _attempt(tx, request, unit, actor, given)
        if not getattr(response, "momentary", False):
            text = getattr(response, "to_store", None) or bytes(response.body).decode()
            headers = {k: v for k, v in response.headers.items() if k != "content-length"}
            idempotency.store(
                tx, caller, keyed.key, keyed.fingerprint, response.status_code, headers, text
            )
        return response


def _read(tx: Session, request: Request, unit: Unit, actor: Any, given: dict[str, Any]) -> Response:
    try:
        return _finished(unit, _call(tx, request, unit, actor, given))
    except AppError as error:
        _declared(request, unit, error)
        raise


def _attempt(
    tx: Session, request: Request, unit: Unit, actor: Any, given: dict[str, Any]
) -> Response:
    try:
        # What is refused leaves no trace, and still the refusal itself can be committed.
        with tx.begin_nested():
            return _finished(unit, _call(tx, request, unit, actor, given))
    except AppError as error:
        if error.keep is not None:
            error.keep(tx)
        response = problems.answer(error, request)
        response.momentary = isinstance(error, NOT_REPLAYED)  # type: ignore[attr-defined]
        _declared(request, unit, error)
        return response


def _declared(request: Request, unit: Unit, error: AppError) -> None:
    # Tests switch this on: an endpoint's document must name every refusal it makes.
    if request.app.state.strict and not isinstance(error, (*unit.declared, *ALWAYS_POSSIBLE)):
        raise AssertionError(f"{unit.function.__name__} does not declare {type(error).__name__}")


def _call(tx: Session, request: Request, unit: Unit, actor: Any, given: dict[str, Any]) -> Any:
    held = _held(request, unit)
    asked = {} if unit.actor is None else {unit.actor: actor}
    return unit.function(tx, **asked, **held, **given)


def _held(request: Request, unit: Unit) -> dict[str, Any]:
    return {name: getattr(request.app.state, of) for name, of in unit.held.items()}


def _finished(unit: Unit, result: Any) -> Response:
    if result is None:
        return Response(status_code=204)
    if isinstance(result, Response):
        return result
    body = result.__pydantic_serializer__.to_json(result)
    response = Response(
        body, unit.status, media_type="application/json", headers=result.response_headers()
    )
    if result.not_stored:
        response.to_store = result.model_dump_json(exclude=set(result.not_stored))  # type: ignore[attr-defined]
    return response


def _replayed(
    tx: Session, request: Request, unit: Unit, actor: Any, stored: idempotency.Answer
) -> Response:
    headers = {**stored.headers, "Idempotency-Replayed": "true"}
    if unit.replay is not None and stored.status < 300:  # noqa: PLR2004
        refilled = unit.replay(tx, actor, stored.body, **_held(request, unit))
        return Response(refilled.model_dump_json(), stored.status, headers)
    return Response(stored.body or None, stored.status, headers)


def _claims(request: Request) -> Claims:
    claims: Claims | None = getattr(request.state, "claims", None)
    if claims is None:
        raise Unauthenticated
    return claims


def _resolve(tx: Session, request: Request, unit: Unit) -> Any:
    return unit.resolver.resolve(tx, _claims(request)) if unit.resolver else None


def _marked(signature: inspect.Signature, kind: type[T]) -> Iterator[tuple[str, T]]:
    for name, parameter in signature.parameters.items():
        if get_origin(parameter.annotation) is Annotated:
            marks = get_args(parameter.annotation)[1:]
            yield from ((name, mark) for mark in marks if isinstance(mark, kind))


def version_of(if_match: str | None) -> int:
    """The version in an If-Match header. Raises MissingPrecondition, Stale (not one of ours)."""
    if if_match is None:
        raise MissingPrecondition
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):  # noqa: PLR2004
        raise Stale
    return int(digits)

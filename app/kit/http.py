"""`in_transaction`: one request, one unit, one thread hop, committed before it is answered.

The whole unit (who asks, the function, the built answer, the idempotent record, the commit) runs in
one worker thread and ends in a finished `Response`: nothing is validated, serialised or committed
after the answer was chosen. `Router` reads from the decorated endpoint what the document must say.
"""

import asyncio
import hashlib
import inspect
import re
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Annotated, Any, TypeVar, get_args, get_origin, overload

import anyio.to_thread
from fastapi import Header, Query, Request, Response
from pydantic import StringConstraints, WithJsonSchema
from sqlalchemy.orm import Session

from app.kit import idempotency
from app.kit.db import work
from app.kit.errors import (
    Invalid,
    MissingPrecondition,
    Stale,
    Unavailable,
    Words,
)  # fmt: skip
from app.kit.marks import FromApp, Resolver
from app.kit.schema import Out
from app.kit.unit import KeyedRequest, Prepared, Unit, run

T = TypeVar("T")
Endpoint = Callable[..., Awaitable[Response]]
# HTTP takes the blanks at its ends off, so that none can be there.
KEY = re.compile(r"[!-~][ -~]{6,98}[!-~]")
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A fresh UUID for each intended effect; a retry with it has one effect",
    ),
    # Checked by `keyed_request`, which refuses it with a code of its own.
    WithJsonSchema({"type": "string", "pattern": f"^{KEY.pattern}$"}),
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


async def _prepared(request: Request, unit: Unit, prepared: Prepared, key: str | None) -> Response:
    """The unit after its slow part, which is undone unless the unit made something of it."""
    keyed = keyed_request(request, key, prepared.fingerprint) if key is not None else None
    made = False
    try:
        response = await hop(request, partial(run, request, unit, prepared.given, keyed))
        made = response.status_code < 300 and "idempotency-replayed" not in response.headers  # noqa: PLR2004
    except (Unavailable, asyncio.CancelledError):
        # Cut off at COMMIT: the row may stand, so its files must; the sweeper takes orphans.
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
    if not KEY.fullmatch(key):
        raise IdempotencyKeyInvalid
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(body)
    return KeyedRequest(key, digest.hexdigest())


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

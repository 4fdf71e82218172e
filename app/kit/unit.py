"""The unit of one request, in its worker thread: resolve, do, build, store, commit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.kit import idempotency, problems
from app.kit.db import Database, work
from app.kit.errors import (
    AppError,
    MissingPrecondition,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)  # fmt: skip
from app.kit.faults import persistent
from app.kit.marks import Claims, Resolver
from app.kit.page import CursorInvalid
from app.kit.schema import Out

UNSAFE = frozenset({"POST", "PUT", "DELETE"})
# A refusal of these kinds is about the moment, not the request: a retry must try again.
NOT_REPLAYED = (Unauthenticated, TooMany, Unavailable, idempotency.IdempotencyInProgress)
ALWAYS_POSSIBLE = (
    *NOT_REPLAYED, idempotency.IdempotencyKeyMissing, idempotency.IdempotencyKeyReused, Stale,
    MissingPrecondition, CursorInvalid,
)  # fmt: skip


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


@dataclass(frozen=True)
class KeyedRequest:
    """An idempotency key and the digest of the request it was sent with."""

    key: str
    fingerprint: str


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
        return persistent(tx, lambda: _finished(unit, _call(tx, request, unit, actor, given)))
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
    if unit.replay is not None and result.not_stored:
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

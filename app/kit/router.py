"""Routes: what the document says of an endpoint is read from its unit, never written twice."""

import inspect
from collections.abc import Callable, Collection
from typing import Any

from fastapi import APIRouter, Request, Response
from typing_extensions import override

from app.kit import problems
from app.kit.http import Key
from app.kit.openapi import KEY_REQUIRED
from app.kit.schema import Out
from app.kit.unit import UNSAFE, Unit


class Router(APIRouter):
    """An APIRouter that reads status, answer, security and refusals from the endpoint's unit."""

    @override
    def add_api_route(self, path: str, endpoint: Callable[..., Any], **kw: Any) -> None:
        unit: Unit | None = getattr(endpoint, "unit", None)
        kw["operation_id"] = kw.get("operation_id") or endpoint.__name__
        if unit is not None:
            endpoint.__signature__ = _signature(unit, kw.get("methods") or ())  # type: ignore[attr-defined]
            _describe(unit, kw)
        super().add_api_route(path, endpoint, **kw)


def _describe(unit: Unit, kw: dict[str, Any]) -> None:
    responses = kw.get("responses") or problems.Raises()
    unit.declared = responses.classes
    kw["status_code"] = 204 if unit.answers is None else unit.status
    if isinstance(unit.answers, type) and issubclass(unit.answers, Out):
        kw["response_model"] = unit.answers
    if unit.resolver is None:
        return
    extra = {"security": [{"bearer": []}], **(kw.get("openapi_extra") or {})}
    kw["openapi_extra"] = {**extra, KEY_REQUIRED: True} if unit.key_required else extra
    kw["responses"] = {401: problems.problem_response(["unauthenticated"]), **responses}


def _signature(unit: Unit, methods: Collection[str]) -> inspect.Signature:
    """What FastAPI may see: no session and no actor, but the request and the key's header."""
    inner = inspect.signature(unit.first or unit.function)
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("request", keyword, annotation=Request)]
    parameters += [
        p.replace(kind=keyword)
        for name, p in inner.parameters.items()
        if name not in {"tx", "request", unit.actor, *unit.held}
    ]
    if unit.resolver is not None and UNSAFE & set(methods):
        parameters.append(
            inspect.Parameter("idempotency_key", keyword, default=None, annotation=Key)
        )
    return inspect.Signature(parameters, return_annotation=Response)

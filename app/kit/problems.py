"""Refusals as RFC 9457 answers, and what the document says about them."""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match

from app.kit import errors, fields
from app.kit.errors import AppError
from app.kit.logs import log

MEDIA_TYPE = "application/problem+json"
MOST_FIELDS = 20


class FieldProblem(BaseModel):
    """One field that could not be accepted; its value is never repeated."""

    loc: list[str | int] = Field(examples=[["body", "place", "lat"]])
    code: str = Field(examples=["less_than_equal"])
    message: str = Field(examples=["不能大于 90"])


class Problem(BaseModel):
    """RFC 9457 problem details with this service's stable `code`."""

    type: str = Field(examples=["urn:xinxin-ejia:problem:case_not_found"])
    title: str = Field(examples=["没有这个案件"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["没有这个案件"])
    code: str = Field(examples=["case_not_found"])
    request_id: str
    errors: list[FieldProblem] | None = Field(default=None, description="Fields refused (422)")


class Raises(dict[int | str, dict[str, Any]]):
    """The `responses` of an endpoint, and the error classes behind them."""

    def __init__(self, *classes: type[AppError]) -> None:
        super().__init__()
        self.classes = classes
        for status in sorted({cls.status for cls in classes}):
            codes = sorted(cls.code for cls in classes if cls.status == status)
            self[status] = problem_response(codes)


def raises(*classes: type[AppError]) -> Raises:
    """Declares what an endpoint may refuse with: `responses=raises(CaseNotFound, ..)`."""
    return Raises(*classes)


def problem_response(codes: list[str]) -> dict[str, Any]:
    """One entry of an operation's `responses` in the OpenAPI document."""
    return {
        "description": " · ".join(codes),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def language(headers: Any) -> str:
    """`en` when English is asked for before Chinese, else `zh`."""
    return preferred(headers.get("accept-language", ""))


def preferred(accept_language: str) -> str:
    """The language of an Accept-Language header's value."""
    wanted = accept_language.lower()
    english, chinese = wanted.find("en"), wanted.find("zh")
    return "en" if english >= 0 and (chinese < 0 or english < chinese) else "zh"


def answer(error: AppError, request: Request) -> Response:
    """The finished answer for a refusal."""
    request_id = getattr(request.state, "request_id", "-")
    content = error.problem(language(request.headers), request_id)
    return Response(
        json.dumps(content, ensure_ascii=False).encode(),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )


def install(app: FastAPI) -> None:
    """Gives every way to fail the same form."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return answer(error, request)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    refused = [fields.of_pydantic(one) for one in error.errors()[:MOST_FIELDS]]
    return answer(errors.Unprocessable(fields=refused), request)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    match error.status_code:
        case 404:
            return answer(errors.NotFound(), request)
        case 405:
            refusal = errors.MethodNotAllowed(headers={"Allow": ", ".join(_allowed(request))})
            return answer(refusal, request)
        case 413:
            return answer(errors.TooLarge(), request)
        case _:
            return answer(errors.Invalid(), request)


def _allowed(request: Request) -> list[str]:
    # FastAPI's own Allow names the methods of the first route only; a path may have several.
    found: set[str] = set()
    for method in ("DELETE", "GET", "HEAD", "POST", "PUT"):
        scope = {**request.scope, "method": method}
        routes = request.app.router.routes
        if any(route.matches(scope)[0] is Match.FULL for route in routes):
            found.add(method)
    return sorted(found)


async def _unexpected(request: Request, error: Exception) -> Response:
    return unexpected(error, request)


def unexpected(error: Exception, request: Request) -> Response:
    """The answer to a defect of ours: logged with its traceback, told without a word of it."""
    # The route's template, never the path, which may hold a member number.
    route = getattr(request.scope.get("route"), "path", "-")
    log.error("unexpected error", route=route, exc_info=error)
    return answer(AppError(), request)

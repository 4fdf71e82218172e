"""The OpenAPI document: our problem answers, bearer security, a stable order."""

from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.kit.problems import Problem, problem_response

FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
KEY = "Idempotency-Key"
# Told by the router, never printed.
KEY_REQUIRED = "x-key-required"
# What a badly formed one of these is refused with, whatever the endpoint itself declares.
INVALID = {KEY: "idempotency_key_invalid", "cursor": "cursor_invalid"}


def install(app: FastAPI) -> None:
    """Makes `app.openapi()` give our document, built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description,
        routes=app.routes, tags=app.openapi_tags, servers=app.servers,
    )  # fmt: skip
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    _, problem = models_json_schema(
        [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(problem["$defs"])
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for path in document["paths"].values():
        for operation in path.values():
            _mend(operation)
    _name_keys(components["schemas"])
    return document


def _name_keys(part: Any) -> None:
    """What a map's keys must look like; as `patternProperties`, others would be free to come."""
    if isinstance(part, list):
        for one in part:
            _name_keys(one)
    if not isinstance(part, dict):
        return
    patterns = part.get("patternProperties", {})
    if len(patterns) == 1 and "additionalProperties" not in part:
        ((pattern, values),) = part.pop("patternProperties").items()
        part |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
    for one in part.values():
        _name_keys(one)


def _mend(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    given = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
    for parameter in given.values():
        _refuse_null(parameter)
    invalid = [code for name, code in INVALID.items() if name in given]
    if invalid or "requestBody" in operation:
        _add(responses, 400, [*invalid, "invalid_request"])
    if operation.pop(KEY_REQUIRED, False):
        # Optional to the framework, so that the refusal is ours and has a code.
        given[KEY]["required"] = True
        _add(responses, 400, ["idempotency_key_missing"])
    if KEY in given:
        _add(responses, 409, ["idempotency_in_progress"])
    if "422" in responses and "application/json" in responses["422"].get("content", {}):
        responses["422"] = problem_response(["unprocessable"])
    if "requestBody" in operation:
        responses.setdefault("413", problem_response(["too_large"]))
    responses.setdefault("429", problem_response(["rate_limited"]))
    responses.setdefault("503", problem_response(["unavailable"]))
    operation["responses"] = dict(sorted(responses.items()))


def _refuse_null(parameter: dict[str, Any]) -> None:
    """A parameter may be left out; in an address or a header, null is the word `null`."""
    kinds = parameter["schema"].get("anyOf", [])
    left = [kind for kind in kinds if kind != {"type": "null"}]
    if len(left) == 1 and len(kinds) > 1:
        parameter["schema"].pop("anyOf")
        parameter["schema"] = {**left[0], **parameter["schema"]}


def _add(responses: dict[str, Any], status: int, codes: list[str]) -> None:
    """What the kit itself refuses with, beside what the endpoint declares."""
    declared = responses.get(str(status), {}).get("description", "")
    known = [code for code in declared.split(" · ") if code]
    responses[str(status)] = problem_response(sorted({*known, *codes}))


def as_yaml(app: FastAPI) -> str:
    """The text of `openapi.yaml`."""
    return yaml.safe_dump(app.openapi(), allow_unicode=True, sort_keys=False, width=100)

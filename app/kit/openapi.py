"""The OpenAPI document: our problem answers, bearer security, a stable order."""

from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.kit.problems import Problem, problem_response

FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


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
    return document


def _mend(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "422" in responses and "application/json" in responses["422"].get("content", {}):
        responses["422"] = problem_response(["unprocessable"])
    if "requestBody" in operation:
        responses.setdefault("413", problem_response(["too_large"]))
    responses.setdefault("503", problem_response(["unavailable"]))
    operation["responses"] = dict(sorted(responses.items()))


def as_yaml(app: FastAPI) -> str:
    """The text of `openapi.yaml`."""
    return yaml.safe_dump(app.openapi(), allow_unicode=True, sort_keys=False, width=100)

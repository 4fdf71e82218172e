"""The document at the root is the one that the code gives, and it is honest about refusals."""

import pytest
import yaml
from house.sources import ROOT

from app.kit import openapi
from app.main import create_app
from app.settings import Settings

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture(scope="module")
def app():
    # As `xinxin openapi` makes it.
    settings = Settings(
        environment="development", database_url="sqlite:///var/unused.db", _env_file=None
    )
    application = create_app(settings)
    yield application
    application.state.db.close()


@pytest.fixture(scope="module")
def document(app):
    return yaml.safe_load(openapi.as_yaml(app))


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_the_file_is_up_to_date(app):
    written = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert written == openapi.as_yaml(app), "run: xinxin openapi > openapi.yaml"


def test_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["version"]


def test_every_refusal_is_a_problem(document):
    wrong = [
        f"{name} {status}"
        for name, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status[0] in "45" and answer.get("content") != PROBLEM
    ]
    assert wrong == []


def test_the_framework_s_error_is_gone(document):
    assert "ValidationError" not in yaml.safe_dump(document)


def test_every_reference_leads_somewhere(document):
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def test_signed_operations_say_so_and_can_be_401(document):
    for name, operation in operations(document):
        if "security" in operation:
            assert operation["security"] == [{"bearer": []}], name
            assert "401" in operation["responses"], name


def test_every_operation_can_be_unavailable(document):
    assert all("503" in operation["responses"] for _, operation in operations(document))


def test_every_operation_explains_itself(document):
    for name, operation in operations(document):
        assert operation["operationId"], name
        assert operation["summary"], name
        assert operation["description"], name


def test_no_parameter_is_null(document):
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            assert "null" not in yaml.safe_dump(parameter["schema"]), (name, parameter["name"])


def test_what_may_be_badly_formed_is_refused_with_400(document):
    for name, operation in operations(document):
        given = {parameter["name"] for parameter in operation.get("parameters", ())}
        if given & {"Idempotency-Key", "cursor"} or "requestBody" in operation:
            assert "400" in operation["responses"], name


def test_a_key_that_is_needed_is_required(document):
    needing = {
        operation["operationId"]
        for _, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    assert {"submit_report", "redeem", "propose_contribution"} <= needing
    assert "edit_me" not in needing


def test_a_map_with_keys_of_one_form_has_no_others(document):
    assert "patternProperties" not in yaml.safe_dump(document)
    results = document["components"]["schemas"]["SubscriptionsDraft"]["properties"]["results"]
    assert results["propertyNames"] == {"pattern": "^[0-9A-Za-z_-]{1,64}$"}
    assert results["additionalProperties"] == {"$ref": "#/components/schemas/GrantAnswer"}

"""Every route: where it stands, who may ask, and what it declares."""

import pytest

from app.identity import api as identity
from app.kit.errors import AppError
from app.main import ROUTERS, create_app

OPERATIONS = {"/healthz", "/readyz", "/metrics"}

# Whoever adds a line here has thought about who will read it: anyone.
PUBLIC = {
    "sign_in_with_wechat", "sign_in_with_password", "sign_in_for_development", "refresh",
    "sign_in_client", "fetch_photo", "locate", "get_grid", "list_regions", "get_region",
    "list_categories", "get_calendar", "list_rules", "list_announced", "list_stations",
    "list_items", "get_item", "get_public_fund", "get_trace",
    "list_notices", "get_notice", "list_notice_entries", "get_checker",
    "list_nets", "list_posts", "list_groupings", "get_grid_team", "get_region_team",
    "greet_wechat", "take_push",
    "get_policy", "fetch_private_file", "get_health", "get_readiness", "get_metrics",
}  # fmt: skip
# What anyone may write: ways of signing in, and what WeChat signs.
OPEN_WRITES = {
    "/v1/auth/wechat", "/v1/auth/password", "/v1/auth/development", "/v1/auth/refresh",
    "/v1/auth/token", "/v1/wechat/push",
}  # fmt: skip
ROUTES = [route for router in (*ROUTERS, identity.development) for route in router.routes]


def unit_of(route):
    return getattr(route.endpoint, "unit", None)


def is_public(route) -> bool:
    return unit_of(route) is None or unit_of(route).resolver is None


by_route = pytest.mark.parametrize(
    "route", ROUTES, ids=lambda r: f"{'+'.join(sorted(r.methods))} {r.path}"
)


@by_route
def test_stands_under_v1_or_is_for_operations(route):
    assert route.path.startswith("/v1/") or route.path in OPERATIONS


@by_route
def test_has_one_plain_verb(route):
    assert len(route.methods) == 1
    assert route.methods <= {"GET", "POST", "PUT", "DELETE"}


@by_route
def test_has_a_name_and_a_description(route):
    assert route.operation_id == route.endpoint.__name__
    assert route.description.strip().endswith(".")
    assert route.tags


@by_route
def test_that_writes_is_one_unit(route):
    assert route.methods == {"GET"} or unit_of(route) is not None


@by_route
def test_declares_its_refusals(route):
    unit = unit_of(route)
    if unit is None:
        return
    assert all(issubclass(cls, AppError) and cls is not AppError for cls in unit.declared)
    if unit.resolver is not None:
        # At the least, it is not for every kind of caller.
        assert unit.declared
    statuses = {str(cls.status) for cls in unit.declared}
    assert statuses <= {str(status) for status in route.responses}


def test_operation_ids_are_unique():
    names = [route.operation_id for route in ROUTES]
    assert sorted(names) == sorted(set(names))


def test_routes_are_unique():
    pairs = [(route.path, *route.methods) for route in ROUTES]
    assert len(pairs) == len(set(pairs))


def test_without_an_actor_are_the_public_ones():
    assert {route.operation_id for route in ROUTES if is_public(route)} == PUBLIC


def test_that_anyone_may_write_are_these():
    found = {route.path for route in ROUTES if is_public(route) and route.methods != {"GET"}}
    assert found == OPEN_WRITES
    # The guard compares whole paths, so an open one has no parameter.
    assert not any("{" in path for path in found)


def test_of_the_application_are_these_and_no_others(settings, request, engine_name):
    if engine_name != "sqlite":
        pytest.skip("once is enough")
    app = create_app(settings)
    request.addfinalizer(app.state.db.close)
    assert app.openapi()["paths"].keys() == {route.path for route in ROUTES}
    own = {route.path for route in app.routes if getattr(route, "path", None)}
    assert own == {"/openapi.json", "/docs", "/docs/start.js", "/docs/assets"}

"""The matrix: every operation's row, those of each feature from its `rows_<feature>.py`."""

import importlib
from pathlib import Path

from cast import GRID, INSIDE, STATION, STREET
from flows.story import key
from matrix.row import (
    ABSENT,
    CASE_STRANGERS,
    EVERY_ROLE,
    MARKER,
    ME,
    NOT,
    PAGES,
    PROGRAM,
    REPORTERS,
    STAFF,
    TEXTS,
    Row,
    but,
)  # fmt: skip

from app.identity.models import Role

PERSON = {"name": "刘波", "occupation": "rider"}
REPORT = {"description": "井盖破损", "photo_ids": ["{photo}"], "place": INSIDE}
REDEEM = {"station_id": STATION, "lines": [{"item_id": "{soap}", "quantity": 1}]}
CONTRIBUTION = {"kind": "government", "contributor": "潼南区", "fen": 100}
CLIENT = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x"}

TABLE: dict[str, Row] = {
    # Signing in: open to all, so their own refusals are the answer.
    "POST /v1/auth/wechat": Row("/v1/auth/wechat", 422, {"code": "no code!"}, malformed=(
        *TEXTS, {"code": MARKER * 30}, {"code": "x", "appid": MARKER})),
    "POST /v1/auth/password": Row(
        "/v1/auth/password", 401, {"username": "wang", "password": "x"}, malformed=(
        *TEXTS, {"username": MARKER}, {"username": MARKER * 20, "password": "x"},
        {"username": "wang", "password": "x", "code": MARKER})),
    "POST /v1/auth/refresh": Row("/v1/auth/refresh", 401, {"refresh_token": "x"}, malformed=(
        *TEXTS, {"refresh_token": MARKER * 50}, {"refresh_token": 7})),
    "POST /v1/auth/token": Row("/v1/auth/token", 401, CLIENT, form=True, malformed=(
        {}, {"grant_type": MARKER}, {**CLIENT, "client_id": MARKER * 20},
        {**CLIENT, "scope": MARKER * 60})),
    "POST /v1/auth/development": Row(
        "/v1/auth/development", 200, {"member": "somebody"},
        malformed=(*TEXTS, {"member": MARKER}, {"member": "a b"})),
    "POST /v1/auth/logout": Row("/v1/auth/logout", **ME),
    # One's own things: nobody else's can even be named.
    "GET /v1/me": Row("/v1/me", works=("liu_bo", *EVERY_ROLE), **ME),
    "PUT /v1/me": Row("/v1/me", body=PERSON, **ME, malformed=(
        *TEXTS, {**PERSON, "name": MARKER * 20}, {**PERSON, "occupation": MARKER},
        {**PERSON, "member_no": MARKER}, {**PERSON, "name": True})),
    "GET /v1/me/summary": Row("/v1/me/summary", works=("liu_bo", *EVERY_ROLE), **ME),
    "GET /v1/reports": Row("/v1/reports", works=("liu_bo", "wang"), bad_urls=PAGES, **ME),
    "POST /v1/reports": Row("/v1/reports", body=REPORT, headers=key(), **ME, malformed=(
        *TEXTS, {**REPORT, "photo_ids": [MARKER]}, {**REPORT, "description": MARKER * 400},
        {**REPORT, "place": {**INSIDE, "crs": MARKER}}, {**REPORT, "status": MARKER},
        {**REPORT, "place": {**INSIDE, "lat": MARKER}}, {**REPORT, "anonymous": MARKER})),
    "GET /v1/reports/{report_id}": Row(
        "/v1/reports/{report}", works=("liu_bo",), strangers=("chen", "wang", "qian", "administrator"),  # noqa: E501
        absent="/v1/reports/" + ABSENT, bad_urls=(f"/v1/reports/{MARKER}",), **ME),
    "POST /v1/reports/{report_id}/withdraw": Row(
        "/v1/reports/{report}/withdraw", body={}, strangers=("chen", "wang", "administrator"),
        absent=f"/v1/reports/{ABSENT}/withdraw", **ME,
        wrong_state=(("liu_bo", "/v1/reports/{closed_report}/withdraw", {}, 409, "move_impossible"),),  # noqa: E501
        malformed=(None, [], MARKER, {MARKER: 1}, {"note": MARKER * 400}),
        bad_urls=(f"/v1/reports/{MARKER}/withdraw",)),
    "POST /v1/photos": Row("/v1/photos", body=None, **ME, malformed=(None, {"file": MARKER})),
    "GET /v1/points": Row("/v1/points", works=("liu_bo", "wang"), **ME),
    "GET /v1/points/entries": Row(
        "/v1/points/entries", works=("liu_bo",), bad_urls=PAGES, **ME),
    "GET /v1/points/awards": Row("/v1/points/awards", works=("liu_bo",), bad_urls=PAGES, **ME),
    "GET /v1/inbox": Row("/v1/inbox", works=("liu_bo", "wang"), bad_urls=PAGES, **ME),
    "POST /v1/inbox/{message_id}/read": Row(
        "/v1/inbox/{message}/read", strangers=("chen", "wang", "administrator"),
        absent=f"/v1/inbox/{ABSENT}/read", bad_urls=(f"/v1/inbox/{MARKER}/read",), **ME),
    "GET /v1/redemptions": Row("/v1/redemptions", works=("liu_bo",), bad_urls=PAGES, **ME),
    "POST /v1/redemptions": Row(
        "/v1/redemptions", body=REDEEM, headers=key(), **ME,
        wrong_state=(("chen", "/v1/redemptions", REDEEM, 409, "points_insufficient"),),
        malformed=(*TEXTS, {**REDEEM, "lines": []}, {**REDEEM, "station_id": MARKER + "!"},
                   {**REDEEM, "lines": [{"item_id": MARKER, "quantity": 1}]},
                   {**REDEEM, "lines": [{"item_id": ABSENT, "quantity": True}]},
                   {**REDEEM, "lines": [{"item_id": ABSENT, "quantity": MARKER}]})),
    "GET /v1/redemptions/{redemption_id}": Row(
        "/v1/redemptions/{held}", works=("liu_bo",), strangers=("chen", "li", "administrator"),
        absent="/v1/redemptions/" + ABSENT, bad_urls=(f"/v1/redemptions/{MARKER}",), **ME),
    "GET /v1/redemptions/{redemption_id}/qr": Row(
        "/v1/redemptions/{held}/qr", works=("liu_bo",), strangers=("chen", "li", "administrator"),
        absent=f"/v1/redemptions/{ABSENT}/qr", bad_urls=(f"/v1/redemptions/{MARKER}/qr",), **ME,
        wrong_state=(("liu_bo", "/v1/redemptions/{done}/qr", None, 409, "redemption_resolved"),)),
    "POST /v1/redemptions/{redemption_id}/cancel": Row(
        "/v1/redemptions/{held}/cancel", strangers=("chen", "li", "administrator"),
        absent=f"/v1/redemptions/{ABSENT}/cancel", **ME,
        wrong_state=(("liu_bo", "/v1/redemptions/{done}/cancel", None, 409, "redemption_resolved"),),  # noqa: E501
        bad_urls=(f"/v1/redemptions/{MARKER}/cancel",)),
    "POST /v1/redemptions/fulfil": Row(
        "/v1/redemptions/fulfil", body={"code": "{code}"}, by="li",
        forbidden={"role_missing": (*REPORTERS, *but(Role.KEEPER)), "person_only": PROGRAM},
        # A keeper of another station is told what a keeper with a made-up code is told.
        strangers=("zhou", "keeper"), absent="/v1/redemptions/fulfil",
        wrong_state=(("li", "/v1/redemptions/fulfil", {"code": "{done_code}"}, 409, "code_used"),
                     ("li", "/v1/redemptions/fulfil", {"code": "{lapsed}"}, 410, "code_expired")),
        malformed=(*TEXTS, {"code": MARKER * 9}, {"code": 7})),
    # Cases.
    "GET /v1/cases": Row(
        "/v1/cases", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=(*PAGES, f"?status={MARKER}", f"?region={MARKER}!", f"?mine={MARKER}")),
    "GET /v1/cases/{case_id}": Row(
        "/v1/cases/{case}", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS, by="wang",
        absent="/v1/cases/" + ABSENT, bad_urls=(f"/v1/cases/{MARKER}",), **STAFF),
    "GET /v1/cases/{case_id}/events": Row(
        "/v1/cases/{case}/events", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        by="wang", absent=f"/v1/cases/{ABSENT}/events", bad_urls=(f"/v1/cases/{MARKER}/events",),
        **STAFF),
    "GET /v1/cases/{case_id}/clocks": Row(
        "/v1/cases/{case}/clocks", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        by="wang", absent=f"/v1/cases/{ABSENT}/clocks", bad_urls=(f"/v1/cases/{MARKER}/clocks",),
        **STAFF),
    "GET /v1/cases/{case_id}/assignees": Row(
        "/v1/cases/{case}/assignees", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        by="wang", absent=f"/v1/cases/{ABSENT}/assignees",
        bad_urls=(f"/v1/cases/{MARKER}/assignees",), **STAFF),
    "POST /v1/cases/{case_id}/notes": Row(
        "/v1/cases/{case}/notes", body={"text": "看过了"}, strangers=CASE_STRANGERS, by="wang",
        absent=f"/v1/cases/{ABSENT}/notes", bad_urls=(f"/v1/cases/{MARKER}/notes",),
        forbidden={**NOT, "move_forbidden": ("auditor", "administrator")},
        malformed=(*TEXTS, {"text": MARKER * 400}, {"text": "x", "actor_id": MARKER})),
    "POST /v1/cases/{case_id}/moves": Row(
        "/v1/cases/{case}/moves", body={"move": "verify"}, headers={"If-Match": '"1"'}, by="wang",
        strangers=CASE_STRANGERS, absent=f"/v1/cases/{ABSENT}/moves",
        forbidden={**NOT, "move_forbidden": ("sun", "checker", "auditor", "administrator")},
        wrong_state=(("wang", "/v1/cases/{closed_case}/moves", {"move": "verify"}, 412, "stale_version"),  # noqa: E501
                     ("wang", "/v1/cases/{case}/moves", {"move": "dispatch", "assignee_id": ABSENT},
                      409, "move_impossible")),
        malformed=(*TEXTS, {"move": MARKER}, {"move": "verify", "status": MARKER},
                   {"move": "dispatch", "assignee_id": MARKER}, {"move": "resolve", "photo_ids": MARKER},  # noqa: E501
                   {"move": "verify", "note": MARKER * 400}),
        bad_urls=(f"/v1/cases/{MARKER}/moves",)),
    # Money.
    "GET /v1/funds": Row("/v1/funds", works=("ma", "wu", *EVERY_ROLE), **STAFF),
    "GET /v1/funds/{fund_id}/contributions": Row(
        "/v1/funds/{fund}/contributions", works=("ma", "wu", "auditor"), by="ma", **STAFF,
        strangers=("wang", "keeper", "elsewhere", "far_manager"),
        absent=f"/v1/funds/{ABSENT}/contributions", bad_urls=(f"/v1/funds/{MARKER}/contributions",)),  # noqa: E501
    "POST /v1/funds/{fund_id}/contributions": Row(
        "/v1/funds/{fund}/contributions", body=CONTRIBUTION, headers=key(), by="ma",
        strangers=("far_manager",), absent=f"/v1/funds/{ABSENT}/contributions",
        forbidden={"role_missing": (*REPORTERS, *but(Role.FUND_MANAGER)), "person_only": PROGRAM},
        malformed=(*TEXTS, {**CONTRIBUTION, "fen": MARKER}, {**CONTRIBUTION, "fen": True},
                   {**CONTRIBUTION, "fen": 0}, {**CONTRIBUTION, "fen": 1.5},
                   {**CONTRIBUTION, "kind": MARKER}, {**CONTRIBUTION, "state": MARKER}),
        bad_urls=(f"/v1/funds/{MARKER}/contributions",)),
    "POST /v1/funds/{fund_id}/contributions/{contribution_id}/approve": Row(
        "/v1/funds/{fund}/contributions/{proposed}/approve", by="wu", strangers=("far_approver",),
        absent=f"/v1/funds/{ABSENT}/contributions/{ABSENT}/approve",
        forbidden={"role_missing": (*REPORTERS, *but(Role.FUND_APPROVER)), "person_only": PROGRAM},
        wrong_state=(("wu", "/v1/funds/{fund}/contributions/{approved}/approve", None, 409,
                      "contribution_approved"),
                     ("wu", "/v1/funds/{fund}/contributions/" + ABSENT + "/approve", None, 404,
                      "contribution_not_found")),
        bad_urls=(f"/v1/funds/{MARKER}/contributions/{MARKER}/approve",)),
    "GET /v1/members/{member_no}/points": Row(
        "/v1/members/{member_no}/points", works=("till",), by="till",
        forbidden={"scope_missing": (*REPORTERS, *EVERY_ROLE, "scopeless")},
        absent="/v1/members/22222222/points", bad_urls=(f"/v1/members/{MARKER}!/points",)),
    # Public.
    "GET /v1/photos/{photo_id}/{variant}": Row(
        "/v1/photos/{photo}/thumb?expires=1&signature=x", 403,
        bad_urls=(f"/v1/photos/{MARKER}/thumb?expires=1&signature=x",
                  f"/v1/photos/{ABSENT}/{MARKER}?expires=1&signature=x",
                  f"/v1/photos/{ABSENT}/sealed?expires=1&signature=x",
                  f"/v1/photos/{ABSENT}/thumb?expires={MARKER}&signature=x",
                  f"/v1/photos/{ABSENT}/thumb?expires=1&signature={MARKER * 20}")),
    "GET /v1/grids/locate": Row(
        "/v1/grids/locate?lat=30.2&lng=105.8&crs=wgs84", 200, bad_urls=(
            "", "?lat=30.2&lng=105.8", f"?lat={MARKER}&lng=1&crs=wgs84",
            f"?lat=91&lng=1&crs={MARKER}", "?lat=nan&lng=1&crs=wgs84", "?lat=1&lng=inf&crs=wgs84")),
    "GET /v1/grids/{code}": Row(
        f"/v1/grids/{GRID}", 200, absent="/v1/grids/nowhere", bad_urls=(f"/v1/grids/{MARKER}!",)),
    "GET /v1/regions": Row("/v1/regions", 200, bad_urls=(f"?parent={MARKER}!",)),
    "GET /v1/regions/{code}": Row(
        f"/v1/regions/{STREET}", 200, absent="/v1/regions/nowhere",
        bad_urls=(f"/v1/regions/{MARKER}!",)),
    "GET /v1/categories": Row("/v1/categories", 200),
    "GET /v1/points/rules": Row("/v1/points/rules", 200),
    "GET /v1/stations": Row("/v1/stations", 200, bad_urls=(
        f"?lat={MARKER}", f"?crs={MARKER}", f"?open_now={MARKER}")),
    "GET /v1/items": Row(
        f"/v1/items?station={STATION}", 200, absent="/v1/items?station=nowhere",
        bad_urls=("", f"?station={MARKER}!")),
    "GET /healthz": Row("/healthz", 200),
    "GET /readyz": Row("/readyz", 200),
    "GET /metrics": Row("/metrics", 200),
    "GET /openapi.json": Row("/openapi.json", 200),
    "GET /docs": Row("/docs", 200),
    "GET /docs/start.js": Row("/docs/start.js", 200),
}  # fmt: skip
MORE = [
    importlib.import_module(f"matrix.{file.stem}")
    for file in sorted(Path(__file__).parent.glob("rows_*.py"))
]
for more in MORE:
    TABLE |= more.ROWS

"""Every operation by everyone: one row each, and an operation without a row fails.

A row says what a caller without a token, the wrong people, strangers, an object in the wrong state
and a malformed request get. What the right people get is the matter of each feature's own tests.
"""

import importlib
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cast import DISTRICT, GRID, INSIDE, STATION, STREET, contribute
from flows.story import key, upload
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
from matrix.stage import public_word
from sqlalchemy import update

from app.identity import service as identity
from app.identity.models import Person, Role
from app.kit.db import work
from app.ledger import service as ledger
from app.ledger.funds import add_fund
from app.ledger.models import Fund
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

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
PRIVATE = [name for name, row in TABLE.items() if row.public is None]
# For programs alone: whatever became of a person's session, they have no scope.
PROGRAMS = re.compile("/members/|/till/")


def operations(routes):
    """Method and path of everything that the application answers."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from operations(route.original_router.routes)
        for method in getattr(route, "methods", None) or ():
            yield f"{method} {route.path}"


@pytest.fixture(scope="module")
def world(client, db, cast, desk, as_, newcomer, drain, app, sign_in):
    """The objects that rows speak of, and the headers of everyone who asks for them."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft("500231000000", "垫江县", "垫江县", 0, "县", None)])
        add_fund(tx, "far", "垫江基金", "感谢", "500231000000", 100)
        proposed = identity.add_client(tx, "scopeless", "无权应用", ["cases:read"], DISTRICT)
    people = {
        name: getattr(cast, name) for name in vars(cast) if isinstance(getattr(cast, name), Person)
    }
    people |= {str(role): newcomer((role, DISTRICT)) for role in Role}
    people |= {
        "elsewhere": newcomer((Role.DISPATCHER, "500231000000"), (Role.ADMINISTRATOR, "500231000000")),  # noqa: E501
        "far_manager": newcomer((Role.FUND_MANAGER, "500231000000")),
        "far_approver": newcomer((Role.FUND_APPROVER, "500231000000")),
    }  # fmt: skip
    who = {name: as_(person) for name, person in people.items()}
    for name, secret in (("till", cast.client_secret), ("scopeless", proposed)):
        client_id = cast.client_id if name == "till" else "scopeless"
        form = {**CLIENT, "client_id": client_id, "client_secret": secret}
        token = client.post("/v1/auth/token", data=form).json()["access_token"]
        who[name] = {"Authorization": f"Bearer {token}"}
    desk.closed(reporter=cast.liu_bo)
    closed_report = desk.report
    closed_case = client.get("/v1/cases", headers=desk.wang).json()["items"][0]
    case = desk.reported(reporter=cast.liu_bo)
    drain()
    found = things(client, db, cast, who, app) | {
        "report": desk.report["id"], "closed_report": closed_report["id"],
        "case": case["id"], "closed_case": closed_case["id"],
        "message": client.get("/v1/inbox", headers=who["liu_bo"]).json()["items"][0]["id"],
    }  # fmt: skip
    there = SimpleNamespace(
        client=client, db=db, cast=cast, who=who, things=found, desk=desk, app=app, drain=drain
    )
    for more in MORE:
        # What a feature's rows speak of beside the objects above.
        found |= getattr(more, "things", lambda _there: {})(there)
    return SimpleNamespace(who=who, things=found)


def things(client, db, cast, who, app):
    liu, li, ma = who["liu_bo"], who["li"], who["ma"]
    draft = {**REDEEM, "lines": [{"item_id": str(cast.soap.id), "quantity": 1}]}
    done, held = (
        client.post("/v1/redemptions", json=draft, headers={**liu, **key()}).json() for _ in "12"
    )
    client.post("/v1/redemptions/fulfil", json={"code": done["code"]}, headers=li)
    funds = f"/v1/funds/{cast.fund.id}/contributions"
    proposed = client.post(funds, json=CONTRIBUTION, headers={**ma, **key()}).json()["id"]
    with work(db, write=True) as tx:
        approved = contribute(tx, cast.fund.id, cast.ma, cast.wu, 100)
    return {
        "photo": upload(client, liu), "soap": str(cast.soap.id), "held": held["id"],
        "code": held["code"], "done": done["id"], "done_code": done["code"],
        "lapsed": lapsed(client, db, cast, who), "fund": str(cast.fund.id), "proposed": proposed,
        "approved": str(approved), "member_no": cast.liu_bo.member_no,
    }  # fmt: skip


def lapsed(client, db, cast, who):
    """The code of a redemption that was cancelled: it is over, as one past its time is."""
    with work(db, write=True) as tx:
        fund = tx.get_one(Fund, cast.fund.id)
        ledger.accrue(
            tx, source="matrix", person_id=cast.liu_bo.id, fund=fund, points=5,
            life=ledger.Life(), reason="report.filed",
        )  # fmt: skip
        ledger.settle(tx, source="matrix", reason="report.filed")
    draft = {**REDEEM, "lines": [{"item_id": str(cast.soap.id), "quantity": 1}]}
    liu = who["liu_bo"]
    made = client.post("/v1/redemptions", json=draft, headers={**liu, **key()}).json()
    client.post(f"/v1/redemptions/{made['id']}/cancel", headers=liu)
    return made["code"]


def filled(value, things):
    """The value with the world's objects in the place of their names."""
    match value:
        case str():
            for name, thing in things.items():
                value = value.replace("{" + name + "}", thing)
            return value
        case dict():
            return {k: filled(v, things) for k, v in value.items()}
        case list():
            return [filled(v, things) for v in value]
        case _:
            return value


@pytest.fixture
def ask(client, world):
    """Sends a row's request as somebody, or without a token."""

    def send(name, who=None, *, url=None, body=...):
        method, row = name.partition(" ")[0], TABLE[name]
        headers = {**row.headers, **(world.who[who] if who else {})}
        if "Idempotency-Key" in headers:
            headers |= key()
        content = filled(row.body if body is ... else body, world.things)
        if name == "POST /v1/photos":
            sent = {"files": {"file": ("p.jpg", b"x", "image/jpeg")}} if body is ... else (
                {"data": content} if content else {}
            )  # fmt: skip
        elif method == "GET" or (content is None and body is ...):
            sent = {}
        else:
            sent = {"data": content} if row.form else {"json": content}
        return client.request(method, filled(url or row.url, world.things), headers=headers, **sent)

    return send


def refused(answer, status, code=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= body.keys()
    assert body["status"] == status
    assert code is None or body["code"] == code, body


def test_every_operation_has_a_row_and_every_row_an_operation(app):
    found = [name for name in operations(app.routes) if not name.startswith("HEAD ")]
    assert sorted(found) == sorted(TABLE)


def test_every_operation_without_an_actor_is_public_here(app):
    open_writes = {"POST /v1/auth/wechat", "POST /v1/auth/password", "POST /v1/auth/refresh",
                   "POST /v1/auth/token", "POST /v1/auth/development"}  # fmt: skip
    public = {name for name, row in TABLE.items() if row.public is not None}
    assert {name for name in public if not name.startswith("GET ")} == open_writes


@pytest.mark.parametrize("name", TABLE)
def test_nobody(ask, name):
    row, answer = TABLE[name], ask(name)
    if row.public is None:
        refused(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert answer.status_code == row.public, answer.text


@pytest.mark.parametrize("name", PRIVATE)
def test_a_token_that_is_not_ours(client, ask, world, name):
    world.who["forged"] = {"Authorization": "Bearer a.b.c"}
    refused(ask(name, "forged"), 401, "token_invalid")


@pytest.mark.parametrize("name", [name for name in PRIVATE if not PROGRAMS.search(name)])
@pytest.mark.parametrize("how", ["signed_out", "disabled", "expired"])
def test_whoever_is_out(ask, world, db, newcomer, sign_in, app, name, how):
    """A session that ended, a person who was disabled: refused at the next request."""
    if f"{how}:{how}" not in world.who:
        person = newcomer(*((role, DISTRICT) for role in Role))
        life = timedelta(minutes=-1) if how == "expired" else timedelta(hours=1)
        with work(db, write=True) as tx:
            signed = identity._open(tx, app.state.token_keys, person.id, life)
            if how == "signed_out":
                claims = app.state.token_keys.verify(signed.access_token)
                identity.end(tx, claims["sid"], "signed_out")
            if how == "disabled":
                disabled = update(Person).where(Person.id == person.id)
                tx.execute(disabled.values(state="disabled"))
        world.who[f"{how}:{how}"] = {"Authorization": f"Bearer {signed.access_token}"}
    answer = ask(name, f"{how}:{how}")
    # A photo is looked at before the session, so that no transaction waits for it.
    if name == "POST /v1/photos":
        assert answer.status_code in {401, 415}
    else:
        refused(answer, 401, "session_ended")


@pytest.mark.parametrize(
    ("name", "who"), [(name, who) for name, row in TABLE.items() for who in row.works]
)
def test_those_who_may_read(ask, name, who):
    answer = ask(name, who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "code", "who"),
    [
        (name, code, who)
        for name, row in TABLE.items()
        for code, people in row.forbidden.items()
        for who in people
        if name != "POST /v1/photos"
    ],
)
def test_the_wrong_people(ask, name, code, who):
    refused(ask(name, who), 403, code)


@pytest.mark.parametrize(
    ("name", "who"), [(name, who) for name, row in TABLE.items() for who in row.strangers]
)
def test_strangers_hear_what_is_heard_of_nothing(ask, name, who):
    strange = ask(name, who)
    refused(strange, 404)
    nothing = {"code": "2345678923"} if "fulfil" in name else ...
    assert public_word(strange) == public_word(ask(name, who, url=TABLE[name].absent, body=nothing))


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.absent])
def test_what_is_absent(ask, name):
    row = TABLE[name]
    body = {"code": "2345678923"} if "fulfil" in name else ...
    answer = ask(name, None if row.public else row.by, url=row.absent, body=body)
    refused(answer, 404)
    assert ABSENT not in answer.text


@pytest.mark.parametrize(
    ("name", "who", "address", "body", "status", "code"),
    [(name, *case) for name, row in TABLE.items() for case in row.wrong_state],
)
def test_the_wrong_state(ask, name, who, address, body, status, code):
    refused(ask(name, who, url=address, body=body if body is not None else ...), status, code)


@pytest.mark.parametrize(
    ("name", "body"),
    [(name, body) for name, row in TABLE.items() for body in row.malformed],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_malformed_bodies(ask, name, body):
    row = TABLE[name]
    answer = ask(name, None if row.public else row.by, body=body)
    refused(answer, 422, "unprocessable")
    assert answer.json()["errors"]
    echoed = answer.text.replace(f'"{MARKER}"', "") if body == {MARKER: 1} else answer.text
    assert MARKER not in echoed


@pytest.mark.parametrize(
    ("name", "address"), [(name, bad) for name, row in TABLE.items() for bad in row.bad_urls]
)
def test_malformed_addresses(ask, name, address):
    row = TABLE[name]
    full = address if address.startswith("/") else row.url.partition("?")[0] + address
    who = None if row.public else "qian" if row.forbidden == NOT else row.by
    answer = ask(name, who, url=full)
    assert answer.status_code in {400, 422}, answer.text
    refused(answer, answer.status_code)
    assert MARKER not in answer.text


@pytest.mark.parametrize(
    "name", ["POST /v1/reports", "POST /v1/redemptions", "POST /v1/funds/{fund_id}/contributions"]
)
def test_writes_that_need_a_key(client, world, name):
    row = TABLE[name]
    answer = client.post(
        filled(row.url, world.things), json=filled(row.body, world.things),
        headers=world.who[row.by],
    )  # fmt: skip
    refused(answer, 400, "idempotency_key_missing")


def test_the_move_that_lacks_its_version(client, world):
    url = filled("/v1/cases/{case}/moves", world.things)
    answer = client.post(url, json={"move": "verify"}, headers=world.who["wang"])
    refused(answer, 428, "precondition_required")


def test_a_proposer_never_approves(client, world, cast, newcomer, as_):
    both = as_(newcomer((Role.FUND_MANAGER, DISTRICT), (Role.FUND_APPROVER, DISTRICT)))
    url = f"/v1/funds/{cast.fund.id}/contributions"
    made = client.post(url, json=CONTRIBUTION, headers={**both, **key()}).json()
    refused(client.post(f"{url}/{made['id']}/approve", headers=both), 403, "second_person_needed")


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/cases/x/y/z", "/", "/v1/photos/a/b/c", "/.env"]
)
def test_paths_that_do_not_exist(client, path):
    refused(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v1/me"), ("PUT", "/v1/reports"), ("POST", "/v1/regions"), ("PATCH", "/v1/me")],
)
def test_methods_that_do_not_exist(client, world, method, path):
    answer = client.request(method, path, headers=world.who["liu_bo"])
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]

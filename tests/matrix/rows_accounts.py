"""The matrix rows of staff accounts, one's own sign-in, roles, broken glass and API clients."""

from cast import DISTRICT, PASSWORD
from flows.story import key
from matrix.row import (
    ABSENT,
    EVERY_ROLE,
    MARKER,
    ME,
    NOT,
    PAGES,
    PROGRAM,
    REPORTERS,
    TEXTS,
    Row,
    but,
)  # fmt: skip

from app.identity.models import Role

ADMINS = {"role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR)), "person_only": PROGRAM}
WATCHERS = {
    "role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR, Role.AUDITOR)), "person_only": PROGRAM,
}  # fmt: skip
NO_ACCOUNT = {"person_only": PROGRAM, "staff_account_missing": REPORTERS}
# Whoever administers the cast: `sun` is one of them, and nobody administers themselves.
BY = "administrator"
STAFF = {"name": "新员工", "username": "row-staff", "region_code": DISTRICT}
CHANGE = {"old": "not it", "new": "a River of 7 words"}
GLASS = {"role": "handler", "region_code": DISTRICT, "reason": "暴雨积水，处置人员失联"}
CLIENT = {
    "id": "row-shop", "name": "收银系统", "scopes": ["points:read"], "region_code": DISTRICT,
}  # fmt: skip
ROLE = {"person_id": "{account}", "role": "checker", "region_code": DISTRICT}


def deed(verb: str) -> Row:
    """A row of something that is done to one account."""
    return Row(
        f"/v1/staff/{{account}}/{verb}", by=BY, forbidden=ADMINS, strangers=("elsewhere",),
        absent=f"/v1/staff/{ABSENT}/{verb}", bad_urls=(f"/v1/staff/{MARKER}/{verb}",),
        wrong_state=(("sun", f"/v1/staff/{{sun_id}}/{verb}", None, 403, "self_administration"),),
    )  # fmt: skip


def client_deed(verb: str, **more) -> Row:
    return Row(
        f"/v1/clients/row-first/{verb}", by=BY, forbidden=ADMINS, strangers=("elsewhere",),
        absent=f"/v1/clients/nobody/{verb}", bad_urls=(f"/v1/clients/{MARKER}!/{verb}",), **more,
    )  # fmt: skip


ROWS = {
    "PUT /v1/me/password": Row(
        "/v1/me/password", body=CHANGE, by="wang", forbidden=NO_ACCOUNT,
        wrong_state=(("wang", "/v1/me/password", CHANGE, 403, "password_wrong"),
                     ("wang", "/v1/me/password", {"old": PASSWORD, "new": "short"}, 422,
                      "password_weak")),
        malformed=(*TEXTS, {"old": MARKER}, {**CHANGE, "new": MARKER * 40},
                   {**CHANGE, "username": MARKER}, {**CHANGE, "new": 7})),
    "POST /v1/me/totp": Row("/v1/me/totp", by="wang", forbidden=NO_ACCOUNT),
    "POST /v1/me/totp/confirm": Row(
        "/v1/me/totp/confirm", body={"code": "123456"}, by="wang", forbidden=NO_ACCOUNT,
        wrong_state=(("zhao", "/v1/me/totp/confirm", {"code": "123456"}, 409, "totp_mismatch"),),
        malformed=(*TEXTS, {"code": MARKER}, {"code": 123456})),
    "POST /v1/me/staff-binding": Row(
        "/v1/me/staff-binding", body={"code": "nothing"}, **ME,
        wrong_state=(("wang", "/v1/me/staff-binding", {"code": "x"}, 404,
                      "invitation_not_found"),),
        malformed=(*TEXTS, {"code": MARKER * 7}, {"code": 7})),
    "GET /v1/me/sessions": Row(
        "/v1/me/sessions", works=("liu_bo", *EVERY_ROLE), bad_urls=PAGES, **ME),
    "POST /v1/me/sessions/{session_id}/revoke": Row(
        "/v1/me/sessions/{session}/revoke", by="liu_bo", strangers=("chen", "sun", "administrator"),
        absent=f"/v1/me/sessions/{ABSENT}/revoke", bad_urls=(f"/v1/me/sessions/{MARKER}/revoke",),
        **ME),
    "GET /v1/staff": Row(
        "/v1/staff", works=("administrator", "sun", "elsewhere"), by=BY, bad_urls=PAGES,
        forbidden=ADMINS),
    "POST /v1/staff": Row(
        "/v1/staff", body=STAFF, by=BY, forbidden={**ADMINS, "region_forbidden": ("elsewhere",)},
        wrong_state=((BY, "/v1/staff", {**STAFF, "username": "wang"}, 409, "username_taken"),
                     (BY, "/v1/staff", {**STAFF, "region_code": "1"}, 422, "region_unknown")),
        malformed=(*TEXTS, {**STAFF, "username": MARKER}, {**STAFF, "password": MARKER},
                   {**STAFF, "name": MARKER * 20}, {**STAFF, "grants": [MARKER]})),
    **{f"POST /v1/staff/{{person_id}}/{verb}": deed(verb) for verb in (
        "disable", "enable", "reset-password", "reset-totp", "revoke-sessions", "invitations")},
    "GET /v1/roles": Row(
        "/v1/roles", works=("administrator", "auditor", "elsewhere"), by=BY, bad_urls=PAGES,
        forbidden=WATCHERS),
    "POST /v1/roles": Row(
        "/v1/roles", body=ROLE, by=BY, forbidden={**ADMINS, "region_forbidden": ("elsewhere",)},
        wrong_state=(("sun", "/v1/roles", {**ROLE, "person_id": "{sun_id}"}, 403,
                      "self_administration"),
                     (BY, "/v1/roles", {**ROLE, "person_id": ABSENT}, 404, "staff_not_found")),
        malformed=(*TEXTS, {**ROLE, "role": MARKER}, {**ROLE, "person_id": MARKER},
                   {**ROLE, "region_code": MARKER + "!"}, {**ROLE, "granted_by": MARKER})),
    "POST /v1/roles/{grant_id}/revoke": Row(
        "/v1/roles/{grant}/revoke", by=BY, forbidden=ADMINS, strangers=("elsewhere",),
        absent=f"/v1/roles/{ABSENT}/revoke", bad_urls=(f"/v1/roles/{MARKER}/revoke",)),
    "GET /v1/break-glass": Row(
        "/v1/break-glass", works=("administrator", "auditor", "elsewhere"), by=BY, bad_urls=PAGES,
        forbidden=WATCHERS),
    "POST /v1/break-glass": Row(
        "/v1/break-glass", body=GLASS, by="wang",
        forbidden={**NOT, "glass_forbidden": ("elsewhere",)},
        wrong_state=(("handler", "/v1/break-glass", GLASS, 409, "role_held"),),
        malformed=(*TEXTS, {**GLASS, "role": MARKER}, {**GLASS, "reason": "x"},
                   {**GLASS, "hours": MARKER}, {**GLASS, "person_id": MARKER})),
    "GET /v1/clients": Row(
        "/v1/clients", works=("administrator", "sun", "elsewhere"), by=BY, forbidden=ADMINS),
    "POST /v1/clients": Row(
        "/v1/clients", body=CLIENT, by=BY,
        forbidden={**ADMINS, "region_forbidden": ("elsewhere",)},
        wrong_state=((BY, "/v1/clients", {**CLIENT, "id": "till-1"}, 409, "client_taken"),),
        malformed=(*TEXTS, {**CLIENT, "id": MARKER}, {**CLIENT, "scopes": [MARKER]},
                   {**CLIENT, "scopes": []}, {**CLIENT, "secret": MARKER})),
    "POST /v1/clients/{client_id}/rotate": client_deed(
        "rotate",
        wrong_state=((BY, "/v1/clients/row-disabled/rotate", None, 409, "client_disabled"),)),
    "POST /v1/clients/{client_id}/disable": client_deed("disable"),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """Clients, a role and a session of which rows speak."""

    def post(url: str, body=None):
        headers = {**there.who["sun"], **key()}
        return there.client.post(url, json=body, headers=headers).json()

    for name in ("row-first", "row-disabled"):
        post("/v1/clients", {**CLIENT, "id": name})
    post("/v1/clients/row-disabled/disable")
    account = post("/v1/staff", {**STAFF, "username": "row-roles"})["id"]
    sessions = there.client.get("/v1/me/sessions", headers=there.desk._as(there.cast.liu_bo))
    return {
        "account": account, "sun_id": str(there.cast.sun.id),
        "grant": post("/v1/roles", {**ROLE, "person_id": account})["id"],
        # The one that has just been begun, and asks for nothing else.
        "session": sessions.json()["items"][0]["id"],
    }  # fmt: skip

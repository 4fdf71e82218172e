"""The matrix rows of privacy: one's own data, and looks at those of others."""

import httpx
from matrix.row import (
    ABSENT,
    CASE_STRANGERS,
    MARKER,
    ME,
    NOT,
    PAGES,
    PROGRAM,
    REPORTERS,
    TEXTS,
    Row,
    but,
)

from app.demo.wechat_server import FakeWechat, create_wechat_server
from app.identity.models import Role
from app.wechat.client import WechatClient

REASON = {"reason": "核实现场位置"}
REASONS = (*TEXTS, {"reason": ""}, {"reason": "x"}, {"reason": MARKER * 50})
LOOKERS = (Role.DISPATCHER, Role.AUDITOR, Role.ADMINISTRATOR)
CALLERS = (Role.DISPATCHER, Role.ADMINISTRATOR)
READERS = (Role.AUDITOR, Role.ADMINISTRATOR)


def only(*roles: Role) -> dict[str, tuple[str, ...]]:
    """Everyone without one of the roles."""
    return {"role_missing": (*REPORTERS, *but(*roles)), "person_only": PROGRAM}


FILE = f"/v1/privacy/files/export/{ABSENT}?expires=1&signature=x"
VERSIONS = (*TEXTS, {"version": MARKER}, {"version": 1})
ROWS: dict[str, Row] = {
    "GET /v1/privacy/policy": Row("/v1/privacy/policy", 200),
    "GET /v1/privacy/files/{kind}/{file_id}": Row(
        FILE, 403, bad_urls=(f"/v1/privacy/files/{MARKER}/{ABSENT}?expires=1&signature=x",
                             f"/v1/privacy/files/export/{ABSENT}?expires={MARKER}&signature=x")),
    "GET /v1/privacy/looks": Row(
        "/v1/privacy/looks", works=("sun", "auditor"), by="sun", forbidden=only(*READERS),
        bad_urls=PAGES),
    "GET /v1/me/consents": Row("/v1/me/consents", works=("liu_bo", "wang"), **ME),
    "POST /v1/me/consents": Row(
        "/v1/me/consents", body={"version": "1.1"}, malformed=VERSIONS,
        wrong_state=(("chen", "/v1/me/consents", {"version": "0.1"}, 409, "version_unknown"),),
        **ME),
    "POST /v1/me/consents/withdraw": Row("/v1/me/consents/withdraw", **ME),
    "POST /v1/me/phone": Row(
        "/v1/me/phone", body={"code": "x"}, malformed=(*TEXTS, {"code": MARKER + "!"}), **ME),
    "DELETE /v1/me/phone": Row("/v1/me/phone", **ME),
    "PUT /v1/me/real-name": Row(
        "/v1/me/real-name", body={"real_name": "刘小波"},
        malformed=(*TEXTS, {"real_name": "刘"}, {"real_name": "波" * 41}), **ME),
    "DELETE /v1/me/real-name": Row("/v1/me/real-name", **ME),
    "GET /v1/me/looks": Row("/v1/me/looks", works=("liu_bo", "wang"), bad_urls=PAGES, **ME),
    "POST /v1/me/exports": Row("/v1/me/exports", **ME),
    "GET /v1/me/exports/{export_id}": Row(
        "/v1/me/exports/{export}", works=("liu_bo",), strangers=("chen", "sun"),
        absent=f"/v1/me/exports/{ABSENT}", bad_urls=(f"/v1/me/exports/{MARKER}",), **ME),
    "DELETE /v1/me": Row(
        "/v1/me", bad_urls=(f"/v1/me?forfeit_points={MARKER}",),
        wrong_state=(("wang", "/v1/me", None, 409, "role_held"),), **ME),
    "POST /v1/cases/{case_id}/reporter": Row(
        "/v1/cases/{case}/reporter", body=REASON, by="qian",
        forbidden={**NOT, "look_forbidden": ("wang",)}, strangers=CASE_STRANGERS,
        absent=f"/v1/cases/{ABSENT}/reporter", bad_urls=(f"/v1/cases/{MARKER}/reporter",),
        malformed=REASONS),
    "POST /v1/people/{person_id}/phone": Row(
        "/v1/people/{reporter}/phone", body=REASON, by="qian", forbidden=only(*CALLERS),
        strangers=("elsewhere",), absent=f"/v1/people/{ABSENT}/phone",
        bad_urls=(f"/v1/people/{MARKER}/phone",), malformed=REASONS,
        wrong_state=(("qian", "/v1/people/{reporter}/phone", None, 404, "phone_unknown"),)),
    "POST /v1/people/{person_id}/real-name": Row(
        "/v1/people/{reporter}/real-name", body=REASON, by="qian", forbidden=only(*CALLERS),
        strangers=("elsewhere",), absent=f"/v1/people/{ABSENT}/real-name",
        bad_urls=(f"/v1/people/{MARKER}/real-name",), malformed=REASONS,
        wrong_state=(("qian", "/v1/people/{reporter}/real-name", None, 404, "real_name_unknown"),)),
    "POST /v1/photos/{photo_id}/original": Row(
        "/v1/photos/{case_photo}/original", body=REASON, by="qian", forbidden=only(*LOOKERS),
        strangers=("elsewhere",), absent=f"/v1/photos/{ABSENT}/original",
        bad_urls=(f"/v1/photos/{MARKER}/original",), malformed=REASONS),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """A copy that liu_bo asked for, the photo of a case, and who reported it."""
    copy = there.client.post("/v1/me/exports", headers=there.who["liu_bo"]).json()["id"]
    url = f"/v1/reports/{there.things['report']}"
    shown = there.client.get(url, headers=there.who["liu_bo"]).json()
    return {
        "export": copy, "case_photo": shown["photos"][0]["id"],
        "reporter": str(there.cast.liu_bo.id),
    }  # fmt: skip


def phone_code(there, number: str = "13612340001") -> str:
    """A code for a number, of a WeChat that is put behind the application for it."""
    fake = FakeWechat("wx-test")
    transport = httpx.ASGITransport(create_wechat_server(fake))
    there.app.state.wechat = WechatClient("wx-test", fake.secret, "http://fake", transport)
    return fake.services.issue_phone_code(number)

"""Rows of requests and their decisions."""

from datetime import timedelta

from matrix.row import (
    ABSENT,
    CASE_STRANGERS,
    EVERY_ROLE,
    MARKER,
    ME,
    NOT,
    PAGES,
    STAFF,
    TEXTS,
    Row,
)  # fmt: skip

from app.kit import clock

EXTENSION = {"hours": 24, "text": "配件须从外地调运"}
SUSPENSION = {"review_on": "{next_week}", "text": "须待汛期结束"}
DECISION = {"granted": False, "answer": "时间足够"}
WHY = {"text": "井盖又松动了"}
# Who reads the case and does not handle it.
READERS = ("qian", "sun", "dispatcher", "grid_staff", "grid_head", "checker", "auditor")

ROWS: dict[str, Row] = {
    "GET /v1/approvals": Row(
        "/v1/approvals", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=(*PAGES, f"?state={MARKER}", f"?kind={MARKER}")),
    "POST /v1/approvals/{approval_id}/decision": Row(
        "/v1/approvals/{approval}/decision", body=DECISION, by="qian",
        strangers=CASE_STRANGERS, absent=f"/v1/approvals/{ABSENT}/decision",
        forbidden={**NOT, "own_request": ("wang",),
                   "decision_forbidden": ("sun", "grid_staff", "checker", "auditor",
                                          "administrator")},
        wrong_state=(("qian", "/v1/approvals/{refused_approval}/decision", DECISION, 409,
                      "approval_decided"),),
        malformed=(*TEXTS, {**DECISION, "granted": MARKER}, {**DECISION, "granted": 1},
                   {**DECISION, "answer": MARKER * 400}, {**DECISION, "state": MARKER}),
        bad_urls=(f"/v1/approvals/{MARKER}/decision",)),
    "POST /v1/cases/{case_id}/extensions": Row(
        "/v1/cases/{given_case}/extensions", body=EXTENSION, by="wang",
        strangers=CASE_STRANGERS, absent=f"/v1/cases/{ABSENT}/extensions",
        forbidden={**NOT, "request_forbidden": READERS},
        wrong_state=(("wang", "/v1/cases/{given_case}/extensions", EXTENSION, 409,
                      "request_pending"),
                     ("wang", "/v1/cases/{closed_case}/extensions", EXTENSION, 409,
                      "request_impossible")),
        malformed=(*TEXTS, {**EXTENSION, "hours": MARKER}, {**EXTENSION, "hours": True},
                   {**EXTENSION, "hours": 0}, {**EXTENSION, "text": MARKER * 400},
                   {**EXTENSION, "case_id": MARKER}),
        bad_urls=(f"/v1/cases/{MARKER}/extensions",)),
    "POST /v1/cases/{case_id}/suspensions": Row(
        "/v1/cases/{given_case}/suspensions", body=SUSPENSION, by="wang",
        strangers=CASE_STRANGERS, absent=f"/v1/cases/{ABSENT}/suspensions",
        forbidden={**NOT, "request_forbidden": READERS},
        wrong_state=(("wang", "/v1/cases/{closed_case}/suspensions", SUSPENSION, 409,
                      "request_impossible"),
                     ("wang", "/v1/cases/{given_case}/suspensions",
                      {**SUSPENSION, "review_on": "2020-01-01"}, 422, "review_date_invalid")),
        malformed=(*TEXTS, {**SUSPENSION, "review_on": MARKER},
                   {**SUSPENSION, "text": MARKER * 400}, {**SUSPENSION, "hours": MARKER}),
        bad_urls=(f"/v1/cases/{MARKER}/suspensions",)),
    "POST /v1/reports/{report_id}/reopen": Row(
        "/v1/reports/{closed_report}/reopen", body=WHY,
        strangers=("chen", "wang", "qian", "administrator"),
        absent=f"/v1/reports/{ABSENT}/reopen", **ME,
        wrong_state=(("liu_bo", "/v1/reports/{report}/reopen", WHY, 409, "request_impossible"),),
        malformed=(*TEXTS, {"text": MARKER * 400}, {"text": "x", "kind": MARKER}),
        bad_urls=(f"/v1/reports/{MARKER}/reopen",)),
    "POST /v1/reports/{report_id}/appeal": Row(
        "/v1/reports/{report}/appeal", body=WHY,
        strangers=("chen", "wang", "qian", "administrator"),
        absent=f"/v1/reports/{ABSENT}/appeal", **ME,
        wrong_state=(("liu_bo", "/v1/reports/{closed_report}/appeal", WHY, 409,
                      "request_impossible"),),
        malformed=(*TEXTS, {"text": MARKER * 400}, {"text": "x", "kind": MARKER}),
        bad_urls=(f"/v1/reports/{MARKER}/appeal",)),
}  # fmt: skip


def things(there):
    """A case of Wang's, for which one request was refused and another one waits."""
    case, wang = there.desk.dispatched(), there.who["wang"]
    url = f"/v1/cases/{case['id']}/extensions"
    refused = there.client.post(url, json=EXTENSION, headers=wang).json()
    there.client.post(
        f"/v1/approvals/{refused['id']}/decision", json=DECISION, headers=there.who["qian"]
    )
    waiting = there.client.post(url, json=EXTENSION, headers=wang).json()
    day = (clock.business_day(clock.now()) + timedelta(days=7)).isoformat()
    return {
        "given_case": case["id"], "approval": waiting["id"], "refused_approval": refused["id"],
        "next_week": day,
    }  # fmt: skip

"""Rows of supervision orders and escalations."""

from matrix.row import (
    ABSENT,
    CASE_STRANGERS,
    EVERY_ROLE,
    MARKER,
    NOT,
    PAGES,
    STAFF,
    TEXTS,
    Row,
)  # fmt: skip

ORDER = {"text": "请于今日内现场防护", "due_hours": 24}
ANSWER = {"text": "已现场防护"}

ROWS: dict[str, Row] = {
    "GET /v1/supervisions": Row(
        "/v1/supervisions", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=(*PAGES, f"?state={MARKER}", f"?region={MARKER}!")),
    "POST /v1/cases/{case_id}/supervisions": Row(
        "/v1/cases/{ordered_case}/supervisions", body=ORDER, by="qian",
        strangers=CASE_STRANGERS, absent=f"/v1/cases/{ABSENT}/supervisions",
        forbidden={**NOT, "supervision_forbidden": ("wang", "grid_staff", "checker", "auditor")},
        wrong_state=(("qian", "/v1/cases/{closed_case}/supervisions", ORDER, 409, "case_ended"),),
        malformed=(*TEXTS, {**ORDER, "due_hours": MARKER}, {**ORDER, "due_hours": True},
                   {**ORDER, "due_hours": 0}, {**ORDER, "text": MARKER * 400},
                   {**ORDER, "number": MARKER}),
        bad_urls=(f"/v1/cases/{MARKER}/supervisions",)),
    "POST /v1/supervisions/{order_id}/answer": Row(
        "/v1/supervisions/{order}/answer", body=ANSWER, by="wang",
        strangers=CASE_STRANGERS, absent=f"/v1/supervisions/{ABSENT}/answer",
        forbidden={**NOT, "own_order": ("qian",),
                   "answer_forbidden": ("sun", "checker", "auditor", "administrator")},
        wrong_state=(("wang", "/v1/supervisions/{answered_order}/answer", ANSWER, 409,
                      "supervision_answered"),),
        malformed=(*TEXTS, {"text": MARKER * 400}, {**ANSWER, "state": MARKER}),
        bad_urls=(f"/v1/supervisions/{MARKER}/answer",)),
    "GET /v1/cases/{case_id}/escalations": Row(
        "/v1/cases/{case}/escalations", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        by="wang", absent=f"/v1/cases/{ABSENT}/escalations",
        bad_urls=(f"/v1/cases/{MARKER}/escalations",), **STAFF),
}  # fmt: skip


def things(there):
    """A case of Wang's with two orders, one of them answered."""
    case, client = there.desk.dispatched(), there.client
    url = f"/v1/cases/{case['id']}/supervisions"
    order, answered = (
        client.post(url, json=ORDER, headers=there.who["qian"]).json()["id"] for _ in "12"
    )
    client.post(f"/v1/supervisions/{answered}/answer", json=ANSWER, headers=there.who["wang"])
    return {"ordered_case": case["id"], "order": order, "answered_order": answered}

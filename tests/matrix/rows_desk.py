"""The matrix rows of the staff's desk."""

from matrix.row import ABSENT, CASE_STRANGERS, EVERY_ROLE, MARKER, STAFF, TEXTS, Row

ITEM = {"case_id": ABSENT, "version": 1}
DISPATCH = {"items": [ITEM], "assignee_id": ABSENT}
SAVED = {"filters": {"open": True}}
NARROWED = (
    f"status={MARKER}", f"status=filed&status={MARKER}", f"region={MARKER}!", f"net={MARKER}!",
    f"mine={MARKER}", f"due_soon={MARKER}", f"supervised={MARKER}", f"q={MARKER * 20}",
)  # fmt: skip

ROWS = {
    "GET /v1/desk/counters": Row(
        "/v1/desk/counters", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=(f"?region={MARKER}!",)),
    "POST /v1/desk/dispatches": Row(
        "/v1/desk/dispatches", body=DISPATCH, by="qian", **STAFF,
        malformed=(*TEXTS, {**DISPATCH, "items": []}, {**DISPATCH, "items": MARKER},
                   {**DISPATCH, "items": [ITEM] * 2}, {**DISPATCH, "assignee_id": MARKER},
                   {**DISPATCH, "unit_code": "U1"}, {"items": [ITEM]},
                   {**DISPATCH, "items": [{**ITEM, "version": MARKER}]},
                   {**DISPATCH, "items": [{**ITEM, "version": True}]},
                   {**DISPATCH, "note": MARKER * 400})),
    "GET /v1/desk/filters": Row("/v1/desk/filters", works=("wang", *EVERY_ROLE), **STAFF),
    "PUT /v1/desk/filters/{name}": Row(
        "/v1/desk/filters/mine", body=SAVED, by="qian", **STAFF,
        malformed=(*TEXTS, {"filters": MARKER}, {"filters": {"status": MARKER}},
                   {"filters": {"status": ["filed", MARKER]}}, {"filters": {"status": [[]]}},
                   {"filters": {"mine": MARKER}}, {"filters": {"region": MARKER + "!"}},
                   {**SAVED, "position": 0}, {**SAVED, "position": True}),
        bad_urls=(f"/v1/desk/filters/{MARKER * 12}", f"/v1/desk/filters/{MARKER}%00")),
    "DELETE /v1/desk/filters/{name}": Row(
        "/v1/desk/filters/nothing", by="qian", strangers=("wang", "administrator"),
        absent="/v1/desk/filters/nothing", **STAFF,
        bad_urls=(f"/v1/desk/filters/{MARKER * 12}",)),
    "GET /v1/desk/export": Row(
        "/v1/desk/export?format=csv", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=("", f"?format={MARKER}", *(f"?format=csv&{word}" for word in NARROWED))),
    "GET /v1/cases/{case_id}/sheet": Row(
        "/v1/cases/{case}/sheet", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        by="wang", absent=f"/v1/cases/{ABSENT}/sheet", bad_urls=(f"/v1/cases/{MARKER}/sheet",),
        **STAFF),
}  # fmt: skip

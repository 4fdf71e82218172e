"""The matrix rows of ratings, follow-up calls, satisfaction, answer templates and updates."""

from cast import DISTRICT, STREET
from flows.story import key
from matrix.row import (
    ABSENT,
    CASE_STRANGERS,
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
)

from app.identity.models import Role

EDITORS = (Role.GRID_HEAD, Role.ADMINISTRATOR)
EDITOR_ONLY = {"role_missing": (*REPORTERS, *but(*EDITORS)), "person_only": PROGRAM}
RATING = {"stars": 5, "reasons": ["fast"], "text": "好"}
CALL = {"reached": True, "verdict": "satisfied"}
TEMPLATE = {"region_code": STREET, "move": "close", "name": "修复", "text": "案件 {number} 已修复"}
DAYS = "from=2026-01-01&to=2026-12-31"
PERIOD = f"region={DISTRICT}&{DAYS}"
PERIODS = (
    "", f"?{DAYS}", f"?region={MARKER}!&{DAYS}", f"?region={DISTRICT}&from={MARKER}&to=2026-01-01",
    f"?region={DISTRICT}&from=2026-01-01", f"?region={DISTRICT}&from=2026-01-02&to=2026-01-01",
    f"?region={DISTRICT}&from=0001-01-01&to=9999-12-31",
)  # fmt: skip
# Staff who read no cases of the whole district.
FIGURE_STRANGERS = ("wang", "zhao", "keeper", "handler", "fund_manager", "elsewhere")
BAD_TEMPLATES = (
    *TEXTS, {**TEMPLATE, "move": MARKER}, {**TEMPLATE, "name": MARKER * 20},
    {**TEMPLATE, "text": MARKER * 200}, {**TEMPLATE, "active": MARKER},
    {**TEMPLATE, "reason_code": MARKER}, {**TEMPLATE, "region_code": MARKER + "!"},
)  # fmt: skip


def of_case(path: str, query: str = "", **more: object) -> Row:
    """What stands under a case."""
    return Row(
        f"/v1/cases/{{closed_case}}/{path}{query}", by="wang", strangers=CASE_STRANGERS,
        absent=f"/v1/cases/{ABSENT}/{path}{query}", **more,
    )  # fmt: skip


ROWS = {
    "POST /v1/reports/{report_id}/rating": Row(
        "/v1/reports/{closed_report}/rating", body=RATING, strangers=("chen", "wang", "sun"),
        absent=f"/v1/reports/{ABSENT}/rating", **ME, bad_urls=(f"/v1/reports/{MARKER}/rating",),
        wrong_state=(
            ("liu_bo", "/v1/reports/{rated_report}/rating", RATING, 409, "already_rated"),
            ("liu_bo", "/v1/reports/{report}/rating", RATING, 409, "case_not_closed")),
        malformed=(*TEXTS, {"stars": MARKER}, {"stars": 0}, {"stars": 6}, {"stars": True},
                   {"stars": 5, "reasons": [MARKER]}, {"stars": 5, "text": MARKER * 400},
                   {"stars": 5, "person_id": MARKER})),
    "GET /v1/reports/{report_id}/rating": Row(
        "/v1/reports/{rated_report}/rating", works=("liu_bo",),
        strangers=("chen", "wang", "qian", "administrator"),
        absent=f"/v1/reports/{ABSENT}/rating", **ME, bad_urls=(f"/v1/reports/{MARKER}/rating",)),
    "GET /v1/cases/{case_id}/ratings": of_case(
        "ratings", works=("wang", "qian", "sun"), **STAFF,
        bad_urls=(f"/v1/cases/{MARKER}/ratings",)),
    "GET /v1/cases/{case_id}/follow-ups": of_case(
        "follow-ups", works=("wang", "qian", "sun"), **STAFF,
        bad_urls=(f"/v1/cases/{MARKER}/follow-ups",)),
    "POST /v1/cases/{case_id}/follow-ups": of_case(
        "follow-ups", body=CALL, bad_urls=(f"/v1/cases/{MARKER}/follow-ups",),
        forbidden={
            **NOT, "follow_up_forbidden": ("wang", "grid_staff", "auditor", "administrator")},
        wrong_state=(("qian", "/v1/cases/{case}/follow-ups", CALL, 409, "case_not_ended"),),
        malformed=(*TEXTS, {**CALL, "verdict": MARKER}, {"reached": True}, {**CALL, "reached": 1},
                   {**CALL, "text": MARKER * 400}, {**CALL, "actor_id": MARKER})),
    "POST /v1/cases/{case_id}/updates": of_case(
        "updates", body={"text": "进展"}, bad_urls=(f"/v1/cases/{MARKER}/updates",),
        forbidden={**NOT, "update_forbidden": ("sun", "checker", "auditor", "administrator")},
        wrong_state=(
            ("wang", "/v1/cases/{closed_case}/updates", {"text": "进展"}, 409, "case_ended"),),
        malformed=(*TEXTS, {"text": ""}, {"text": MARKER * 400}, {"text": "x", "note": MARKER})),
    "GET /v1/cases/{case_id}/templates": of_case(
        "templates", "?move=close", works=("wang", "qian", "sun"), **STAFF, bad_urls=(
            f"/v1/cases/{MARKER}/templates?move=close", "/v1/cases/{case}/templates",
            f"/v1/cases/{{case}}/templates?move={MARKER}",
            f"/v1/cases/{{case}}/templates?move=close&reason={MARKER}")),
    "GET /v1/satisfaction": Row(
        f"/v1/satisfaction?{PERIOD}", works=("qian", "sun", "auditor", "administrator"), **STAFF,
        by="qian", strangers=FIGURE_STRANGERS, absent=f"/v1/satisfaction?region=nowhere&{DAYS}",
        bad_urls=PERIODS),
    "GET /v1/satisfaction/cases": Row(
        f"/v1/satisfaction/cases?{PERIOD}", works=("qian", "sun", "auditor"), **STAFF, by="qian",
        strangers=FIGURE_STRANGERS, absent=f"/v1/satisfaction/cases?region=nowhere&{DAYS}",
        bad_urls=(*PERIODS, *(f"{page}&{PERIOD}" for page in PAGES))),
    "GET /v1/templates": Row(
        "/v1/templates", works=("wang", "qian", "keeper"), by="wang", **STAFF,
        absent="/v1/templates?region=nowhere", bad_urls=(*PAGES, f"?region={MARKER}!")),
    "POST /v1/templates": Row(
        "/v1/templates", body=TEMPLATE, headers=key(), by="sun",
        forbidden={**EDITOR_ONLY, "template_forbidden": ("elsewhere",)}, malformed=BAD_TEMPLATES),
    "PUT /v1/templates/{template_id}": Row(
        "/v1/templates/{template}", body=TEMPLATE, by="sun", forbidden=EDITOR_ONLY,
        strangers=("elsewhere",), absent=f"/v1/templates/{ABSENT}",
        wrong_state=(
            ("sun", "/v1/templates/{retired_template}", TEMPLATE, 409, "template_retired"),),
        malformed=BAD_TEMPLATES, bad_urls=(f"/v1/templates/{MARKER}",)),
    "DELETE /v1/templates/{template_id}": Row(
        "/v1/templates/{template}", by="sun", forbidden=EDITOR_ONLY, strangers=("elsewhere",),
        absent=f"/v1/templates/{ABSENT}", bad_urls=(f"/v1/templates/{MARKER}",)),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """A report that was rated, a template in use and one out of use."""
    there.desk.closed(reporter=there.cast.liu_bo)
    rated = there.desk.report["id"]
    liu, sun = there.who["liu_bo"], there.who["sun"]
    there.client.post(f"/v1/reports/{rated}/rating", json=RATING, headers=liu)
    used, retired = (
        there.client.post("/v1/templates", json=TEMPLATE, headers=sun).json()["id"] for _ in "12"
    )
    there.client.delete(f"/v1/templates/{retired}", headers=sun)
    return {"rated_report": rated, "template": used, "retired_template": retired}

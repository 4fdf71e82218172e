"""Rows of what waits for a person's verdict."""

from flows.story import key
from matrix.row import ABSENT, MARKER, PAGES, PROGRAM, REPORTERS, TEXTS, Row, but

from app.identity.models import Role
from app.media.models import Verdict

REVIEWERS = (Role.DISPATCHER, Role.ADMINISTRATOR)
ONLY = {"forbidden": {"role_missing": (*REPORTERS, *but(*REVIEWERS)), "person_only": PROGRAM}}
DECISION = {"decision": "pass", "note": "看过了"}
HOLD = "/v1/safety/holds/{hold}"
ALL = {"strangers": ("elsewhere",), "works": ("qian", "dispatcher", "administrator"), "by": "qian"}

ROWS: dict[str, Row] = {
    "GET /v1/safety/holds": Row(
        "/v1/safety/holds", works=("qian", "elsewhere", "administrator"), by="qian", **ONLY,
        bad_urls=(*PAGES, f"?state={MARKER}")),
    "GET /v1/safety/holds/{hold_id}": Row(
        HOLD, **ALL, **ONLY, absent=f"/v1/safety/holds/{ABSENT}",
        bad_urls=(f"/v1/safety/holds/{MARKER}",)),
    "POST /v1/safety/holds/{hold_id}/decision": Row(
        HOLD + "/decision", body=DECISION, by="qian", strangers=("elsewhere",), **ONLY,
        absent=f"/v1/safety/holds/{ABSENT}/decision",
        wrong_state=(("qian", "/v1/safety/holds/{passed_hold}/decision", DECISION, 409,
                      "hold_decided"),),
        malformed=(*TEXTS, {"decision": "pass"}, {**DECISION, "decision": MARKER},
                   {**DECISION, "note": MARKER * 400}, {**DECISION, "state": MARKER}),
        bad_urls=(f"/v1/safety/holds/{MARKER}/decision",)),
    "GET /v1/safety/holds/{hold_id}/evidence": Row(
        HOLD + "/evidence?reason=x", **ALL, **ONLY,
        absent=f"/v1/safety/holds/{ABSENT}/evidence?reason=x",
        bad_urls=(f"/v1/safety/holds/{MARKER}/evidence", f"{HOLD}/evidence",
                  f"{HOLD}/evidence?reason={MARKER * 400}")),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """A report of GRID whose words and photo are held, and another whose words have passed."""
    state = there.app.state
    before, state.first_verdict = state.first_verdict, Verdict.HELD.value
    try:
        there.desk.reported()
        hold = there.desk.report["id"]
        there.desk.reported()
    finally:
        state.first_verdict = before
    passed = there.desk.report["id"]
    url = f"/v1/safety/holds/{passed}/decision"
    there.client.post(url, json=DECISION, headers={**there.who["qian"], **key()})
    return {"hold": hold, "passed_hold": passed}

"""Rows of statements and reports."""

from cast import STATION
from matrix.row import ABSENT, MARKER, ME, PROGRAM, REPORTERS, STAFF, Row, but

from app.identity.models import Role

SPAN = "from=2026-01-01&to=2026-12-31"
BAD_SPANS = (
    "", "?from=2026-01-01", f"?from={MARKER}&to=2026-12-31", "?from=2026-02-01&to=2026-01-01",
    "?from=2024-01-01&to=2026-01-01",
)  # fmt: skip
DAY = "day=2026-11-22"
KEEPS = {
    "forbidden": {
        "role_missing": (*REPORTERS, *but(Role.KEEPER, Role.ADMINISTRATOR, Role.AUDITOR)),
        "person_only": PROGRAM, "not_of_station": ("zhou", "keeper"),
    }
}  # fmt: skip
REPORT = f"/v1/stations/{STATION}/day-report"
NOBODY_S = f"/v1/stations/{ABSENT}/day-report"
FUND = "/v1/funds/{fund}/report"
NO_FUND = f"/v1/funds/{ABSENT}/report"
MONEY = ("ma", "wu", "auditor", "administrator", "fund_manager", "fund_approver")
# Everybody else of the staff does not see funds.
BLIND = ("wang", "keeper", "handler", "checker", "dispatcher")

ROWS: dict[str, Row] = {
    "GET /v1/points/statement": Row(
        f"/v1/points/statement?{SPAN}", works=("liu_bo", "wang"), bad_urls=BAD_SPANS, **ME),
    "GET /v1/points/statement/file": Row(
        f"/v1/points/statement/file?{SPAN}&format=csv", works=("liu_bo", "wang"), **ME,
        bad_urls=(*(f"{bad or '?'}&format=csv" for bad in BAD_SPANS), f"?{SPAN}",
                  f"?{SPAN}&format={MARKER}")),
    "GET /v1/points/entries/{entry_id}": Row(
        "/v1/points/entries/{points_entry}", works=("liu_bo",),
        strangers=("chen", "wang", "auditor"), absent=f"/v1/points/entries/{ABSENT}",
        bad_urls=(f"/v1/points/entries/{MARKER}",), **ME),
    "GET /v1/stations/{station_id}/day-report": Row(
        f"{REPORT}?{DAY}", works=("li", "sun", "administrator", "auditor"), by="li", **KEEPS,
        absent=f"{NOBODY_S}?{DAY}",
        bad_urls=("", f"?day={MARKER}", f"/v1/stations/{MARKER}!/day-report?{DAY}")),
    "GET /v1/stations/{station_id}/day-report/file": Row(
        f"{REPORT}/file?{DAY}&format=csv", works=("li", "sun", "auditor"), by="li", **KEEPS,
        absent=f"{NOBODY_S}/file?{DAY}&format=csv",
        bad_urls=("", f"?{DAY}", f"?{DAY}&format={MARKER}", f"?day={MARKER}&format=csv")),
    "GET /v1/funds/{fund_id}/report": Row(
        f"{FUND}?{SPAN}", works=MONEY, by="ma", strangers=BLIND, absent=f"{NO_FUND}?{SPAN}",
        bad_urls=(*BAD_SPANS, f"/v1/funds/{MARKER}/report?{SPAN}"), **STAFF),
    "GET /v1/funds/{fund_id}/report/file": Row(
        f"{FUND}/file?{SPAN}&format=csv", works=MONEY, by="ma", strangers=BLIND,
        absent=f"{NO_FUND}/file?{SPAN}&format=csv", **STAFF,
        bad_urls=(*(f"{bad or '?'}&format=csv" for bad in BAD_SPANS), f"?{SPAN}",
                  f"?{SPAN}&format={MARKER}")),
}  # fmt: skip


def things(there):
    """An entry of Liu Bo's."""
    listed = there.client.get("/v1/points/entries", headers=there.who["liu_bo"]).json()
    return {"points_entry": listed["items"][0]["id"]}

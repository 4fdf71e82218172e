"""Rows of money that goes back to its giver, and of what a receipt's code shows to anyone."""

from cast import contribute
from flows.story import key
from matrix.row import ABSENT, MARKER, PAGES, PROGRAM, REPORTERS, STAFF, TEXTS, Row, but

from app.identity.models import Role
from app.kit.db import work
from app.ledger import funds

BACK = {"fen": 10, "reason": "余款退还"}
GIFTS = "/v1/funds/{fund}/contributions"
URL = GIFTS + "/{given}/returns"
NOWHERE = f"/v1/funds/{ABSENT}/contributions/{ABSENT}/returns"
BAD = f"/v1/funds/{MARKER}/contributions/{MARKER}/returns"
APPROVER_ONLY = {"role_missing": (*REPORTERS, *but(Role.FUND_APPROVER)), "person_only": PROGRAM}


def deciding(verb: str) -> Row:
    return Row(
        f"{URL}/{{asked}}/{verb}", by="wu", strangers=("far_approver",), forbidden=APPROVER_ONLY,
        absent=f"{NOWHERE}/{ABSENT}/{verb}",
        wrong_state=(("wu", f"{URL}/{{gone}}/{verb}", None, 409, "return_decided"),
                     ("wu", f"{URL}/{ABSENT}/{verb}", None, 404, "return_not_found"),
                     ("wu", f"{GIFTS}/{ABSENT}/returns/{ABSENT}/{verb}", None, 404,
                      "contribution_not_found")),
        bad_urls=(f"{BAD}/{MARKER}/{verb}",))  # fmt: skip


ROWS: dict[str, Row] = {
    "GET /v1/funds/{fund_id}/contributions/{contribution_id}/returns": Row(
        URL, works=("ma", "wu", "auditor", "administrator"), by="ma",
        strangers=("wang", "keeper", "elsewhere", "far_manager"), absent=NOWHERE,
        wrong_state=(("ma", f"{GIFTS}/{ABSENT}/returns", None, 404, "contribution_not_found"),),
        bad_urls=(BAD,), **STAFF),
    "POST /v1/funds/{fund_id}/contributions/{contribution_id}/returns": Row(
        URL, body=BACK, headers=key(), by="ma", strangers=("far_manager",), absent=NOWHERE,
        forbidden={"role_missing": (*REPORTERS, *but(Role.FUND_MANAGER)), "person_only": PROGRAM},
        wrong_state=(("ma", URL, {**BACK, "fen": 10**9}, 409, "return_exceeds_rest"),
                     ("ma", GIFTS + "/{proposed}/returns", BACK, 409, "contribution_not_approved"),
                     ("ma", f"{GIFTS}/{ABSENT}/returns", BACK, 404, "contribution_not_found")),
        malformed=(*TEXTS, {**BACK, "fen": 0}, {**BACK, "fen": True}, {**BACK, "fen": 1.5},
                   {**BACK, "reason": MARKER * 400}, {**BACK, "state": MARKER}),
        bad_urls=(BAD,)),
    "POST /v1/funds/{fund_id}/contributions/{contribution_id}/returns/{return_id}/approve":
        deciding("approve"),
    "POST /v1/funds/{fund_id}/contributions/{contribution_id}/returns/{return_id}/decline":
        deciding("decline"),
    "GET /v1/traces/{code}": Row(
        "/v1/traces/{trace_code}", 200, absent="/v1/traces/2222-2222-2222-2222",
        bad_urls=(f"/v1/traces/{MARKER * 9}", *PAGES)),
}  # fmt: skip


def things(there):
    """A received contribution with its code, a return that is asked for and one that is over."""
    with work(there.db, write=True) as tx:
        given = contribute(tx, there.cast.fund.id, there.cast.ma, there.cast.wu, 100)
        codes = there.app.state.trace_codes
        funds.code_receipts(tx, codes)
    url = f"/v1/funds/{there.cast.fund.id}/contributions/{given}/returns"
    asked, gone = (
        there.client.post(url, json=BACK, headers={**there.who["ma"], **key()}).json()["id"]
        for _ in "12"
    )
    there.client.post(f"{url}/{gone}/decline", headers=there.who["wu"])
    return {"given": str(given), "asked": asked, "gone": gone, "trace_code": codes.code(given)}

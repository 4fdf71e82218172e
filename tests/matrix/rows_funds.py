"""Rows of funds: opened and changed, receipts, what became of money."""

from cast import DISTRICT, contribute
from flows.story import key
from matrix.row import ABSENT, MARKER, PAGES, PROGRAM, REPORTERS, STAFF, TEXTS, Row, but

from app.identity.models import Role
from app.kit.db import work

FUND = {
    "code": "matrix", "name": "基金", "purpose": "感谢", "region_code": DISTRICT, "rate_fen": 100,
}  # fmt: skip
CHANGE = {"name": "基金", "purpose": "感谢", "state": "active", "shards": 1}
URL, GIFTS = "/v1/funds/{fund}", "/v1/funds/{fund}/contributions"
ONE, NONE = GIFTS + "/{received}", f"{GIFTS}/{ABSENT}"
# They work with no money here, or with that of another district.
STRANGERS = ("wang", "keeper", "elsewhere", "far_manager")
READERS = ("ma", "wu", "auditor", "administrator")


def not_holding(*roles: Role):
    return {"role_missing": (*REPORTERS, *but(*roles)), "person_only": PROGRAM}


ROWS: dict[str, Row] = {
    "POST /v1/funds": Row(
        "/v1/funds", body=FUND, by="ma",
        forbidden={**not_holding(Role.FUND_MANAGER, Role.ADMINISTRATOR),
                   "forbidden": ("far_manager", "elsewhere")},
        wrong_state=(("ma", "/v1/funds", {**FUND, "code": "far"}, 409, "fund_code_taken"),
                     ("ma", "/v1/funds", {**FUND, "region_code": "nowhere"}, 404,
                      "region_not_found")),
        malformed=(*TEXTS, {**FUND, "rate_fen": 0}, {**FUND, "rate_fen": MARKER},
                   {**FUND, "code": MARKER + "!"}, {**FUND, "shards": True},
                   {**FUND, "state": MARKER})),
    "GET /v1/funds/{fund_id}": Row(
        URL, works=READERS, by="ma", strangers=STRANGERS, absent=f"/v1/funds/{ABSENT}",
        bad_urls=(f"/v1/funds/{MARKER}",), **STAFF),
    "PUT /v1/funds/{fund_id}": Row(
        URL, body=CHANGE, by="ma", strangers=("far_manager", "elsewhere"),
        forbidden=not_holding(Role.FUND_MANAGER, Role.ADMINISTRATOR),
        absent=f"/v1/funds/{ABSENT}", bad_urls=(f"/v1/funds/{MARKER}",),
        wrong_state=(("ma", "/v1/funds/{wide_fund}", CHANGE, 409, "shards_only_grow"),),
        malformed=(*TEXTS, {**CHANGE, "state": MARKER}, {**CHANGE, "rate_fen": 100},
                   {**CHANGE, "shards": 0}, {**CHANGE, "name": MARKER * 20})),
    "POST /v1/funds/{fund_id}/contributions/{contribution_id}/decline": Row(
        GIFTS + "/{proposed}/decline", by="wu", strangers=("far_manager", "far_approver"),
        forbidden={**not_holding(Role.FUND_MANAGER, Role.FUND_APPROVER),
                   # A manager, but not the one who proposed it.
                   "forbidden": ("fund_manager",)},
        absent=f"/v1/funds/{ABSENT}/contributions/{ABSENT}/decline",
        wrong_state=(("wu", ONE + "/decline", None, 409, "contribution_approved"),
                     ("wu", GIFTS + "/{declined}/decline", None, 409, "contribution_declined"),
                     ("wu", NONE + "/decline", None, 404, "contribution_not_found")),
        bad_urls=(f"/v1/funds/{MARKER}/contributions/{MARKER}/decline",)),
    "GET /v1/funds/{fund_id}/contributions/{contribution_id}/receipt": Row(
        ONE + "/receipt", works=READERS, by="ma", strangers=STRANGERS,
        absent=f"/v1/funds/{ABSENT}/contributions/{ABSENT}/receipt",
        wrong_state=(("ma", GIFTS + "/{declined}/receipt", None, 409, "contribution_not_approved"),
                     ("ma", GIFTS + "/{declined}/receipt?format=pdf", None, 409,
                      "contribution_not_approved"),
                     ("ma", NONE + "/receipt", None, 404, "contribution_not_found")),
        bad_urls=(f"?format={MARKER}", f"/v1/funds/{MARKER}/contributions/{MARKER}/receipt"),
        **STAFF),
    "GET /v1/funds/{fund_id}/contributions/{contribution_id}/trace": Row(
        ONE + "/trace", works=READERS, by="ma", strangers=STRANGERS,
        absent=f"/v1/funds/{ABSENT}/contributions/{ABSENT}/trace",
        wrong_state=(("ma", NONE + "/trace", None, 404, "contribution_not_found"),),
        bad_urls=(*PAGES, f"/v1/funds/{MARKER}/contributions/{MARKER}/trace"), **STAFF),
    "GET /v1/funds/{fund_id}/waiting": Row(
        URL + "/waiting", works=READERS, by="ma", strangers=STRANGERS,
        absent=f"/v1/funds/{ABSENT}/waiting",
        bad_urls=("?limit=0", f"?limit={MARKER}", f"/v1/funds/{MARKER}/waiting"), **STAFF),
    "GET /v1/funds/{fund_id}/public": Row(
        URL + "/public", 200, absent=f"/v1/funds/{ABSENT}/public",
        bad_urls=(*PAGES, f"/v1/funds/{MARKER}/public")),
}  # fmt: skip


def things(there):
    """A contribution with its receipt, one that was declined, a fund with several shards."""
    ma, wu = there.who["ma"], there.who["wu"]
    gifts = f"/v1/funds/{there.cast.fund.id}/contributions"
    gift = {"kind": "villager", "contributor": "某村民", "fen": 100}
    declined = there.client.post(gifts, json=gift, headers={**ma, **key()}).json()["id"]
    there.client.post(f"{gifts}/{declined}/decline", headers=wu)
    wide = {**FUND, "code": "wide", "shards": 2}
    made = there.client.post("/v1/funds", json=wide, headers=ma).json()
    with work(there.db, write=True) as tx:
        received = contribute(tx, there.cast.fund.id, there.cast.ma, there.cast.wu, 100)
    return {"declined": declined, "wide_fund": made["id"], "received": str(received)}

"""Rows of corrections: managers propose, approvers decide."""

from cast import DISTRICT
from matrix.row import (
    ABSENT,
    EVERY_ROLE,
    MARKER,
    PAGES,
    PROGRAM,
    REPORTERS,
    STAFF,
    TEXTS,
    Row,
    but,
)

from app.identity.models import Role
from app.kit.db import work
from app.rewards import service

URL = "/v1/corrections"
REFUND = {"kind": "refund", "source": "{done}", "restock": True, "cause": "质量问题"}
AWARD = {"kind": "award", "person": "{member_no}", "region": DISTRICT, "points": 1, "cause": "好"}
DECIDER_ONLY = {"role_missing": (*REPORTERS, *but(Role.FUND_APPROVER)), "person_only": PROGRAM}


def deciding(verb: str, body: object) -> Row:
    done = f"{URL}/{{declined_correction}}/{verb}"
    return Row(
        f"{URL}/{{correction}}/{verb}", body=body, by="wu", forbidden=DECIDER_ONLY,
        strangers=("far_approver",), absent=f"{URL}/{ABSENT}/{verb}",
        bad_urls=(f"{URL}/{MARKER}/{verb}",),
        wrong_state=(("wu", done, body, 409, "correction_decided"),),
        malformed=(*TEXTS, {"decision": MARKER * 400}, {"decision": "x", "state": MARKER}),
    )  # fmt: skip


ROWS: dict[str, Row] = {
    "GET /v1/corrections": Row(
        URL, works=EVERY_ROLE, bad_urls=(*PAGES, f"?state={MARKER}"), **STAFF),
    "POST /v1/corrections": Row(
        URL, body=REFUND, by="ma", strangers=("far_manager",),
        forbidden={"role_missing": (*REPORTERS, *but(Role.FUND_MANAGER)), "person_only": PROGRAM},
        wrong_state=(("ma", URL, {**REFUND, "source": "{held}"}, 409, "not_fulfilled"),),
        malformed=(*TEXTS, {**REFUND, "kind": MARKER}, {**REFUND, "source": MARKER},
                   {**REFUND, "restock": MARKER}, {**REFUND, "points": 5},
                   {**REFUND, "kind": "refund_hold"},
                   {**AWARD, "points": 0}, {**AWARD, "points": True}, {**AWARD, "state": MARKER})),
    "GET /v1/corrections/{correction_id}": Row(
        URL + "/{correction}", works=("ma", "wu", "sun", "auditor"), by="ma",
        strangers=("wang", "keeper", "elsewhere", "far_manager"), absent=f"{URL}/{ABSENT}",
        bad_urls=(f"{URL}/{MARKER}",), **STAFF),
    "POST /v1/corrections/{correction_id}/approve": deciding("approve", {}),
    "POST /v1/corrections/{correction_id}/decline": deciding("decline", {"decision": "不"}),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """Points by hand for Liu Bo: proposed, and declined."""
    with work(there.db, write=True) as tx:
        service.add_rule(
            tx, code="by_hand", event="manual.awarded", names=("人工加分", "By hand"), points=10,
            caps=(100, 1000), validity_days=None, fund_id=there.cast.fund.id,
        )  # fmt: skip
    draft = {**AWARD, "person": there.cast.liu_bo.member_no}
    one, two = (
        there.client.post(URL, json=draft, headers=there.who["ma"]).json()["id"] for _ in "12"
    )
    there.client.post(f"{URL}/{two}/decline", json={"decision": "不"}, headers=there.who["wu"])
    return {"correction": one, "declined_correction": two}

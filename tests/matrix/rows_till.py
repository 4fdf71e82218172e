"""The matrix rows of external stores' tills, and of the code that members show there."""

from datetime import timedelta

from cast import DISTRICT
from ledger.build import earn
from matrix.row import ABSENT, EVERY_ROLE, MARKER, ME, REPORTERS, TEXTS, Row

from app.identity import service as identity
from app.identity.models import Occupation
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Fund
from app.till.codes import MemberCodes

TILL_ONLY = {"scope_missing": (*REPORTERS, *EVERY_ROLE, "scopeless")}
HOLD_ONLY = {"scope_missing": (*REPORTERS, *EVERY_ROLE, "scopeless", "till")}
MOMENT = clock.now()
NOBODY = "2" * 18
HOLD = {"code": "{member_code}", "points": 1, "cost_fen": 0, "reference": "M-1"}
GONE, BAD = f"/v1/till/holds/{ABSENT}", f"/v1/till/holds/{MARKER}"
OTHER_HOLD = {"by": "store", "strangers": ("store_two",), "forbidden": HOLD_ONLY}
DAYS = ("", f"?day={MARKER}", "?day=2026-13-01")

ROWS = {
    "GET /v1/points/code": Row("/v1/points/code", works=("liu_bo", "wang"), **ME),
    "GET /v1/points/code/qr": Row("/v1/points/code/qr", works=("liu_bo", "wang"), **ME),
    "GET /v1/till/balance": Row(
        "/v1/till/balance?code={member_code}", works=("till", "store"), by="store",
        absent=f"/v1/till/balance?code={NOBODY}", forbidden=TILL_ONLY,
        bad_urls=("", "?code=x", f"?code={MARKER * 20}"),
        wrong_state=(("store", "/v1/till/balance?code={old_code}", None, 410,
                      "member_code_expired"),)),
    "POST /v1/till/holds": Row(
        "/v1/till/holds", body=HOLD, by="store", forbidden=HOLD_ONLY,
        wrong_state=(
            ("store", "/v1/till/holds", {**HOLD, "code": NOBODY}, 404, "member_code_unknown"),
            ("store", "/v1/till/holds", {**HOLD, "code": "{old_code}"}, 410, "member_code_expired"),
            ("store", "/v1/till/holds", {**HOLD, "code": "{used_code}"}, 409, "member_code_used"),
            ("store", "/v1/till/holds", {**HOLD, "reference": "M-done"}, 409, "reference_reused"),
            ("store", "/v1/till/holds", {**HOLD, "points": 1_000_000}, 409, "points_insufficient"),
            ("store", "/v1/till/holds", {**HOLD, "cost_fen": 101}, 409, "cost_exceeds_value")),
        malformed=(
            *TEXTS, {**HOLD, "points": 0}, {**HOLD, "points": MARKER}, {**HOLD, "points": True},
            {**HOLD, "cost_fen": -1}, {**HOLD, "cost_fen": MARKER}, {**HOLD, "code": MARKER},
            {**HOLD, "reference": MARKER + "!"}, {**HOLD, "person_id": MARKER})),
    "GET /v1/till/holds/{hold_id}": Row(
        "/v1/till/holds/{till_hold}", works=("store",), absent=GONE, bad_urls=(BAD,), **OTHER_HOLD),
    "POST /v1/till/holds/{hold_id}/fulfil": Row(
        "/v1/till/holds/{till_hold}/fulfil", absent=f"{GONE}/fulfil", bad_urls=(f"{BAD}/fulfil",),
        wrong_state=(("store", "/v1/till/holds/{done_hold}/fulfil", None, 409,
                      "till_hold_resolved"),), **OTHER_HOLD),
    "POST /v1/till/holds/{hold_id}/cancel": Row(
        "/v1/till/holds/{till_hold}/cancel", absent=f"{GONE}/cancel", bad_urls=(f"{BAD}/cancel",),
        wrong_state=(("store", "/v1/till/holds/{done_hold}/cancel", None, 409,
                      "till_hold_resolved"),), **OTHER_HOLD),
    "GET /v1/till/reconciliation": Row(
        "/v1/till/reconciliation?day=2026-11-22", works=("store", "store_two"), by="store",
        forbidden=HOLD_ONLY, bad_urls=DAYS),
    "GET /v1/till/reconciliation.csv": Row(
        "/v1/till/reconciliation.csv?day=2026-11-22", works=("store", "store_two"), by="store",
        forbidden=HOLD_ONLY, bad_urls=DAYS),
}  # fmt: skip


class OfOneMoment(MemberCodes):
    """Codes that stay what they are for as long as the table takes."""

    def age(self, person_id, proof, _at):
        return super().age(person_id, proof, MOMENT)


def things(there) -> dict[str, str]:
    """Two stores; members with points; a hold of the first store that waits, and one done."""
    keys, scopes = there.app.state.token_keys, ["points:read", "points:hold"]
    there.app.state.member_codes = codes = OfOneMoment(there.app.state.member_codes.secret)
    with work(there.db, write=True) as tx:
        buyer, member = (identity.add_person(tx, "骑手", Occupation.RIDER) for _ in "12")
        for name in ("store", "store_two"):
            identity.add_client(tx, name, "商店", scopes, DISTRICT)
            token = keys.issue(f"client:{name}", scope=" ".join(scopes))
            there.who[name] = {"Authorization": f"Bearer {token}"}
        fund = tx.get_one(Fund, there.cast.fund.id)
        for person in (buyer, member):
            earn(tx, fund, person, 3)

    def shown(person, minutes: int) -> str:
        return codes.shown(person.id, person.member_no, MOMENT - timedelta(minutes=minutes))

    def held(code: str, reference: str) -> str:
        body = {**HOLD, "code": code, "reference": reference}
        answer = there.client.post("/v1/till/holds", json=body, headers=there.who["store"])
        return str(answer.json()["id"])

    used = shown(buyer, 0)
    done, waiting = held(used, "M-done"), held(shown(buyer, 1), "M-waits")
    there.client.post(f"/v1/till/holds/{done}/cancel", headers=there.who["store"])
    return {
        "member_code": shown(member, 0), "old_code": shown(member, 5), "used_code": used,
        "till_hold": waiting, "done_hold": done,
    }  # fmt: skip

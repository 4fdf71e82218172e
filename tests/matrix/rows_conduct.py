"""The matrix rows of blocks and standing."""

from cast import DISTRICT, INSIDE
from flows.story import key, report
from matrix.row import ABSENT, MARKER, ME, PAGES, PROGRAM, REPORTERS, TEXTS, Row, but

from app.identity import service as identity
from app.identity.models import Occupation, Role
from app.kit.db import work

DECIDERS_ONLY = {
    "role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR, Role.DISPATCHER)),
    "person_only": PROGRAM,
}
BLOCK = {
    "member_no": "{rude_member}", "region_code": DISTRICT, "reason": "abuse", "note": "言语辱骂",
}  # fmt: skip
LIFT = "/v1/blocks/{block}/lift"

ROWS = {
    "GET /v1/me/standing": Row("/v1/me/standing", works=("liu_bo", "wang"), **ME),
    "GET /v1/standings": Row(
        "/v1/standings", works=("qian", "sun", "administrator", "elsewhere"), by="qian",
        forbidden=DECIDERS_ONLY, bad_urls=(*PAGES, f"?level={MARKER}")),
    "GET /v1/blocks": Row(
        "/v1/blocks", works=("qian", "sun", "administrator", "elsewhere"), by="qian",
        forbidden=DECIDERS_ONLY,
        bad_urls=(*PAGES, f"?active={MARKER}", f"?member_no={MARKER}!")),
    "POST /v1/blocks": Row(
        "/v1/blocks", body=BLOCK, by="qian",
        forbidden={**DECIDERS_ONLY, "block_forbidden": ("elsewhere",)},
        wrong_state=(
            ("qian", "/v1/blocks", {**BLOCK, "member_no": "0"}, 404, "person_not_found"),
            ("qian", "/v1/blocks", {**BLOCK, "member_no": "{blocked_member}"}, 409,
             "already_blocked"),
            ("qian", "/v1/blocks", {**BLOCK, "until": "2020-01-01T00:00:00Z"}, 409,
             "until_passed")),
        malformed=(
            *TEXTS, {**BLOCK, "reason": MARKER}, {**BLOCK, "note": ""}, {**BLOCK, "until": MARKER},
            {**BLOCK, "until": "2026-12-01T00:00:00"}, {**BLOCK, "member_no": MARKER + "!"},
            {**BLOCK, "created_by": MARKER}, {**BLOCK, "active": False})),
    "POST /v1/blocks/{block_id}/lift": Row(
        LIFT, by="qian", strangers=("elsewhere",), absent=f"/v1/blocks/{ABSENT}/lift",
        bad_urls=(f"/v1/blocks/{MARKER}/lift",), forbidden=DECIDERS_ONLY,
        wrong_state=(
            ("qian", "/v1/blocks/{lifted_block}/lift", None, 409, "block_over"),)),
}  # fmt: skip


def blocked(there, member_no: str) -> str:
    """The id of a new block of a member."""
    body, who = {**BLOCK, "member_no": member_no}, {**there.who["qian"], **key()}
    answer = there.client.post("/v1/blocks", json=body, headers=who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def things(there):
    """A reporter who may be blocked, one who is, and one who was."""
    with work(there.db, write=True) as tx:
        people = [identity.add_person(tx, "骑手", Occupation.RIDER) for _ in "123"]
    for person in people:
        report(there.client, there.desk._as(person), INSIDE)
    there.drain()
    rude, mute, free = people
    block, lifted = (blocked(there, person.member_no) for person in (mute, free))
    there.client.post(f"/v1/blocks/{lifted}/lift", headers=there.who["qian"])
    return {
        "rude_member": rude.member_no, "blocked_member": mute.member_no, "block": block,
        "lifted_block": lifted,
    }  # fmt: skip

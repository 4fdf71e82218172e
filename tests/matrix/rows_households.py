"""Rows of households: everybody acts for themselves."""

from matrix.row import ABSENT, MARKER, ME, TEXTS, Row

HOME = "/v1/household"
ASKED = "/v1/household/invitations"

ROWS: dict[str, Row] = {
    "GET /v1/household": Row(HOME, works=("chen",), strangers=("liu_bo", "wang"), **ME),
    "POST /v1/household": Row(
        HOME, body={"name": "一家"}, **ME,
        wrong_state=(("chen", HOME, {"name": "一家"}, 409, "household_joined"),),
        malformed=(*TEXTS, {"name": MARKER * 20}, {"name": "x", "split": MARKER},
                   {"name": "x", "head_id": MARKER})),
    "GET /v1/household/invitations": Row(ASKED, works=("liu_bo", "chen", "wang"), **ME),
    "POST /v1/household/invitations": Row(
        ASKED, body={"member_no": "{member_no}"}, by="chen", strangers=("liu_bo", "wang"), **ME,
        wrong_state=(("chen", ASKED, {"member_no": "NOBODY"}, 404, "person_not_found"),),
        malformed=(*TEXTS, {"member_no": MARKER + "!"}, {"member_no": "x", "points": MARKER})),
    "POST /v1/household/invitations/{invitation_id}/accept": Row(
        ASKED + "/{declined_invitation}/accept", strangers=("wang", "chen", "administrator"),
        absent=f"{ASKED}/{ABSENT}/accept", bad_urls=(f"{ASKED}/{MARKER}/accept",), **ME,
        wrong_state=(("liu_bo", ASKED + "/{declined_invitation}/accept", None, 409,
                      "invitation_decided"),)),
    "POST /v1/household/invitations/{invitation_id}/decline": Row(
        ASKED + "/{declined_invitation}/decline", strangers=("wang", "chen", "administrator"),
        absent=f"{ASKED}/{ABSENT}/decline", bad_urls=(f"{ASKED}/{MARKER}/decline",), **ME,
        wrong_state=(("liu_bo", ASKED + "/{declined_invitation}/decline", None, 409,
                      "invitation_decided"),)),
    "DELETE /v1/household/invitations/{invitation_id}": Row(
        ASKED + "/{declined_invitation}", strangers=("wang", "liu_bo", "administrator"),
        absent=f"{ASKED}/{ABSENT}", bad_urls=(f"{ASKED}/{MARKER}",), by="chen", **ME,
        wrong_state=(("chen", ASKED + "/{declined_invitation}", None, 409,
                      "invitation_decided"),)),
    "POST /v1/household/leave": Row(f"{HOME}/leave", strangers=("liu_bo", "wang"), **ME),
}  # fmt: skip


def things(there):
    """Chen's household, and a question to Liu Bo that he declined."""
    chen, liu = there.who["chen"], there.who["liu_bo"]
    there.client.post(HOME, json={"name": "陈家"}, headers=chen)
    member = there.things["member_no"]
    asked = there.client.post(ASKED, json={"member_no": member}, headers=chen).json()["id"]
    there.client.post(f"{ASKED}/{asked}/decline", headers=liu)
    return {"declined_invitation": asked}

"""The rows of routing rules and trials."""

from cast import DISTRICT, INSIDE
from matrix.row import (
    ABSENT,
    CASE_STRANGERS,
    EVERY_ROLE,
    MARKER,
    PROGRAM,
    REPORTERS,
    STAFF,
    TEXTS,
    Row,
    but,
)  # fmt: skip

from app.identity.models import Role
from app.kit.db import work
from app.posts import service as posts

FAR = "500231000000"
RULE = {"name": "归网格长", "post_code": "grid_head"}
RULES = {"region_code": DISTRICT, "rules": [RULE]}
TRIAL = {"place": INSIDE}
TRIERS = (Role.ADMINISTRATOR, Role.DISPATCHER, Role.GRID_HEAD)

ROWS = {
    "GET /v1/routing/rules": Row(
        f"/v1/routing/rules?region={DISTRICT}", works=("wang", *EVERY_ROLE), by="wang",
        strangers=("elsewhere", "far_manager"), absent="/v1/routing/rules?region=nowhere",
        bad_urls=("", f"?region={MARKER}!"), **STAFF),
    "PUT /v1/routing/rules": Row(
        "/v1/routing/rules", body=RULES, by="administrator",
        forbidden={"role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR)), "person_only": PROGRAM},
        malformed=(
            *TEXTS, {**RULES, "version": MARKER}, {**RULES, "rules": MARKER},
            {**RULES, "rules": [{**RULE, "weekdays": [MARKER]}]},
            {**RULES, "rules": [{**RULE, "weekdays": [8]}]},
            {**RULES, "rules": [{**RULE, "starts": MARKER, "ends": "24:00"}]},
            {**RULES, "rules": [{**RULE, "source": MARKER}]},
            {**RULES, "rules": [{**RULE, "unit_code": MARKER}]},
            {**RULES, "rules": [{"name": MARKER}]}, {**RULES, "note": MARKER * 400})),
    "GET /v1/routing/rules/{version}": Row(
        f"/v1/routing/rules/1?region={DISTRICT}", works=("wang", *EVERY_ROLE), by="wang",
        strangers=("elsewhere", "far_manager"), absent=f"/v1/routing/rules/999?region={DISTRICT}",
        bad_urls=("/v1/routing/rules/1", f"/v1/routing/rules/{MARKER}?region={DISTRICT}",
                  f"/v1/routing/rules/0?region={DISTRICT}"), **STAFF),
    "POST /v1/routing/trial": Row(
        "/v1/routing/trial", body=TRIAL, by="qian",
        forbidden={"role_missing": (*REPORTERS, *but(*TRIERS)), "person_only": PROGRAM,
                   "outside_subtree": ("elsewhere",)},
        malformed=(
            *TEXTS, {"place": {**INSIDE, "crs": MARKER}}, {"place": {**INSIDE, "lat": MARKER}},
            {**TRIAL, "at": MARKER}, {**TRIAL, "source": MARKER}, {**TRIAL, "rules": [MARKER]},
            {**TRIAL, "status": MARKER}, {"category_code": MARKER})),
    "GET /v1/cases/{case_id}/routing": Row(
        "/v1/cases/{case}/routing", works=("wang", "qian", "sun", "auditor"), by="wang",
        strangers=CASE_STRANGERS, absent=f"/v1/cases/{ABSENT}/routing",
        bad_urls=(f"/v1/cases/{MARKER}/routing",), **STAFF),
}  # fmt: skip


def things(there):
    """The first version of the rules, so that it can be read."""
    with work(there.db, write=True) as tx:
        posts.load_seed(tx)
    sent = there.client.put("/v1/routing/rules", json=RULES, headers=there.who["administrator"])
    assert sent.status_code == 200, sent.text
    return {}

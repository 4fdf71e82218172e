"""The matrix rows of grid groups and their notices."""

from cast import GRID
from flows.story import key
from matrix.row import ABSENT, MARKER, PAGES, PROGRAM, REPORTERS, STAFF, TEXTS, Row, but

from app.identity.models import Role

LEADERS = (Role.GRID_HEAD, Role.ADMINISTRATOR)
CALLERS = (*LEADERS, Role.DISPATCHER)
LEADER_ONLY = {"role_missing": (*REPORTERS, *but(*LEADERS)), "person_only": PROGRAM}
GROUP = {"name": "一格群", "members": 1, "grid_codes": [GRID]}
NOTICE = {"text": "停水"}
REGION_NOTICE = {"region_code": GRID, "text": "停水"}
WEBHOOK = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="
WRONG = (
    *TEXTS, {**GROUP, "members": MARKER}, {**GROUP, "members": -1}, {**GROUP, "grid_codes": []},
    {**GROUP, "grid_codes": [MARKER + "!"]}, {**GROUP, "webhook": WEBHOOK + MARKER},
    {**GROUP, "webhook": f"https://{MARKER}.example/"}, {**GROUP, "active": MARKER},
)  # fmt: skip

ROWS = {
    "GET /v1/groups": Row("/v1/groups", works=("wang", "qian", "sun"), **STAFF, bad_urls=(
        *PAGES, f"?region={MARKER}!")),
    "POST /v1/groups": Row("/v1/groups", body=GROUP, by="sun", malformed=WRONG, forbidden={
        **LEADER_ONLY, "group_forbidden": ("elsewhere",)}),
    "GET /v1/groups/{group_id}": Row(
        "/v1/groups/{group}", works=("wang", "qian", "administrator"), by="sun",
        strangers=("zhao", "keeper", "fund_manager", "elsewhere"), absent=f"/v1/groups/{ABSENT}",
        bad_urls=(f"/v1/groups/{MARKER}",), **STAFF),
    "PUT /v1/groups/{group_id}": Row(
        "/v1/groups/{group}", body=GROUP, by="sun", malformed=WRONG,
        strangers=("elsewhere",), absent=f"/v1/groups/{ABSENT}",
        bad_urls=(f"/v1/groups/{MARKER}",),
        forbidden=LEADER_ONLY),
    "POST /v1/groups/{group_id}/notices": Row(
        "/v1/groups/{group}/notices", body=NOTICE, by="sun", forbidden=LEADER_ONLY,
        strangers=("elsewhere",), absent=f"/v1/groups/{ABSENT}/notices",
        bad_urls=(f"/v1/groups/{MARKER}/notices",),
        wrong_state=(("sun", "/v1/groups/{group}/notices", NOTICE, 409, "robot_missing"),),
        malformed=(*TEXTS, {"text": ""}, {"text": MARKER * 90}, {"text": 7})),
    "POST /v1/group-notices": Row(
        "/v1/group-notices", body=REGION_NOTICE, by="qian",
        forbidden={"role_missing": (*REPORTERS, *but(*CALLERS)), "person_only": PROGRAM,
                   "outside_subtree": ("elsewhere",)},
        malformed=(*TEXTS, {**REGION_NOTICE, "text": MARKER * 90}, {"text": "x"},
                   {**REGION_NOTICE, "region_code": MARKER + "!"},
                   {**REGION_NOTICE, "state": MARKER})),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """A group of GRID without a robot."""
    sun = there.who["sun"]
    made = there.client.post("/v1/groups", json=GROUP, headers={**sun, **key()})
    return {"group": made.json()["id"]}

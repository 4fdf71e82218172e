"""The matrix rows of patrols and their plans."""

from cast import GRID, INSIDE
from flows.story import key
from matrix.row import ABSENT, MARKER, NOT, PAGES, PROGRAM, REPORTERS, STAFF, TEXTS, Row, but

from app.identity.models import Role

HEADS = (Role.GRID_HEAD, Role.DISPATCHER, Role.ADMINISTRATOR)
HEAD_ONLY = {"role_missing": (*REPORTERS, *but(*HEADS)), "person_only": PROGRAM}
# Staff who neither walk this patrol nor head its region.
STRANGERS = ("zhao", "grid_staff", "keeper", "auditor", "elsewhere")
HEADED = {**NOT, "patrol_foreign": ("qian", "administrator")}
PLAN = {
    "name": "早间巡查", "region_code": GRID, "person_id": "{walker}", "weekdays": [1],
    "starts": "08:00", "ends": "10:00",
}  # fmt: skip
SPOT = {"lat": 30.2055, "lng": 105.8405, "crs": "wgs84"}
FINDING = {"description": "井盖破损", "photo_ids": [ABSENT], "place": INSIDE}
TRACK = {"points": [{**SPOT, "at": "2026-11-02T00:00:00Z"}]}


def on_patrol(path: str, body: object, malformed: tuple[object, ...], **more: object) -> Row:
    """What is done on a patrol under way: by nobody but whoever walks it."""
    return Row(
        f"/v1/patrols/{{patrol}}/{path}", body=body, by="wang", forbidden=HEADED,
        strangers=STRANGERS, absent=f"/v1/patrols/{ABSENT}/{path}", malformed=malformed,
        bad_urls=(f"/v1/patrols/{MARKER}/{path}",),
        wrong_state=(
            ("wang", f"/v1/patrols/{{finished_patrol}}/{path}", body, 409, "patrol_not_started"),
        ),
        **more,
    )  # fmt: skip


ROWS = {
    "GET /v1/patrols": Row("/v1/patrols", works=("wang", "qian"), **STAFF, bad_urls=(
        *PAGES, f"?state={MARKER}", f"?region={MARKER}!", f"?mine={MARKER}", f"?from={MARKER}",
        "?from=2026-11-02&to=2026-11-01", "?to=1999-12-31", "?to=9999-12-31")),
    "POST /v1/patrols": Row("/v1/patrols", body={"region_code": GRID}, by="wang", forbidden={
        **NOT, "patrol_forbidden": ("zhao", "keeper", "elsewhere")},
        malformed=(*TEXTS, {"region_code": MARKER + "!"}, {"region_code": GRID, "x": MARKER})),
    "GET /v1/patrols/{patrol_id}": Row(
        "/v1/patrols/{patrol}", works=("wang", "qian", "administrator"), **STAFF,
        strangers=STRANGERS, absent=f"/v1/patrols/{ABSENT}", bad_urls=(f"/v1/patrols/{MARKER}",),
        by="wang"),
    "POST /v1/patrols/{patrol_id}/start": Row(
        "/v1/patrols/{patrol}/start", by="wang", forbidden=HEADED, strangers=STRANGERS,
        absent=f"/v1/patrols/{ABSENT}/start", bad_urls=(f"/v1/patrols/{MARKER}/start",),
        wrong_state=(("wang", "/v1/patrols/{patrol}/start", None, 409, "patrol_not_planned"),)),
    "POST /v1/patrols/{patrol_id}/check-ins": on_patrol("check-ins", SPOT, (
        *TEXTS, {**SPOT, "crs": MARKER}, {**SPOT, "lat": MARKER}, {**SPOT, "stop": MARKER},
        {**SPOT, "stop": -1}, {**SPOT, "accuracy_m": -1})),
    "POST /v1/patrols/{patrol_id}/track": on_patrol("track", TRACK, (
        *TEXTS, {"points": []}, {"points": MARKER}, {"points": [{**SPOT, "at": MARKER}]},
        {"points": [{**SPOT, "at": "2026-11-02T00:00:00"}]})),
    "POST /v1/patrols/{patrol_id}/findings": on_patrol("findings", FINDING, (
        *TEXTS, {**FINDING, "photo_ids": [MARKER]}, {**FINDING, "photo_ids": []},
        {**FINDING, "place": None}, {**FINDING, "category_code": MARKER + "!"}), headers=key()),
    "POST /v1/patrols/{patrol_id}/finish": on_patrol("finish", {}, (
        None, [], MARKER, {MARKER: 1}, {"summary": MARKER * 400}, {"summary": 7})),
    "GET /v1/patrol-plans": Row("/v1/patrol-plans", works=("wang", "qian"), **STAFF, bad_urls=(
        *PAGES, f"?region={MARKER}!")),
    "POST /v1/patrol-plans": Row("/v1/patrol-plans", body=PLAN, by="qian", forbidden={
        **HEAD_ONLY, "patrol_plan_forbidden": ("elsewhere",)}, malformed=(
        *TEXTS, {**PLAN, "person_id": MARKER}, {**PLAN, "weekdays": [MARKER]},
        {**PLAN, "starts": MARKER}, {**PLAN, "ends": "07:00"}, {**PLAN, "stops": [MARKER]})),
    "POST /v1/patrol-plans/{plan_id}/end": Row(
        "/v1/patrol-plans/{plan}/end", by="qian", forbidden=HEAD_ONLY, strangers=("elsewhere",),
        absent=f"/v1/patrol-plans/{ABSENT}/end", bad_urls=(f"/v1/patrol-plans/{MARKER}/end",),
        wrong_state=(
            ("qian", "/v1/patrol-plans/{ended_plan}/end", None, 409, "patrol_plan_ended"),)),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """A patrol under way and one that is done, a plan and one that has ended."""
    wang, qian = there.who["wang"], there.who["qian"]
    walker = str(there.cast.wang.id)

    def made(path: str, who: dict[str, str], body: object) -> str:
        return there.client.post(f"/v1{path}", json=body, headers={**who, **key()}).json()["id"]

    patrols = [made("/patrols", wang, {"region_code": GRID}) for _ in "12"]
    plans = [made("/patrol-plans", qian, {**PLAN, "person_id": walker}) for _ in "12"]
    made(f"/patrols/{patrols[1]}/finish", wang, {})
    made(f"/patrol-plans/{plans[1]}/end", qian, None)
    return {
        "walker": walker, "patrol": patrols[0], "finished_patrol": patrols[1], "plan": plans[0],
        "ended_plan": plans[1],
    }  # fmt: skip
